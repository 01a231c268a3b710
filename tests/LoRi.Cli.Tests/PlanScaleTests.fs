/// `lori plan-scale`: from a configuration alone to a table and what breaks first.
module LoRi.Cli.Tests.PlanScaleTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

/// Llama 3.1 8B.
let private config =
    """{"model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256, "rms_norm_eps": 1e-5,
        "rope_theta": 500000.0, "max_position_embeddings": 131072, "tie_word_embeddings": false,
        "hidden_act": "silu"}"""

let private withConfig (text: string) check =
    inFolder (fun folder ->
        let path = Path.Combine(folder, "config.json")
        File.WriteAllText(path, text)
        check [ "plan-scale"; "--model"; path ])

[<Tests>]
let tests =
    testList
        "Plan of scale"
        [
            test "a configuration without weights is enough, and hosts double up to the last" {
                withConfig config (fun line ->
                    let outcome = lori (line @ [ "--hosts"; "6"; "--lora-rank"; "128"; "--json" ])
                    succeed outcome
                    let found = JsonDocument.Parse(outcome.Out).RootElement
                    let rows = [ for row in found.GetProperty("rows").EnumerateArray() -> row ]

                    let values (name: string) =
                        [ for row in rows -> row.GetProperty(name).GetDouble() ]

                    Expect.equal (values "hosts") [ 1.0; 2.0; 4.0; 6.0 ] "hosts"
                    Expect.equal (values "gpus") [ 8.0; 16.0; 32.0; 48.0 ] "GPUs"
                    Expect.equal (found.GetProperty("parameters").GetDouble()) 8_030_261_248.0 "weights"

                    Expect.equal
                        (values "weak_efficiency" |> List.sortDescending)
                        (values "weak_efficiency")
                        "it falls"

                    for step, sums, weak in
                        List.zip3 (values "step_seconds") (values "communication_seconds") (values "weak_efficiency") do
                        Expect.floatClose Accuracy.high (1.0 - (sums / step)) weak "what is no waiting")
            }

            test "what breaks first is said first" {
                withConfig config (fun line ->
                    let first options =
                        let outcome = lori (line @ options)
                        succeed outcome
                        outcome.Out.Split '\n' |> Array.find _.StartsWith("first to break: ")

                    Expect.stringStarts (first []) "first to break: memory: " "8B with all weights"

                    Expect.stringStarts
                        (first [ "--lora-rank"; "8"; "--network"; "1g" ])
                        "first to break: sums: "
                        "a slow network"

                    let thin =
                        first [ "--lora-rank"; "8"; "--rows"; "64"; "--hosts"; "8"; "--accumulation"; "2" ]

                    Expect.stringStarts thin "first to break: rows: " "few rows")
            }

            test "one host with enough work breaks nowhere" {
                withConfig config (fun line ->
                    let outcome =
                        lori (line @ [ "--hosts"; "1"; "--lora-rank"; "8"; "--accumulation"; "32" ])

                    succeed outcome
                    Expect.stringContains outcome.Out "nothing breaks up to that many hosts" "no limit")
            }

            test "what is no configuration, and what contradicts itself, is refused" {
                withConfig "{\"model_type\": \"llama\"}" (fun line -> expectError Failed "hidden_act is absent" line)

                withConfig config (fun line ->
                    expectError BadUsage "more parts than there are" (line @ [ "--rows"; "2"; "--accumulation"; "4" ])
                    expectError BadUsage "--network 3g: must be one of 8x400g" (line @ [ "--network"; "3g" ]))
            }
        ]
