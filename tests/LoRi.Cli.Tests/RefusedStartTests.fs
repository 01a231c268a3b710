/// What a start that is refused leaves: nothing. And how often a short run writes.
module LoRi.Cli.Tests.RefusedStartTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun
open LoRi.Cli.Tests.TinyEvaluation

let private all (folder: string) =
    Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories) |> Array.sort

let private refusals =
    [
        for name, command in
            [
                "teach", (fun folder output -> teach folder 2 output @ [ "--max-tokens"; "3" ])
                "distill", (fun folder output -> distill folder 2 output @ [ "--max-tokens"; "3" ])
                "evaluate",
                (fun folder output ->
                    File.WriteAllText(path folder "model/lori.json", "{")
                    evaluate folder "model" output)
                "teach without weights",
                (fun folder output ->
                    File.WriteAllText(path folder "model/model.safetensors", "")
                    teach folder 2 output)
                "evaluate without weights",
                (fun folder output ->
                    File.WriteAllText(path folder "model/model.safetensors", "")
                    evaluate folder "model" output)
            ] ->
            test $"{name}: a refused start leaves the place as it was" {
                withTiny (fun folder ->
                    for output, made in [ "run", false; "a/b/run", false; "there", true ] do
                        if made then
                            Directory.CreateDirectory(path folder output) |> ignore

                        for options in [ []; [ "--resume" ] ] do
                            let arguments = command folder output @ options
                            let before = all folder
                            Expect.notEqual (lori arguments).Code Success "refused"
                            Expect.equal (all folder) before $"{output} {options}")
            }
    ]

let private work =
    test "what a run has made stays where it is refused later" {
        withTiny (fun folder ->
            succeed (lori (teach folder 3 "run"))
            let before = all folder
            let other = teach folder 3 "run" |> withOption "--learning-rate" "0.5"
            Expect.notEqual (lori (other @ [ "--resume" ])).Code Success "another run"
            Directory.Delete(path folder "run/final", true)
            Expect.notEqual (lori (other @ [ "--resume" ])).Code Success "another run"

            Expect.equal
                (all folder)
                (before |> Array.filter (fun entry -> not (entry.StartsWith(path folder "run/final"))))
                "checkpoints, metrics and log")
    }

let private spacing =
    test "a short run saves and validates at its end alone, and logs as often as it was told" {
        withTiny (fun folder ->
            let outcome =
                lori (
                    (teach folder 6 "run" |> withOption "--log-every" "4")
                    @ [ "--validation-fraction"; "0.3" ]
                )

            succeed outcome
            Expect.equal (checkpoints (path folder "run")) [ "step-000006" ] "one checkpoint"

            let validated =
                [
                    for line in File.ReadAllLines(path folder "run/metrics.jsonl") do
                        let row = JsonDocument.Parse(line).RootElement

                        if fst (row.TryGetProperty "validation_loss") then
                            row.GetProperty("step").GetInt32()
                ]

            Expect.equal validated [ 6 ] "one validation"

            let logged (outcome: Outcome) =
                [
                    for line in outcome.Error.Split('\n') do
                        if line.StartsWith "step " && line.Contains ": loss " then
                            line.Split('/')[0]
                ]

            Expect.equal (logged outcome) [ "step 1"; "step 4"; "step 6" ] "log lines"

            let often =
                lori (
                    (teach folder 6 "often" |> withOption "--log-every" "4")
                    @ [ "--validation-fraction"; "0.3"; "--eval-every"; "1" ]
                )

            succeed often
            Expect.equal (logged often) [ "step 1"; "step 4"; "step 6" ] "validation makes no log line of a step"
            Expect.hasLength (metrics (path folder "often")) 6 "but a row of the metrics")
    }

let private never =
    test "an evaluation beyond the run's end is said" {
        withTiny (fun folder ->
            let outcome =
                lori (teach folder 3 "run" @ [ "--validation-fraction"; "0.3"; "--eval-every"; "5" ])

            succeed outcome

            Expect.stringContains
                outcome.Error
                "warning: --eval-every 5: the run has 3 steps, so that the"
                "never evaluated")
    }

[<Tests>]
let tests = testList "Refused starts" (refusals @ [ work; spacing; never ])
