module LoRi.Cli.Tests.UsageTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Runs.RunFolders
open LoRi.Runs.Settings
open LoRi.Training.Methods.LoRi
open LoRi.Training
open LoRi.Cli.Tests.Running

let private distill =
    [ "distill"; "--teacher"; "t"; "--data"; "d"; "--output"; "o" ]

let private wrong =
    [
        for name, arguments, message in
            [
                "no command", [], "no command"
                "an unknown command", [ "dance" ], "dance: there is no such command"
                "an unknown option", [ "info"; "--fast" ], "unrecognized argument: '--fast'"
                "a missing option", [ "score"; "--rule"; "codi" ], "--predictions is missing: name a file"
                "a value of the wrong type", [ "teach"; "--steps"; "many" ], "'--steps' must be followed by"
                "an unknown rule",
                [ "score"; "--predictions"; "x"; "--rule"; "kind" ],
                "--rule kind: must be one of codi, simcot, strict, coconut, icot, pccot, pccot_cot"
                "an unknown method", distill @ [ "--method"; "magic" ], "--method magic: must be one of lori, no-cot"
                "an unknown choice",
                distill @ [ "--covariance"; "big" ],
                "--covariance big: must be one of modewise, full, per-layer, diagonal, off"
                "steps and epochs",
                distill @ [ "--steps"; "3"; "--epochs"; "1" ],
                "--steps 3 and --epochs 1 contradict each other"
                "rank and energy",
                distill @ [ "--layer-rank"; "3"; "--layer-energy"; "0.9" ],
                "--layer-rank 3 and --layer-energy 0.9 contradict"
                "a subspace with another method",
                distill @ [ "--method"; "codi"; "--subspace"; "s" ],
                "--subspace s and --method codi contradict"
                "an option of the alignment with another method",
                distill @ [ "--method"; "codi"; "--covariance"; "full" ],
                "--covariance full and --method codi contradict each other"
                "a prefix that is fed and written",
                [
                    "evaluate"
                    "--model"
                    "m"
                    "--data"
                    "d"
                    "--output"
                    "o"
                    "--write-prefix"
                    "--answer-prefix"
                    "So:"
                ],
                "--answer-prefix So: and --write-prefix contradict each other"
                "a batch of nothing",
                [
                    "evaluate"
                    "--model"
                    "m"
                    "--data"
                    "d"
                    "--output"
                    "o"
                    "--batch-size"
                    "0"
                ],
                "--batch-size 0: must be at least 1"
                "questions and no questions",
                [ "report"; "r"; "--questions"; "0"; "--data"; "d" ],
                "--questions 0 and --data contradict each other"
                "a learning rate of zero",
                distill @ [ "--learning-rate"; "0" ],
                "--learning-rate 0: must be larger than 0"
                "a learning rate that is not a number", distill @ [ "--learning-rate"; "nan" ], "--learning-rate"
                "levels", distill @ [ "--levels"; "some" ], "--levels some"
                "order", distill @ [ "--order"; "parts-1" ], "--order parts-1"
                "more parts than any chain has", distill @ [ "--order"; "parts-1000" ], "--order parts-1000"
                "no latent step", distill @ [ "--latent-steps"; "0" ], "--latent-steps 0: must be at least 1"
                "no latent step of another method",
                distill @ [ "--method"; "codi"; "--latent-steps"; "0" ],
                "--latent-steps 0: must be at least 1"
                "the base's weights without the base",
                distill @ [ "--method"; "latent-ce"; "--init"; "base" ],
                "--init base needs --model"
                "a step cut where the whole batch scales a term",
                distill @ [ "--method"; "codi"; "--accumulation"; "2" ],
                "--method codi and --accumulation 2 contradict each other"
                "the same of LoRi's anchors",
                distill @ [ "--anchor-std"; "batch"; "--accumulation"; "2" ],
                "--anchor-std batch and --accumulation 2 contradict each other"
                "latent steps of a method without any",
                distill @ [ "--method"; "no-cot"; "--latent-steps"; "3" ],
                "--latent-steps 3 and --method no-cot contradict each other"
                "a model beside the weights of the teacher",
                distill @ [ "--model"; "m" ],
                "--model m and --init teacher contradict each other"
                "a rank and the largest rank of an energy",
                distill @ [ "--layer-rank"; "3"; "--max-layer-rank"; "4" ],
                "--layer-rank 3 and --max-layer-rank 4 contradict each other"
                "a subspace and another standardisation",
                distill @ [ "--subspace"; "s"; "--standardise"; "none" ],
                "--subspace s and --standardise none contradict each other"
                "a subspace and another kind",
                distill @ [ "--subspace"; "s"; "--subspace-kind"; "identity" ],
                "--subspace s and --subspace-kind identity contradict each other"
                "a demonstration without a thread", [ "demo"; "--threads"; "0" ], "--threads 0: must be at least 1"
                "a demonstration of a student that is none", [ "demo"; "--methods"; "lorri" ], "did you mean lori?"
                "equal time without its measure", [ "demo"; "--methods"; "no-cot-equal-time" ], "name these as well"
                "no weights", [ "teach"; "--data"; "d"; "--output"; "o" ], "--model is missing"
                "no data", [ "teach"; "--model"; "m"; "--output"; "o" ], "--data is missing"
                "no output", [ "teach"; "--model"; "m"; "--data"; "d" ], "--output is missing"
                "a folder that is missing", [ "info"; "--libtorch" ], "--libtorch: must be followed by a folder"
            ] -> test $"{name} is bad usage" { expectError BadUsage message arguments }
    ]

let private settings =
    [
        test "the command line wins over the file, the file over the defaults" {
            inFolder (fun folder ->
                let config =
                    file
                        folder
                        "config.json"
                        """{"learning_rate": 0.5, "batch_size": 7, "schedule": "half-cosine", "epochs": 2, "levels": "last-2", "weighting": "none"}"""

                let settings =
                    distillSettings
                        [
                            "--teacher"
                            "t"
                            "--data"
                            "a"
                            "b"
                            "--output"
                            "o"
                            "--config"
                            config
                            "--batch-size"
                            "9"
                            "--steps"
                            "5"
                        ]

                Expect.equal settings.Train.LearningRate 0.5 "file"
                Expect.equal settings.Train.BatchSize 9 "command line"

                Expect.equal
                    (settings.Train.Steps.HasValue, settings.Train.Epochs.HasValue)
                    (true, false)
                    "steps replace epochs"

                Expect.equal (settings.Values.Get TrainSettings.Schedule) Schedule.HalfCosine "choice"

                Expect.equal
                    ((LoRiOptions settings.Values).Objective.Rationale.Weighting)
                    LoRi.Math.Weighting.Off
                    "choice"

                Expect.equal ((LoRiOptions settings.Values).Levels.ToString()) "last-2" "levels"
                Expect.equal (List.ofSeq settings.Train.Data) [ "a"; "b" ] "list"
                Expect.equal settings.Latent.LatentSteps 5 "default")
        }
        test "a written configuration reads back the same" {
            inFolder (fun folder ->
                let first =
                    distillSettings (List.tail distill @ [ "--seed"; "17"; "--resume"; "--hidden-energy"; "0.9" ])

                let run = RunDirectory.Create(Path.Combine(folder, "run"), false)
                run.WriteConfig(first.ToJson())
                let second = distillSettings [ "--config"; run.ConfigFile ]
                Expect.equal (second.ToJson().ToJsonString()) (first.ToJson().ToJsonString()) "settings"
                Expect.isTrue first.Train.Resume "resume of this call"
                Expect.isFalse second.Train.Resume "resume is not kept")
        }
        test "a file with an unknown or bad setting is refused by name" {
            inFolder (fun folder ->
                for content, message in
                    [
                        """{"lerning_rate": 1}""", "lerning_rate: there is no such setting"
                        """{"learning_rate": "fast"}""", "learning_rate fast: must be a number"
                        """{"steps": 1.5}""", "steps 1.5: must be a whole number"
                        """{"dtype": "float99"}""", "dtype float99: must be one of"
                        """[1]""", "holds a JSON Array where an object is needed"
                        """{""", "not valid JSON"
                        """{"method": "lori"}""", "method: `lori teach` has no such setting"
                        """{"seed": 1, "seed": 2}""", "\"seed\" stands there twice"
                    ] do
                    let config = file folder "config.json" content

                    expectError
                        Failed
                        message
                        [ "teach"; "--model"; "m"; "--data"; "d"; "--output"; "o"; "--config"; config ])
        }
    ]

let private runs =
    [
        test "a run folder that is not empty is refused without --resume" {
            inFolder (fun folder ->
                file folder "config.json" """{"command": "teach"}""" |> ignore

                let create () =
                    RunDirectory.Create(folder, false) |> ignore

                Expect.throwsT<LoRi.Files.InputException> create "refused"
                RunDirectory.Create(folder, true) |> ignore)
        }
        test "checkpoints appear when complete, the last two stay" {
            inFolder (fun folder ->
                let run = RunDirectory.Create(folder, false)

                for step in [ 5; 10; 15 ] do
                    run.SaveCheckpoint(step, fun path -> file path "w" (string step) |> ignore)

                let broken () =
                    run.SaveCheckpoint(20, fun _ -> failwith "power cut")

                Expect.throws broken "interrupted"
                let again = RunDirectory.Create(folder, true)
                use _ = again.Lock()
                let struct (latest, _) = Seq.last (again.Checkpoints())
                Expect.equal latest 15 "latest"
                Expect.equal (Directory.GetDirectories run.CheckpointsFolder).Length 2 "kept")
        }
        test "metrics after the resumed step are written anew" {
            inFolder (fun folder ->
                let run = RunDirectory.Create(folder, false)
                let terms = System.Collections.Generic.Dictionary<string, float>()
                terms["task"] <- 1.5

                let row step loss =
                    MetricsRow(step, 10L, loss, terms, 1e-4, 0.5, 100.0, 2.0)

                using (run.OpenMetrics 0) (fun metrics ->
                    metrics.Write(row 1 2.0)
                    metrics.Write(row 2 nan))

                using (run.OpenMetrics 1) (fun metrics -> metrics.Write(row 2 1.0))
                let lines = File.ReadAllLines run.MetricsFile
                Expect.equal lines.Length 2 "lines"
                let last = JsonDocument.Parse(lines[1]).RootElement
                let keys = [ for p in last.EnumerateObject() -> p.Name ]

                Expect.equal
                    keys
                    [
                        "step"
                        "tokens"
                        "loss"
                        "task"
                        "learning_rate"
                        "gradient_norm"
                        "tokens_per_second"
                        "seconds"
                    ]
                    "keys"

                Expect.equal (last.GetProperty("loss").GetDouble()) 1.0 "loss")
        }
    ]

let private score =
    [
        test "score writes the fixed keys" {
            inFolder (fun folder ->
                let path =
                    file
                        folder
                        "p.jsonl"
                        "{\"text\": \"The answer is: 4\", \"gold\": \"4\"}\n\n{\"text\": \"?\", \"gold\": 4.0, \"other\": []}\n"

                let result = loriJson [ "score"; "--predictions"; path; "--rule"; "codi"; "--json" ]

                Expect.equal
                    [ for p in result.EnumerateObject() -> p.Name ]
                    [
                        "examples"
                        "correct"
                        "accuracy"
                        "ci95"
                        "rows"
                        "disagreements"
                        "compared_with"
                        "both_unreadable"
                    ]
                    "keys"

                Expect.equal (result.GetProperty("accuracy").GetDouble()) 0.5 "accuracy"

                let rows =
                    [
                        for row in result.GetProperty("rows").EnumerateArray() ->
                            text "value" row, row.GetProperty("correct").GetBoolean()
                    ]

                Expect.equal rows [ "4.0", true; "inf", false ] "rows")
        }
        test "score names the bad line" {
            inFolder (fun folder ->
                let path =
                    file folder "p.jsonl" "{\"text\": \"a\", \"gold\": \"4\"}\n{\"text\": 1}\n"

                expectError
                    Failed
                    "p.jsonl, line 2: 'text' is a JSON Number"
                    [ "score"; "--predictions"; path; "--rule"; "codi" ])
        }
        test "info says what is loaded" {
            let report = loriJson [ "info"; "--json"; "--threads"; "1" ]
            Expect.equal (report.GetProperty("threads").GetInt32()) 1 "threads"
            Expect.stringStarts (text "libtorch_version" report) "2." "version"
        }
    ]

[<Tests>]
let tests = testList "Usage" (wrong @ settings @ runs @ score)
