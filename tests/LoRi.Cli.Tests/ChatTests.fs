/// `lori generate` line by line: chats through a template, questions that stand alone, commands of a chat.
module LoRi.Cli.Tests.ChatTests

open System.IO
open Expecto
open LoRi.Cli.Commands
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Generating
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let private chats =
    [
        test "a prompt goes through the template, and gets no other special tokens" {
            inFolder (fun folder ->
                let model = chatting folder
                let asked = loriJson (generate model [ "--chat"; "--prompt"; "1 + 2"; "--json" ])
                let plain = loriJson (generate model [ "--prompt"; "What 1 + 2 is"; "--json" ])
                Expect.equal (ids asked) (ids plain) "the same ids"
                Expect.equal (text "text" asked) (text "text" plain) "the same text"
                Expect.equal [ for field in asked.EnumerateObject() -> field.Name ] [ "ids"; "text" ] "nothing else")
        }
        test "lines are answered after what was said before, until a new start" {
            inFolder (fun folder ->
                let model = chatting folder

                let found =
                    answers "1 + 2\n\n3\n/new\n1 + 2\n" (generate model [ "--chat"; "--json" ])

                Expect.equal [ for answer in found -> text "question" answer ] [ "1 + 2"; "3"; "1 + 2" ] "questions"
                Expect.equal (ids found[2]) (ids found[0]) "nothing is left of what was said"

                let whole = $"""What 1 + 2The {text "text" found[0]}What 3 is"""

                Expect.equal
                    (ids found[1])
                    (ids (loriJson (generate model [ "--prompt"; whole; "--json" ])))
                    "the whole chat is the prompt")
        }
        test "a model without a template" {
            inFolder (fun folder ->
                let model = TinyFolder.model folder "m"

                expectError
                    Failed
                    "has no chat template; leave --chat out"
                    (generate model [ "--chat"; "--prompt"; "1" ]))
        }
        test "a template that refuses names its line" {
            inFolder (fun folder ->
                let model = TinyFolder.model folder "m"

                file model "chat_template.jinja" "a\n{{ raise_exception('no ' ~ messages[0].content) }}"
                |> ignore

                expectError
                    Failed
                    "chat template, line 2: the template refuses: \"no 1\""
                    (generate model [ "--chat"; "--prompt"; "1" ]))
        }
    ]

let private loops =
    [
        test "every line stands alone, with its time and tokens" {
            inFolder (fun folder ->
                let model = TinyFolder.model folder "m"

                let found =
                    answers "What is 1 ?\nWhat is 2 ?\nWhat is 1 ?" (generate model [ "--interactive"; "--json" ])

                Expect.equal found.Length 3 "answers"
                Expect.equal (ids found[2]) (ids found[0]) "no memory"

                for answer in found do
                    Expect.equal (answer.GetProperty("tokens").GetInt32()) (ids answer).Length "tokens"
                    Expect.equal (answer.GetProperty("latent_steps").GetInt32()) 0 "latent steps"
                    Expect.isGreaterThan (answer.GetProperty("seconds").GetDouble()) 0.0 "seconds"

                let shown =
                    succeeded (loriWith "What is 1 ?\n" (generate model [ "--interactive" ]))

                let lines = shown.Out.Split '\n'
                Expect.equal lines[0] (text "text" found[0]) "the answer"
                Expect.isMatch lines[1] @"^  \d+\.\d\d s, \d tokens?$" "what it took")
        }
        test "no lines, no answers" {
            inFolder (fun folder ->
                let outcome =
                    succeeded (loriWith "" (generate (TinyFolder.model folder "m") [ "--interactive" ]))

                Expect.equal outcome.Out "" "nothing")
        }
        test "a question that cannot be answered is told, and the next one answered" {
            inFolder (fun folder ->
                let model = TinyFolder.model folder "m"

                File.WriteAllText(
                    Path.Combine(model, "tokenizer.json"),
                    TinyFolder.tokenizer.Replace(", \"unk_token\": \"<unk>\"", "")
                )

                let outcome =
                    loriWith "zebra\nWhat is 1 ?\n" (generate model [ "--interactive"; "--json" ])

                Expect.equal outcome.Code Failed "exit code"
                Expect.equal (outcome.Out.TrimEnd('\n').Split('\n').Length) 1 "one answer"
                Expect.stringContains outcome.Error "\"zebra\" is not in the vocabulary" "why"
                Expect.stringContains outcome.Error "1 of 2 questions had no answer" "how many")
        }
        test "questions longer than the model was made for are answered, and that is said once" {
            inFolder (fun folder ->
                let long = String.replicate 80 "1 "
                let model = TinyFolder.model folder "m"

                let outcome =
                    succeeded (loriWith $"{long}\n{long}\n" (generate model [ "--interactive"; "--json" ]))

                Expect.equal (outcome.Out.TrimEnd('\n').Split('\n').Length) 2 "two answers"
                Expect.equal (outcome.Error.Split("the 64 positions the model was made for").Length) 2 "one note")
        }
    ]

let private commands =
    [
        test "commands of a chat are told from questions" {
            for line, expected in
                [
                    "/new", Chat.New
                    "/new ", Chat.New
                    "/help", Chat.Help
                    "/?", Chat.Help
                    "/exit", Chat.End
                    "/quit", Chat.End
                    "/nwe", Chat.Unknown "/nwe"
                    "/new game", Chat.New
                    "/usr/bin is what?", Chat.Question "/usr/bin is what?"
                    " /nwe", Chat.Question " /nwe"
                    "1/2 of 4?", Chat.Question "1/2 of 4?"
                    "/", Chat.Question "/"
                    "/3", Chat.Question "/3"
                    "  ", Chat.Nothing
                ] do
                Expect.equal (Chat.read line) expected line
        }
        test "no command reaches the model, and one that there is not is told" {
            inFolder (fun folder ->
                let model = TinyFolder.model folder "m"
                let asked = generate model [ "--interactive"; "--json" ]
                let outcome = loriWith "/help\n/new\nWhat is 1 ?\n/nwe\n/exit\nWhat is 2 ?\n" asked
                Expect.equal outcome.Code Failed "a question without an answer"
                Expect.equal (outcome.Out.TrimEnd('\n').Split('\n').Length) 1 "one answer"
                Expect.stringContains outcome.Error "/new   start over" "help"
                Expect.stringContains outcome.Error "started over: every question stands alone" "a sign"
                Expect.stringContains outcome.Error "/nwe: there is no such command; did you mean /new?" "unknown"
                let chat = succeeded (loriWith "/new\n" (generate (chatting folder) [ "--chat" ]))
                Expect.stringContains chat.Error "started over: what was said before is forgotten" "a sign")
        }
    ]

[<Tests>]
let tests =
    testList "chat" [ testList "chats" chats; testList "lines" loops; testList "commands" commands ]
