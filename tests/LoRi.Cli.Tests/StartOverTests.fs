/// What is left of a run that failed before it began, and evaluations of a model whose positions are a table.
module LoRi.Cli.Tests.StartOverTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Models.Decoders
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyEvaluation
open LoRi.Cli.Tests.TinyRun

let private fails (text: string) arguments =
    let outcome = lori arguments
    Expect.notEqual outcome.Code Success $"{arguments}"
    Expect.stringContains outcome.Error text "message"

let private failedStarts =
    [
        test "a run that failed at its start is not in the way of the corrected command" {
            withTiny (fun folder ->
                let run = path folder "run"
                fails "no row is left to train on" (teach folder 2 "run" @ [ "--max-tokens"; "3" ])
                Expect.isFalse (Directory.Exists run) "nothing is left"
                let weights = path folder "model/model.safetensors"
                let whole = File.ReadAllBytes weights
                File.WriteAllBytes(weights, whole[.. whole.Length / 2])
                fails "model.safetensors" (teach folder 2 "run")
                fails "model.safetensors" (distill folder 2 "run")
                File.WriteAllBytes(weights, whole)
                fails "--method lorri" (distill folder 2 "run" |> withOption "--method" "lorri")
                succeed (lori (teach folder 2 "run")))
        }
        test "a folder with anything else in it is refused as before" {
            withTiny (fun folder ->
                let config = "{\"mine\": 1}"
                let own = Directory.CreateDirectory(path folder "own").FullName
                File.WriteAllText(path own "config.json", config)
                fails "own: the folder is not empty" (teach folder 2 "own")
                Expect.equal (File.ReadAllText(path own "config.json")) config "untouched"

                let killedAtItsStart () =
                    Directory.CreateDirectory(path folder "run/checkpoints") |> ignore
                    File.WriteAllText(path folder "run/.lock", "")
                    File.WriteAllText(path folder "run/config.json", "{}")

                killedAtItsStart ()
                fails "no row is left to train on" (teach folder 2 "run" @ [ "--max-tokens"; "3" ])
                Expect.isTrue (Directory.Exists(path folder "run")) "what was there before stays"
                File.WriteAllText(path folder "run/notes.txt", "mine")
                fails "run: the folder is not empty" (teach folder 2 "run")
                File.Delete(path folder "run/notes.txt")
                Directory.CreateDirectory(path folder "run/checkpoints/step-000001") |> ignore
                File.WriteAllText(path folder "run/checkpoints/step-000001/state.safetensors", "")
                fails "run: the folder is not empty" (teach folder 2 "run"))
        }
    ]

/// The tiny folder's model in GPT-2's form, with 16 positions.
let private writeGpt2 (folder: string) =
    let config =
        DecoderConfig(
            Family = DecoderFamily.Gpt2,
            HiddenSize = 16,
            IntermediateSize = 24,
            Layers = 2,
            QueryHeads = 2,
            KeyValueHeads = 2,
            HeadSize = 8,
            VocabularySize = 15,
            NormEpsilon = 1e-5,
            RotaryBase = 0.0,
            TiedHead = true,
            MaxPositions = 16,
            QueryKeyValueBias = true,
            OutputBias = true,
            FeedForwardBias = true,
            EosIds = [| 1 |]
        )

    writeRandom folder config "latent-ce" 3 14

let private question length =
    let digits = String.concat " " (List.replicate length "1")
    JsonSerializer.Serialize {| question = digits; answer = "1" |}

let private ofGpt2 (check: string -> unit) =
    withTiny (fun folder ->
        writeGpt2 (path folder "model")
        check folder)

let private positions =
    [
        test "an answer ends where the position table does, in a batch as alone" {
            ofGpt2 (fun folder ->
                // Three latent steps, two markers and the prefix leave ten positions for a question.
                let lengths = [ 2; 10; 5; 9 ]
                File.WriteAllLines(path folder "data.jsonl", List.map question lengths)
                let batch = lori (evaluate folder "model" "batch")
                succeed batch

                Expect.stringContains
                    batch.Error
                    "4 of 4 questions leave fewer than --max-new-tokens 24 of the 16 positions"
                    "told"

                succeed (lori (evaluate folder "model" "alone" |> withOption "--batch-size" "1"))

                let texts output =
                    [ for row in rows (path folder output) -> text "text" row ]

                Expect.equal (texts "batch") (texts "alone") "answers"

                for length, row in List.zip lengths (rows (path folder "batch")) do
                    let written = row.GetProperty("tokens").GetInt32()
                    Expect.isLessThanOrEqual written (16 - 6 - length + 1) $"tokens after {length}"
                    Expect.isGreaterThan written 0 $"tokens after {length}"

                let atTheEnd =
                    List.zip lengths (rows (path folder "batch"))
                    |> List.filter (fun (length, row) ->
                        row.GetProperty("tokens").GetInt32() = 16 - 6 - length + 1
                        && row.GetProperty("cut_off").GetBoolean())

                let found = summary (path folder "batch")
                Expect.equal (found.GetProperty("cut_off").GetInt32()) atTheEnd.Length "counted"
                Expect.equal (found.GetProperty("cut_off_by_positions").GetInt32()) atTheEnd.Length "by what"

                Expect.stringContains
                    batch.Error
                    $"warning: {atTheEnd.Length} of 4 answers were cut off before an end token ({atTheEnd.Length} at the end of the model's positions)"
                    "said"

                Expect.exists
                    (List.zip lengths (rows (path folder "batch")))
                    (fun (length, row) -> row.GetProperty("tokens").GetInt32() = 16 - 6 - length + 1)
                    "one came to the end of the table")
        }
        test
            "a question without a position for its answer is named before the first is answered, and leaves the folder free" {
            ofGpt2 (fun folder ->
                let data = path folder "data.jsonl"
                File.WriteAllLines(data, List.map question [ 2; 4; 11 ])

                fails
                    $"--data {data}, line 3: the question takes 11 tokens and 6 more are fed with it"
                    (evaluate folder "model" "e")

                Expect.isFalse (File.Exists(path folder "e/predictions.jsonl")) "nothing is answered"
                succeed (lori (evaluate folder "model" "e" |> withOption "--latent-steps" "2")))
        }
        test "a prompt that is too long is named as it was given" {
            ofGpt2 (fun folder ->
                let long = String.concat " " (List.replicate 17 "1")
                let generate = [ "generate"; "--model"; path folder "model" ]

                let table =
                    "17 tokens, but " + path folder "model" + " has a table of 16 positions; shorten it"

                expectError Failed $"--prompt: {table}" (generate @ [ "--prompt"; long ])
                let ids = long.Replace(" ", ",")
                expectError Failed $"--ids: {table}" (generate @ [ "--ids"; ids ])

                let asked =
                    loriWith (long + "\n1 1\n") (generate @ [ "--interactive"; "--threads"; "1" ])

                Expect.equal asked.Code Failed asked.Error
                Expect.stringContains asked.Error $"the question: {table}" "a line"
                Expect.stringContains asked.Error "1 of 2 questions had no answer" "the other is answered")
        }
        test "the pass that warms a model up changes no answer" {
            withTiny (fun folder ->
                let model = path folder "model"

                let answer options =
                    let found =
                        loriJson (
                            [
                                "generate"
                                "--model"
                                model
                                "--prompt"
                                "1 + 2 + 3 ="
                                "--temperature"
                                "2"
                            ]
                            @ [ "--seed"; "4"; "--max-new-tokens"; "8"; "--threads"; "1"; "--json" ]
                            @ options
                        )

                    found.GetProperty("ids").GetRawText()

                Expect.equal (answer [ "--against"; model ]) (answer []) "drawn ids")
        }
        test "an evaluation without a prediction may be begun again with other settings, with --resume or without" {
            withTiny (fun folder ->
                for options in [ []; [ "--resume" ] ] do
                    succeed (lori (evaluate folder "model" "e" @ [ "--resume" ]))
                    File.Delete(path folder "e/evaluation.json")
                    File.WriteAllText(path folder "e/predictions.jsonl", "")
                    succeed (lori ((evaluate folder "model" "e" |> withOption "--limit" "6") @ options))
                    Expect.hasLength (rows (path folder "e")) 6 "rows"
                    Directory.Delete(path folder "e", true))
        }
    ]

let private ends =
    test "evaluate stops at the tokens at which generate stops" {
        withTiny (fun folder ->
            let data = path folder "data.jsonl"
            let first = JsonDocument.Parse(File.ReadAllLines(data)[0]).RootElement

            let generated () =
                let found =
                    loriJson
                        [
                            "generate"
                            "--model"
                            path folder "model"
                            "--prompt"
                            text "question" first
                            "--max-new-tokens"
                            "24"
                            "--threads"
                            "1"
                            "--json"
                        ]

                text "text" found, [ for id in found.GetProperty("ids").EnumerateArray() -> id.GetInt32() ]

            let _, free = generated ()
            let stop = free |> List.find ((<>) free.Head)

            file (path folder "model") "generation_config.json" $"{{\"eos_token_id\": [1, {stop}]}}"
            |> ignore

            let stopped, ids = generated ()
            Expect.equal (List.last ids) stop "generate stops"
            let command = evaluate folder "model" "e"
            succeed (lori command)
            let row = (rows (path folder "e")).Head
            Expect.equal (text "text" row) stopped "the same text"
            Expect.equal (row.GetProperty("tokens").GetInt32()) ids.Length "and the same tokens"
            file (path folder "model") "generation_config.json" "{\"eos_token_id\": 1}" |> ignore
            fails "is not the one that this evaluation was begun with" (command @ [ "--resume" ]))
    }

[<Tests>]
let tests = testList "Starting over" (failedStarts @ positions @ [ ends ])
