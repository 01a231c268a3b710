/// Settings from files: a run is replayed from its own, and other commands take them too.
module LoRi.Cli.Tests.ReplayTests

open System.IO
open System.Text.Json.Nodes
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running

let private rows folder =
    [
        for a in 2..9 ->
            $$"""{"question": "Tom has {{a}} apples and buys 3 more. How many left?", "rationale": ["<<{{a}}+3={{a + 3}}>>"], "answer": "{{a + 3}}"}"""
    ]
    |> String.concat "\n"
    |> file folder "data.jsonl"

/// The metrics but for what a clock measured.
let private metrics run =
    [
        for line in File.ReadLines(Path.Combine(run, "metrics.jsonl")) ->
            let row = (nonNull (JsonNode.Parse line)).AsObject()

            for timing in [ "seconds"; "tokens_per_second" ] do
                Expect.isTrue (row.Remove timing) timing

            row.ToJsonString()
    ]

let private replay command (first: string list) folder =
    let run, again =
        Path.Combine(folder, command), Path.Combine(folder, command + "-again")

    succeed (lori (command :: first @ [ "--output"; run ]))
    let config = Path.Combine(run, "config.json")
    succeed (lori [ command; "--config"; config; "--output"; again ])
    Expect.isGreaterThan (metrics run).Length 2 "logged steps"
    Expect.equal (metrics again) (metrics run) "metrics"

    let weights run =
        File.ReadAllBytes(Path.Combine(run, "final", "model.safetensors"))

    Expect.isTrue (weights again = weights run) "weights"
    run

let private replays =
    [
        test "a run is replayed exactly from its config.json" {
            let start = peerModel ()

            inFolder (fun folder ->
                let shared =
                    [
                        "--data"
                        rows folder
                        "--steps"
                        "4"
                        "--log-every"
                        "1"
                        "--annotations"
                        "keep"
                    ]

                let own =
                    [
                        "--batch-size"
                        "4"
                        "--learning-rate"
                        "0.0021"
                        "--seed"
                        "5"
                        "--beta2"
                        "0.98"
                    ]

                let teacher = replay "teach" ([ "--model"; start ] @ shared @ own) folder

                let student =
                    [
                        "--teacher"
                        teacher
                        "--latent-steps"
                        "2"
                        "--w-cov"
                        "0.3"
                        "--hidden-energy"
                        "0.9"
                    ]

                let run = replay "distill" (student @ shared @ own) folder
                let config = Path.Combine(run, "config.json")

                expectError
                    Failed
                    "these are the settings of another command than `lori teach`"
                    [ "teach"; "--config"; config; "--output"; Path.Combine(folder, "other") ])
        }
    ]

let private files =
    [
        test "evaluate takes settings from a file, the command line wins" {
            let model = peerModel ()

            inFolder (fun folder ->
                let config =
                    file
                        folder
                        "e.json"
                        $$"""{"model": "{{model}}", "data": ["{{rows folder}}"], "limit": 3, "max_new_tokens": 2, "write_prefix": false, "seed": null}"""

                let result =
                    loriJson
                        [
                            "evaluate"
                            "--config"
                            config
                            "--limit"
                            "2"
                            "--output"
                            Path.Combine(folder, "e")
                            "--json"
                        ]

                Expect.equal (result.GetProperty("examples").GetInt32()) 2 "limit of the command line"
                Expect.isLessThanOrEqual (result.GetProperty("tokens_generated").GetInt32()) 4 "length of the file")
        }
        test "a file with a setting that evaluate does not have is refused by name" {
            inFolder (fun folder ->
                for content, message in
                    [
                        """{"lerning_rate": 1}""", "lerning_rate: there is no such setting"
                        """{"model": {}}""", "model {}: must be text"
                        """[]""", "holds a JSON Array where an object is needed"
                    ] do
                    let config = file folder "e.json" content
                    expectError Failed message [ "evaluate"; "--config"; config ])
        }
    ]

[<Tests>]
let tests = testList "Replay" (replays @ files)
