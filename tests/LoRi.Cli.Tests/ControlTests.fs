/// The controls of LoRi, from the command line.
module LoRi.Cli.Tests.ControlTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

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
                    let outcome =
                        succeeded (lori (distill folder 3 name @ [ "--targets"; whose ] @ more))

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
            succeeded (lori (distill folder 2 "own" @ [ "--teacher-cache"; cache ])) |> ignore

            let asked =
                lori (distill folder 2 "asked" @ [ "--teacher-cache"; cache; "--targets"; "question" ])

            Expect.equal asked.Code Failed "refused"
            Expect.stringContains asked.Error "other teacher text: full there, question here" "why"

            // Whose moments are compared is no part of the cache.
            let shuffled =
                succeeded (lori (distill folder 2 "other" @ [ "--teacher-cache"; cache; "--targets"; "shuffled" ]))

            Expect.stringContains shuffled.Error "teacher cache reused" "the teacher does not run again")
    }

let private gradient =
    test "a subspace of gradients is fitted by distill, and by subspace fit to what trajectories wrote" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)

            for name, more in [ "cached", []; "online", [ "--online" ] ] do
                succeeded (
                    lori (
                        distill folder 2 name
                        @ [ "--subspace-kind"; "gradient"; "--layer-rank"; "1"; "--hidden-rank"; "3" ]
                        @ more
                    )
                )
                |> ignore

            let traced output more =
                succeeded (
                    lori (
                        [
                            "trajectories"
                            "--model"
                            path "model"
                            "--data"
                            path "data.jsonl"
                            "--answer-prefix"
                            "So"
                            "--threads"
                            "1"
                        ]
                        @ [ "--output"; path output ]
                        @ more
                    )
                )
                |> ignore

            traced "states.safetensors" []
            traced "gradients.safetensors" [ "--gradients" ]

            let fit more =
                [
                    "subspace"
                    "fit"
                    "--trajectories"
                    path "states.safetensors"
                    "--output"
                    path "fitted.safetensors"
                ]
                @ [ "--layer-rank"; "1"; "--hidden-rank"; "3"; "--threads"; "1" ]
                @ more

            succeeded (lori (fit [ "--kind"; "gradient"; "--gradients"; path "gradients.safetensors" ]))
            |> ignore

            let report (file: string) =
                loriJson [ "subspace"; "report"; "--subspace"; path file; "--json" ]

            let fitted, trained =
                report "fitted.safetensors", report "cached/subspace.safetensors"

            Expect.equal (text "kind" fitted) "gradient" "kind"

            let kept (report: JsonElement) =
                (report.GetProperty "energy_kept").GetDouble()

            Expect.isLessThan (abs (kept fitted - kept trained)) (1e-4 * kept trained) "the same subspace"
            expectError BadUsage "needs the gradients of the answer's loss" (fit [ "--kind"; "gradient" ])
            expectError BadUsage "is fitted to states alone" (fit [ "--gradients"; path "gradients.safetensors" ]))
    }

let private nulls =
    test "ranks stand beside those of questions, of an untrained model and of independent components" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)

            let command =
                [
                    "subspace"
                    "nulls"
                    "--model"
                    path "model"
                    "--data"
                    path "data.jsonl"
                    "--answer-prefix"
                    "So"
                    "--threads"
                    "1"
                ]

            let found = loriJson (command @ [ "--json" ])

            let at95 =
                Map
                    [
                        for corpus in (found.GetProperty "corpora").EnumerateArray() do
                            for row in (corpus.GetProperty "ranks").EnumerateArray() ->
                                (text "corpus" corpus, text "standardise" row, text "mode" row),
                                (row.GetProperty "at_95").GetInt32()
                    ]

            Expect.equal at95.Count 24 "four corpora, three standardisations, two modes"

            for KeyValue((corpus, standardise, mode), rank) in at95 do
                if corpus = "rationale" then
                    Expect.isLessThanOrEqual rank at95[("independent", standardise, mode)] $"{standardise}, {mode}"

            let shown = succeeded (lori command)
            Expect.stringContains shown.Out (text "says" found) "the verdict in words"

            let rows = File.ReadAllLines(path "data.jsonl")
            File.WriteAllLines(path "data.jsonl", Array.init 50 (fun index -> rows[index % rows.Length]))
            let counted = succeeded (lori (command @ [ "--batch-size"; "1" ]))
            let lines = counted.Error.Split '\n' |> Array.filter _.StartsWith("rationale: ")
            Expect.equal lines.Length 20 "a line for each twentieth, not for each row"
            Expect.equal lines[19] "rationale: 50 of 50 examples" "all of them")
    }

/// The linear feedback of a run that learns next to nothing.
let private feedbackOf (run: string) =
    use weights =
        LoRi.Files.Safetensors.SafetensorsFile.Open(Path.Combine(run, "final", "lori.safetensors"))

    let name = weights.Entries |> Seq.map _.Name |> Seq.find _.EndsWith(".weight")

    Array.chunkBySize 16 (weights.ReadDoubles name)

let private begun =
    test "a student may begin in the subspace of its teacher" {
        withTiny (fun folder ->
            let run name more =
                let still =
                    [ "--projection"; "linear"; "--weight-decay"; "0"; "--hidden-rank"; "3" ]

                let slow =
                    distill folder 1 name |> List.map (fun word -> if word = "0.01" then "1e-12" else word)

                succeeded (lori (slow @ still @ more)) |> ignore
                feedbackOf (Path.Combine(folder, name))

            let usual, cut = run "usual" [], run "cut" [ "--init-feedback"; "subspace" ]
            // Killed after its first step, before its first checkpoint: it begins anew, in the subspace.
            let killed = Path.Combine(folder, "cut")
            Directory.Delete(Path.Combine(killed, "final"), true)

            for made in Directory.GetDirectories(Path.Combine(killed, "checkpoints")) do
                Directory.Delete(made, true)

            Expect.isTrue (File.Exists(Path.Combine(killed, "metrics.jsonl"))) "a step was made"
            Expect.equal (run "cut" [ "--init-feedback"; "subspace"; "--resume" ]) cut "the same start"
            let scale = usual[0][0]
            let trace = Array.sum [| for at in 0..15 -> cut[at][at] |] / scale
            Expect.isLessThan (abs (trace - 4.0)) 1e-4 "three directions and the mean"

            for row in 0..15 do
                for column in 0..15 do
                    let twice =
                        Array.sum [| for at in 0..15 -> cut[row][at] * cut[at][column] |] / scale

                    Expect.isLessThan (abs (twice - cut[row][column])) 1e-4 "a projector times the usual scale"

            expectError
                BadUsage
                "--init-feedback subspace and --projection mlp contradict each other: take --projection linear"
                (distill folder 1 "wrong" @ [ "--init-feedback"; "subspace" ]))
    }

[<Tests>]
let tests = testList "Controls" [ begun; trains; alone; gradient; nulls ]
