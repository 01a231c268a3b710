/// What `data` shows of rows, and data sets that were fetched under their names.
module LoRi.Cli.Tests.DataTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.Tests.Running

let private withRows rows (check: string -> string -> string -> unit) =
    inFolder (fun folder ->
        let model = TinyFolder.model folder "model"
        check folder model (TinyFolder.data folder "rows.jsonl" rows))

let private parts (preview: JsonElement) =
    [
        for part in preview.GetProperty("shown").[0].GetProperty("parts").EnumerateArray() ->
            let tokens =
                [
                    for token in part.GetProperty("tokens").EnumerateArray() -> nonNull (token.GetString())
                ]

            text "role" part, part.GetProperty("graded").GetBoolean(), String.concat "|" tokens
    ]

/// A data set in a cache, as `download` leaves it.
let private fetched (folder: string) =
    let split =
        Path.Combine(folder, "hub", "datasets--own--sums", "snapshots", String.replicate 40 "a", "main")

    Directory.CreateDirectory split |> ignore
    TinyFolder.data split "train.jsonl" TinyFolder.rows |> ignore
    [ "HF_HUB_CACHE", Path.Combine(folder, "hub") ]

let private run environment arguments =
    let outcome = TinyRun.finish (TinyRun.startWith environment arguments)
    Expect.equal outcome.Code 0 outcome.Error
    outcome.Out

[<Tests>]
let tests =
    testList
        "Data"
        [
            test "a teacher's row: all after the question is graded" {
                withRows TinyFolder.rows (fun _ model rows ->
                    Expect.equal
                        (parts (loriJson [ "data"; "--data"; rows; "--model"; model; "--json" ]))
                        [
                            "question", false, "<s>|What| |is| |1| |+| |2| |?"
                            "rationale", true, "1| |+| |2| |=| |3"
                            "prefix", true, "The| |answer| |is|:"
                            "answer", true, "3|</s>"
                        ]
                        "parts")
            }
            test
                "a student's row: latent steps between their marks, only the answer graded unless the prefix is asked for" {
                withRows TinyFolder.rows (fun _ model rows ->
                    let shown more =
                        parts (loriJson ([ "data"; "--data"; rows; "--model"; model; "--json" ] @ more))

                    let student = shown [ "--latent-steps"; "2" ]
                    Expect.equal student[1] ("latent steps", false, "<bot>|z1|z2|<eot>") "latents"
                    Expect.equal [ for _, graded, _ in student -> graded ] [ false; false; false; true ] "graded"
                    let direct = shown [ "--latent-steps"; "0"; "--grade"; "prefix-and-answer" ]

                    Expect.equal
                        [ for role, graded, _ in direct -> role, graded ]
                        [ "question", false; "prefix", true; "answer", true ]
                        "no chain")
            }
            test "what is left out, repeated or in the test data is counted and named" {
                let bad = """{"question": "What?"}"""

                let long =
                    """{"question": "What ?", "rationale": "1 + 1 + 1 + 1 + 1 + 1 + 1 + 1", "answer": "8"}"""

                withRows
                    (TinyFolder.rows @ [ bad; long; TinyFolder.rows[0].Replace("What is", "what  IS") ])
                    (fun folder model rows ->
                        let test = TinyFolder.data folder "test.jsonl" [ TinyFolder.rows[1] ]

                        let found =
                            loriJson
                                [
                                    "data"
                                    "--data"
                                    rows
                                    "--model"
                                    model
                                    "--test"
                                    test
                                    "--max-tokens"
                                    "40"
                                    "--json"
                                ]

                        let places (name: string) =
                            [
                                for place in found.GetProperty(name).EnumerateArray() ->
                                    (nonNull (place.GetString())).Replace(rows, "ROWS")
                            ]

                        Expect.equal (found.GetProperty("unreadable").GetInt32()) 1 "unreadable"
                        Expect.equal (places "too_long") [ "ROWS, line 6" ] "too long"
                        Expect.equal (places "repeated") [ "ROWS, line 7" ] "repeated"
                        Expect.equal (places "in_test") [ "ROWS, line 2" ] "in the test data"
                        Expect.equal (found.GetProperty("rows").GetInt32()) 5 "kept")
            }
            test "the page for people" {
                withRows TinyFolder.rows (fun _ model rows ->
                    let outcome =
                        lori
                            [
                                "data"
                                "--data"
                                rows
                                "--model"
                                model
                                "--rows"
                                "1"
                                "--latent-steps"
                                "2"
                            ]

                    Expect.equal outcome.Code 0 outcome.Error
                    expectGolden "data.txt" (outcome.Out.Replace(rows, "ROWS")))
            }
            test "data are found under the name they were fetched by, and a run keeps the name" {
                inFolder (fun folder ->
                    let model = TinyFolder.model folder "model"
                    let environment = fetched folder
                    let named = [ "--data"; "own/sums/main/train"; "--model"; model ]
                    Expect.stringContains (run environment ("data" :: named)) "What|·|is" "shown"
                    let output = Path.Combine(folder, "run")

                    run environment ("teach" :: named @ [ "--output"; output; "--steps"; "1"; "--batch-size"; "2" ])
                    |> ignore

                    let config =
                        JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "config.json"))).RootElement

                    Expect.equal (config.GetProperty("data").[0].GetString()) "own/sums/main/train" "config.json")
            }
            test "a name that was not fetched says what would fetch it" {
                inFolder (fun folder ->
                    let model = TinyFolder.model folder "model"

                    expectError
                        1
                        "`lori download own/no-such-rows --repo-type dataset` would fetch it"
                        [ "data"; "--data"; "own/no-such-rows/main"; "--model"; model ])
            }
        ]
