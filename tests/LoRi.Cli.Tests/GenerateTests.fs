/// `lori generate`: templates, drawing, and answering line by line, measured against an explicit teacher.
module LoRi.Cli.Tests.GenerateTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli
open LoRi.Cli.Commands
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let private generate model options =
    [ "generate"; "--model"; model; "--threads"; "1"; "--max-new-tokens"; "6" ] @ options

let private ids (element: JsonElement) =
    [ for id in element.GetProperty("ids").EnumerateArray() -> id.GetInt32() ]

let private succeed (outcome: Outcome) =
    Expect.equal outcome.Code Success outcome.Error
    outcome

/// The JSON objects that a command answers lines with.
let private answers (input: string) arguments =
    (succeed (loriWith input arguments)).Out.TrimEnd('\n').Split '\n'
    |> List.ofArray
    |> List.map (fun line -> JsonDocument.Parse(line).RootElement)

let private template =
    """{"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": "{% for m in messages %}{{ m.role[0] | replace('u', 'What') | replace('a', 'The') }} {{ m.content }}{% endfor %}{% if add_generation_prompt %} is{% endif %}"}"""

/// A model folder with a chat template.
let private chatting folder =
    let model = TinyFolder.model folder "m"
    file model "tokenizer_config.json" template |> ignore
    model

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

                let shown = succeed (loriWith "What is 1 ?\n" (generate model [ "--interactive" ]))
                let lines = shown.Out.Split '\n'
                Expect.equal lines[0] (text "text" found[0]) "the answer"
                Expect.isMatch lines[1] @"^  \d+\.\d\d s, \d tokens?$" "what it took")
        }
        test "no lines, no answers" {
            inFolder (fun folder ->
                let outcome =
                    succeed (loriWith "" (generate (TinyFolder.model folder "m") [ "--interactive" ]))

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
                    succeed (loriWith $"{long}\n{long}\n" (generate model [ "--interactive"; "--json" ]))

                Expect.equal (outcome.Out.TrimEnd('\n').Split('\n').Length) 2 "two answers"
                Expect.equal (outcome.Error.Split("the 64 positions the model was made for").Length) 2 "one note")
        }
    ]

let private against =
    test "a latent student saves the teacher's tokens" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)
            succeed (lori (teach folder 4 "teacher")) |> ignore
            succeed (lori (distill folder 4 "student")) |> ignore
            let asked = [ "--against"; path "teacher"; "--max-new-tokens"; "9" ]

            let student options =
                [ "generate"; "--model"; path "student"; "--threads"; "1" ] @ asked @ options

            let found = answers "1 + 2 =\n3 + 4 =\n" (student [ "--interactive"; "--json" ])
            Expect.equal found.Length 2 "answers"

            for answer in found do
                let explicit = answer.GetProperty "against"

                let alone model latent =
                    loriJson
                        [
                            "generate"
                            "--model"
                            path model
                            "--threads"
                            "1"
                            "--max-new-tokens"
                            "9"
                            "--prompt"
                            text "question" answer
                            "--json"
                        ]
                    |> ids
                    |> fun found -> Expect.equal found (ids latent) $"the {model} alone"

                alone "student" answer
                alone "teacher" explicit
                Expect.equal (answer.GetProperty("latent_steps").GetInt32()) 2 "latent steps"
                Expect.equal (explicit.GetProperty("latent_steps").GetInt32()) 0 "an explicit chain"

                Expect.equal
                    (answer.GetProperty("tokens_saved").GetInt32())
                    ((ids explicit).Length - (ids answer).Length)
                    "saved"

            let shown = (succeed (lori (student [ "--prompt"; "1 + 2 =" ]))).Out.Split '\n'

            let chain = text "text" (found.Head.GetProperty "against")
            Expect.equal shown[1] $"  explicit chain: {chain}" "the chain"

            Expect.isMatch
                shown[2]
                @"^  \d+\.\d\d s, \d tokens? after 2 latent steps; explicit chain: \d+\.\d\d s, \d tokens?; \d+ (saved \(\d+ %\)|more)$"
                "both are measured"

            let steps = [ "--latent-steps"; "1"; "--interactive"; "--json" ]

            Expect.equal
                ((answers "1 + 2 =\n" (student steps)).Head.GetProperty("latent_steps").GetInt32())
                1
                "fewer steps"

            expectError
                Failed
                "was trained by the method lori and writes no chain of thought; name the explicit teacher"
                [
                    "generate"
                    "--model"
                    path "teacher"
                    "--prompt"
                    "1"
                    "--against"
                    path "student"
                ])
    }

let private drawing =
    test "a seed repeats what is drawn, line by line" {
        inFolder (fun folder ->
            let model = TinyFolder.model folder "m"
            let prompt = [ "--prompt"; "What is 1 ?"; "--json" ]

            let drawn seed =
                ids (loriJson (generate model (prompt @ [ "--temperature"; "3"; "--seed"; string seed ])))

            Expect.equal (drawn 1) (drawn 1) "the same seed"
            Expect.isGreaterThan (List.distinct [ for seed in 1..6 -> drawn seed ]).Length 1 "other seeds"
            let greedy = ids (loriJson (generate model prompt))
            Expect.equal (ids (loriJson (generate model (prompt @ [ "--temperature"; "0" ])))) greedy "temperature 0"

            Expect.equal
                (ids (loriJson (generate model (prompt @ [ "--top-k"; "1"; "--temperature"; "2" ]))))
                greedy
                "one candidate"

            Expect.equal (ids (loriJson (generate model (prompt @ [ "--top-p"; "0.0001" ])))) greedy "the likeliest"

            let lines options =
                answers
                    "What is 1 ?\nWhat is 1 ?\nWhat is 1 ?\n"
                    (generate model ([ "--interactive"; "--json"; "--temperature"; "3" ] @ options))
                |> List.map ids

            Expect.equal (lines []) (lines [ "--seed"; "0" ]) "seed 0 is the default"
            Expect.isGreaterThan (List.distinct (lines [])).Length 1 "every answer is drawn anew")
    }

/// The model is not there: options are looked at first.
let private refused =
    [
        for name, options, message in
            [
                "neither", [], "give --prompt or --ids, or --interactive"
                "prompt and ids", [ "--prompt"; "a"; "--ids"; "1" ], "--prompt and --ids contradict each other"
                "lines and a prompt",
                [ "--interactive"; "--prompt"; "a" ],
                "--interactive and --prompt contradict each other"
                "lines and ids", [ "--interactive"; "--ids"; "1" ], "--interactive and --ids contradict each other"
                "a template and ids", [ "--chat"; "--ids"; "1" ], "--chat and --ids contradict each other"
                "a teacher and ids", [ "--against"; "t"; "--ids"; "1" ], "--against and --ids contradict each other"
                "greedy and a share",
                [ "--prompt"; "a"; "--temperature"; "0"; "--top-p"; "0.9" ],
                "--temperature 0 and --top-p 0.9 contradict each other"
                "greedy and few",
                [ "--prompt"; "a"; "--temperature"; "0"; "--top-k"; "3" ],
                "--temperature 0 and --top-k 3 contradict each other"
                "greedy and a seed",
                [ "--prompt"; "a"; "--temperature"; "0"; "--seed"; "3" ],
                "--temperature 0 and --seed 3 contradict each other"
                "a seed alone", [ "--prompt"; "a"; "--seed"; "3" ], "--seed 3: nothing is drawn"
                "a cold temperature", [ "--prompt"; "a"; "--temperature"; "-1" ], "--temperature -1: must be at least 0"
                "no temperature",
                [ "--prompt"; "a"; "--temperature"; "nan" ],
                "--temperature NaN: must be a finite number"
                "no share", [ "--prompt"; "a"; "--top-p"; "0" ], "--top-p 0: must be larger than 0 and at most 1"
                "too large a share",
                [ "--prompt"; "a"; "--top-p"; "1.5" ],
                "--top-p 1.5: must be larger than 0 and at most 1"
                "no candidates", [ "--prompt"; "a"; "--top-k"; "0" ], "--top-k 0: must be at least 1"
                "no tokens", [ "--prompt"; "a"; "--max-new-tokens"; "0" ], "--max-new-tokens 0: must be at least 1"
            ] ->
            test $"{name} is bad usage" {
                expectError BadUsage message ([ "generate"; "--model"; "nothing" ] @ options)
            }
    ]

/// What a student's folder says of its markers.
let private markers =
    test "a student's tokenizer has its markers, and its table their rows" {
        withTiny (fun folder ->
            succeed (lori (distill folder 2 "student")) |> ignore
            let final = Path.Combine(folder, "student", "final")

            let read (name: string) =
                JsonDocument.Parse(File.ReadAllText(Path.Combine(final, name))).RootElement

            let added =
                [
                    for token in (read "tokenizer.json").GetProperty("added_tokens").EnumerateArray() ->
                        text "content" token,
                        token.GetProperty("id").GetInt32(),
                        token.GetProperty("special").GetBoolean()
                ]

            let card = read "lori.json"

            let id (name: string) =
                card.GetProperty("markers").GetProperty(name).GetInt32()

            Expect.contains added ("<bot>", id "start", true) "the first marker"
            Expect.contains added ("<eot>", id "end", true) "the second marker"
            let rows = (read "config.json").GetProperty("vocab_size").GetInt32()
            Expect.isGreaterThan rows (max (id "start") (id "end")) "rows for both"

            let tokenize tokenizer =
                (succeed (loriWith "\"1 + 2 =\"\n\"So 3\"\n" [ "tokenize"; "--tokenizer"; tokenizer ])).Out

            Expect.equal (tokenize final) (tokenize (Path.Combine(folder, "model"))) "other texts have the same ids"

            let marked =
                answers "\"<bot>1<eot>\"\n" [ "tokenize"; "--tokenizer"; Path.Combine(folder, "student") ]

            Expect.equal (ids marked.Head |> List.head) (id "start") "found in text"
            Expect.equal (ids marked.Head |> List.last) (id "end") "found in text"

            let logits =
                loriJson
                    [
                        "logits"
                        "--model"
                        final
                        "--ids"
                        $"""{id "start"},3,{id "end"}"""
                        "--json"
                    ]

            Expect.equal (numbers (logits.GetProperty "last")).Length rows "the table was resized")
    }

/// A writer that keeps what each call wrote.
type private Parts() =
    inherit StringWriter(NewLine = "\n")
    member val Parts: string list = [] with get, set

    override this.Write(value: string | null) =
        this.Parts <- this.Parts @ [ string value ]
        base.Write value

let private streamed =
    [
        test "an answer is written while it is made, and is the text that JSON has" {
            inFolder (fun folder ->
                let model = TinyFolder.model folder "m"
                let asked = generate model [ "--prompt"; "What is 1 ?" ]
                let whole = text "text" (loriJson (asked @ [ "--json" ]))
                use out = new Parts()
                use error = new StringWriter()

                let terminal =
                    {
                        In = new StringReader ""
                        Out = out
                        Error = error
                        Colour = false
                    }

                Expect.equal (Application.run terminal asked) Success (error.ToString())
                Expect.equal (out.ToString()) (whole + "\n") "the text"
                Expect.isGreaterThan (List.filter ((<>) "") out.Parts).Length 1 "in parts")
        }
        test "a model that ends at once is told of, and a template that waits" {
            inFolder (fun folder ->
                let model = TinyFolder.model folder "m"
                let ids = [ 0..24 ] |> List.map string |> String.concat ","
                file model "generation_config.json" $"{{\"eos_token_id\": [{ids}]}}" |> ignore

                let special =
                    [
                        for id in 0..24 ->
                            let word = (TinyFolder.words[id]).Replace("\n", "\\n")
                            $"{{\"id\": {id}, \"content\": \"{word}\", \"special\": true}}"
                    ]
                    |> String.concat ", "

                let tokens = System.Text.RegularExpressions.Regex(@"""added_tokens"": \[.*?\],")

                file model "tokenizer.json" (tokens.Replace(TinyFolder.tokenizer, $"\"added_tokens\": [{special}],"))
                |> ignore

                let asked = generate model [ "--prompt"; "1" ]
                let plain = succeed (lori asked)
                Expect.equal plain.Out "\n" "nothing to read"
                Expect.stringContains plain.Error "the model ended at once, without a word" "why"
                Expect.isFalse (plain.Error.Contains "--chat") "no template"
                file model "tokenizer_config.json" template |> ignore
                let hinted = (succeed (lori asked)).Error
                Expect.stringContains hinted "this model has a chat template, try --chat" "the hint"
                Expect.equal (hinted.TrimEnd('\n').Split('\n').Length) 1 "once"
                Expect.isFalse ((succeed (lori (asked @ [ "--chat" ]))).Error.Contains "try --chat") "it is used")
        }
        test "a template that waits is told of" {
            inFolder (fun folder ->
                let model = chatting folder

                let told options =
                    (succeed (lori (generate model ([ "--prompt"; "1" ] @ options)))).Error

                Expect.stringContains (told []) "this model has a chat template; --chat asks through it" "unused"
                Expect.equal (told [ "--chat" ]) "" "used")
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
                let chat = succeed (loriWith "/new\n" (generate (chatting folder) [ "--chat" ]))
                Expect.stringContains chat.Error "started over: what was said before is forgotten" "a sign")
        }
    ]

[<Tests>]
let tests =
    testList
        "generate"
        [
            testList "streamed" streamed
            testList "commands" commands
            testList "chats" chats
            testList "lines" loops
            against
            drawing
            testList "refused" refused
            markers
        ]
