/// Values that are easily misread, and which settings of a file give way to the command line's.
module LoRi.Cli.Tests.SettingValueTests

open System.IO
open System.Text.Json.Nodes
open Expecto
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Runs.Settings
open LoRi.Cli.Tests.Running

let private values =
    [
        for options in
            [
                withNothing "teach" @ [ "--learning-rate"; "0,001" ]
                withNothing "teach" @ [ "--epochs"; "1,5" ]
                withNothing "distill" @ [ "--method"; "latent-ce"; "--lambda-rationale"; "1,000" ]
                [ "generate"; "--model"; "m"; "--prompt"; "p"; "--temperature"; "0,7" ]
            ] do
            let option, value = options[options.Length - 2], List.last options

            test $"{options.Head} {option} {value} is no number" {
                expectError BadUsage $"{option} {value}: must be a number; the decimal sign is a point" options
            }
        for option, arguments in
            [
                "--output", [ "evaluate"; "--model"; "m"; "--data"; "d"; "--output"; "" ]
                "--tokenizer",
                [
                    "evaluate"
                    "--model"
                    "m"
                    "--data"
                    "d"
                    "--output"
                    "o"
                    "--tokenizer"
                    ""
                ]
                "--output", [ "trajectories"; "--model"; "m"; "--data"; "d"; "--output"; "" ]
                "--data", [ "teach"; "--model"; "m"; "--data"; ""; "--output"; "o" ]
                "--config", withNothing "teach" @ [ "--config"; "" ]
                "--config", withNothing "evaluate" @ [ "--config"; "" ]
                "--teacher-cache", withNothing "distill" @ [ "--method"; "lori"; "--teacher-cache"; "" ]
                "--output", [ "report"; "r"; "--output"; "" ]
                "--output", [ "demo"; "--output"; "" ]
                "runs", [ "report"; "" ]
                "runs", [ "compare"; "" ]
            ] do
            let line = String.concat " " arguments

            test $"an empty {option} is bad usage: {line}" {
                let outcome = lori arguments
                Expect.equal outcome.Code BadUsage outcome.Error
                Expect.stringStarts outcome.Error $"lori: error: {option}: must name a" "message"
                Expect.stringContains outcome.Error "found an empty text" "message"
            }
        test "a help flag that is the value of an option of a student is none" {
            let settings =
                distillSettings
                    [
                        "--method"
                        "latent-ce"
                        "--model"
                        "m"
                        "--data"
                        "d"
                        "--output"
                        "o"
                        "--answer-prefix"
                        "--help"
                    ]

            Expect.equal settings.Latent.AnswerPrefix "--help" "the prefix"
        }
    ]

let private files =
    [
        test "settings of a file that suit its own size give way to the command line" {
            inFolder (fun folder ->
                let config =
                    file
                        folder
                        "config.json"
                        """{"steps": 60, "batch_size": 4, "accumulation": 2, "validation_fraction": 0.2, "warmup_steps": 2, "eval_every": 3}"""

                let settings options =
                    (teachSettings (
                        withNothing "teach"
                        |> List.tail
                        |> (fun given -> given @ options @ [ "--config"; config ])
                    ))
                        .Train

                Expect.isFalse (settings [ "--steps"; "1" ]).WarmupSteps.HasValue "a warm-up longer than the run"
                Expect.equal (settings [ "--steps"; "9" ]).WarmupSteps.Value 2 "one that fits stays"
                Expect.isFalse (settings [ "--validation-fraction"; "0" ]).EvalEvery.HasValue "nothing is held out"
                Expect.equal (settings [ "--batch-size"; "1" ]).Accumulation 1 "one row makes no two parts"

                expectError
                    BadUsage
                    "--warmup-steps 5 and --steps 1 contradict each other"
                    (withNothing "teach" @ [ "--steps"; "1"; "--warmup-steps"; "5"; "--config"; config ]))
        }
        test "a prefix that is fed and one that is written replace each other" {
            inFolder (fun folder ->
                let evaluation content options =
                    SettingOptions.read
                        Commands.Evaluate
                        (List.tail (withNothing "evaluate")
                         @ options
                         @ [ "--config"; file folder "c.json" content ])

                let written = evaluation """{"answer_prefix": "So"}""" [ "--write-prefix" ]
                Expect.isFalse (written.IsGiven AnswerSettings.AnswerPrefix) "the file's prefix"
                let fed = evaluation """{"write_prefix": true}""" [ "--answer-prefix"; "So" ]
                Expect.isFalse (fed.IsGiven AnswerSettings.WritePrefix) "the file's flag")
        }
        test "a model that is named as on the Hub stays so in the settings of its evaluation" {
            let options =
                EvaluationOptions(
                    SettingOptions.read
                        Commands.Evaluate
                        [ "--model"; "owner/there-is-none"; "--data"; "d"; "--output"; "o" ]
                )

            Expect.equal ((nonNull (options.ToJson()["model"])).GetValue<string>()) "owner/there-is-none" "model"
            Expect.isTrue (Path.IsPathRooted((nonNull (options.ToJson()["output"])).GetValue<string>())) "output"
        }
    ]

[<Tests>]
let tests = testList "Values of settings" (values @ files)
