/// What `lori report` shows of evaluations' cost, and what it does not take for a run.
module LoRi.Cli.Tests.ReportRefusalTests

open System.IO
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running

let private times p50 p90 =
    $$"""{"count": 3, "mean": {{p50}}, "p50": {{p50}}, "p90": {{p90}}, "p99": {{p90}}, "max": {{p90}}}"""

let private evaluation =
    $$"""{"dataset": "d", "examples": 4, "correct": 3, "accuracy": 0.75, "accuracy_strict": 0.25, "both_unreadable": 2, "ci95": [0.1, 0.9], "seconds": 2, "tokens_generated": 1234, "batch_latency_ms": {{times 111.0 222.0}}, "single_latency_ms": {{times 33.5 44.5}}, "peak_memory_bytes": 1073741824}"""

[<Tests>]
let tests =
    testList
        "Report of evaluations"
        [
            test "tokens, latencies and peak memory are on the page, and that the strict accuracy is the one to read" {
                inFolder (fun folder ->
                    file folder "metrics.jsonl" "{\"step\": 1, \"loss\": 1}\n" |> ignore
                    let place = Directory.CreateDirectory(Path.Combine(folder, "e")).FullName
                    file place "evaluation.json" evaluation |> ignore
                    let outcome = lori [ "report"; folder ]
                    Expect.equal outcome.Code Success outcome.Error
                    let page = File.ReadAllText(Path.Combine(folder, "report.html"))

                    for cell in
                        [
                            "1,234"
                            "308.5"
                            "111.0, 222.0"
                            "33.5, 44.5"
                            "1,024"
                            "neither a number (read strict %)"
                        ] do
                        Expect.stringContains page cell cell)
            }
            test "a begun run has a page, a folder of something else has none" {
                inFolder (fun folder ->
                    let place = Directory.CreateDirectory(Path.Combine(folder, "run")).FullName
                    file place "config.json" """{"command": "teach", "seed": 7}""" |> ignore
                    Expect.equal (lori [ "report"; place ]).Code Success "settings alone"
                    file place "config.json" """{"model_type": "llama"}""" |> ignore
                    expectError Failed "is a model, not a run" [ "report"; place ]
                    file place "config.json" """{"limit": 3}""" |> ignore
                    expectError Failed "is not a run" [ "report"; place ]
                    file place "predictions.jsonl" "" |> ignore

                    expectError
                        Failed
                        $"is an evaluation, not a run; name the run that it measured, and this with --evaluation {place}"
                        [ "report"; place ]

                    expectError BadUsage "name it x/PAGE.html" [ "report"; place; "--output"; "x/PAGE.PNG" ])
            }
        ]
