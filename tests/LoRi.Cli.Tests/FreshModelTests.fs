/// `lori model new` with the tokenizer of `lori task write`: models of every family, which are taught like any other.
module LoRi.Cli.Tests.FreshModelTests

open System.IO
open Expecto
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyMatrix

[<Tests>]
let tests =
    testList
        "Fresh models"
        [
            for family in [ "llama"; "gpt2"; "qwen2"; "qwen3" ] do
                test $"{family} is taught like any checkpoint" {
                    inFolder (fun folder ->
                        let data, tokenizer, model =
                            folder + "/t.jsonl", folder + "/tokenizer", folder + "/model"

                        succeeded (
                            lori
                                [
                                    "task"
                                    "write"
                                    "chain"
                                    "--group"
                                    "z7"
                                    "--longest"
                                    "2"
                                    "--rows"
                                    "32"
                                    "--output"
                                    data
                                    "--tokenizer-output"
                                    tokenizer
                                ]
                        )
                        |> ignore

                        succeeded (
                            lori
                                [
                                    "model"
                                    "new"
                                    "--family"
                                    family
                                    "--width"
                                    "8"
                                    "--heads"
                                    "2"
                                    "--layers"
                                    "2"
                                    "--positions"
                                    "32"
                                    "--tokenizer"
                                    tokenizer
                                    "--output"
                                    model
                                ]
                        )
                        |> ignore

                        succeeded (
                            lori
                                [
                                    "teach"
                                    "--model"
                                    model
                                    "--data"
                                    data
                                    "--output"
                                    folder + "/run"
                                    "--steps"
                                    "2"
                                    "--batch-size"
                                    "4"
                                    "--answer-prefix"
                                    "="
                                ]
                        )
                        |> ignore

                        Expect.isTrue (File.Exists(folder + "/run/final/config.json")) "a model")
                }
        ]
