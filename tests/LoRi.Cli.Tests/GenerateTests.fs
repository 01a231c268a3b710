/// `lori generate`: streaming, drawing, markers, and answers measured against an explicit teacher.
module LoRi.Cli.Tests.GenerateTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Generating
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let private against =
    test "a latent student saves the teacher's tokens" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)
            succeeded (lori (teach folder 4 "teacher")) |> ignore
            succeeded (lori (distill folder 4 "student")) |> ignore
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

            let shown = (succeeded (lori (student [ "--prompt"; "1 + 2 =" ]))).Out.Split '\n'

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
            succeeded (lori (distill folder 2 "student")) |> ignore
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
                (succeeded (loriWith "\"1 + 2 =\"\n\"So 3\"\n" [ "tokenize"; "--tokenizer"; tokenizer ])).Out

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
                let plain = succeeded (lori asked)
                Expect.equal plain.Out "\n" "nothing to read"
                Expect.stringContains plain.Error "the model ended at once, without a word" "why"
                Expect.isFalse (plain.Error.Contains "--chat") "no template"
                file model "tokenizer_config.json" template |> ignore
                let hinted = (succeeded (lori asked)).Error
                Expect.stringContains hinted "this model has a chat template, try --chat" "the hint"
                Expect.equal (hinted.TrimEnd('\n').Split('\n').Length) 1 "once"
                Expect.isFalse ((succeeded (lori (asked @ [ "--chat" ]))).Error.Contains "try --chat") "it is used")
        }
        test "a template that waits is told of" {
            inFolder (fun folder ->
                let model = chatting folder

                let told options =
                    (succeeded (lori (generate model ([ "--prompt"; "1" ] @ options)))).Error

                Expect.stringContains (told []) "this model has a chat template; --chat asks through it" "unused"
                Expect.equal (told [ "--chat" ]) "" "used")
        }
    ]

[<Tests>]
let tests =
    testList
        "generate"
        [
            testList "streamed" streamed
            against
            drawing
            testList "refused" refused
            markers
        ]
