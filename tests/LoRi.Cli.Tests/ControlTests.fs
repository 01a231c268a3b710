/// The controls of LoRi, from the command line.
module LoRi.Cli.Tests.ControlTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let private succeed (outcome: Outcome) =
    Expect.equal outcome.Code Success outcome.Error
    outcome

let private targets = [ "shuffled"; "permuted"; "mean"; "question" ]

/// The last loss of a run.
let private losses (run: string) =
    File.ReadAllLines(Path.Combine(run, "metrics.jsonl"))
    |> Array.map (fun line -> JsonDocument.Parse(line).RootElement.GetProperty("mean").GetDouble())

let private trains =
    test "every control trains, from a cache and online alike, and its config says which it is" {
        withTiny (fun folder ->
            for whose in targets do
                let run name more =
                    let outcome = succeed (lori (distill folder 3 name @ [ "--targets"; whose ] @ more))
                    Expect.stringContains outcome.Error $"control: --targets {whose}" "the log says it"
                    Path.Combine(folder, name)

                let cached, online = run $"{whose}-cached" [], run $"{whose}-online" [ "--online" ]

                Expect.equal
                    (JsonDocument
                        .Parse(File.ReadAllText(Path.Combine(cached, "config.json")))
                        .RootElement.GetProperty("targets")
                        .GetString())
                    whose
                    "config.json"

                for one, another in Array.zip (losses cached) (losses online) do
                    Expect.isLessThan (abs (one - another)) (1e-3 * abs one) $"{whose}: cached {one}, online {another}")
    }

let private alone =
    test "a cache of rationales is none of questions" {
        withTiny (fun folder ->
            let cache = Path.Combine(folder, "cache")
            succeed (lori (distill folder 2 "own" @ [ "--teacher-cache"; cache ])) |> ignore

            let asked =
                lori (distill folder 2 "asked" @ [ "--teacher-cache"; cache; "--targets"; "question" ])

            Expect.equal asked.Code Failed "refused"
            Expect.stringContains asked.Error "other teacher text: full there, question here" "why"

            // Whose moments are compared is no part of the cache.
            let shuffled =
                succeed (lori (distill folder 2 "other" @ [ "--teacher-cache"; cache; "--targets"; "shuffled" ]))

            Expect.stringContains shuffled.Error "teacher cache reused" "the teacher does not run again")
    }

[<Tests>]
let tests = testList "Controls" [ trains; alone ]
