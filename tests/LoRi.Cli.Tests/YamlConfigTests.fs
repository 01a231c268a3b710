/// Files of settings in YAML, through the commands that take them.
module LoRi.Cli.Tests.YamlConfigTests

open System.IO
open System.Text.Json.Nodes
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let private path (folder: string) (name: string) = Path.Combine(folder, name)

/// A run's settings as YAML in block form; texts are quoted.
let private asYaml (settings: JsonObject) =
    let scalar (node: JsonNode | null) =
        match node with
        | null -> "~"
        | node -> node.ToJsonString()

    String.concat
        ""
        [
            "# settings of a run\n---\n"
            for pair in settings do
                match pair.Value with
                | :? JsonArray as list ->
                    $"{pair.Key}:\n"

                    for item in list do
                        $"  - {scalar item}\n"
                | value -> $"{pair.Key}: {scalar value}\n"
        ]

let private replayed =
    test "a run's settings in YAML are the same settings" {
        inFolder (fun folder ->
            let data, output = path folder "d.jsonl", path folder "run"

            let given =
                distillSettings
                    [
                        "--teacher"
                        folder
                        "--data"
                        data
                        "--output"
                        output
                        "--learning-rate"
                        "1e-4"
                        "--epochs"
                        "0.07"
                        "--shard-size"
                        "500MB"
                        "--answer-prefix"
                        "no: # 1e-4"
                    ]

            let written = given.ToJson()
            let yaml = file folder "run.yaml" (asYaml written)
            let json = file folder "run.json" (written.ToJsonString())

            for config in [ yaml; json ] do
                let again = distillSettings [ "--config"; config ]
                Expect.equal (again.ToJson().ToJsonString()) (written.ToJsonString()) config)
    }

let private messages =
    [
        "a wrong value", "steps: 3\nbatch_size: many", ", line 2: batch_size many: must be a whole number"
        "a word that was once false", "steps: 3\nresume: no", ", line 2: resume no: must be true or false"
        "a number where text belongs", "answer_prefix: 12", ", line 1: answer_prefix 12: must be text"
        "a choice that is none", "\n\nschedule: linear", ", line 3: schedule linear: must be one of"
        "a type that training does not take",
        "dtype: float16",
        ", line 1: dtype float16: must be one of float32, bfloat16"
        "an unknown setting", "steps: 3\nlerning_rate: 1e-4", ", line 2: lerning_rate: there is no such setting"
        "a nested setting", "train:\n  steps: 3", ", line 1: train: there is no such setting"
        "an axolotl file", "base_model: x/y\ndatasets:\n  - path: z\n", ", line 1: base_model: there is no such setting"
        "a size that is none", "shard_size: 5 apples", ", line 1: shard_size"
        "settings that contradict each other", "steps: 3\nepochs: 1", "--steps 3 and --epochs 1 contradict each other"
        "a value out of range", "batch_size: 0", "--batch-size 0: must be at least 1"
        "an anchor", "steps: &a 3", ", line 1: has the anchor &a"
    ]
    |> List.map (fun (name, text, wanted) ->
        test $"a message about YAML: {name}" {
            inFolder (fun folder ->
                let config = file folder "a.yaml" text

                expectError
                    Failed
                    wanted
                    [
                        (if text.Contains "shard" then "distill" else "teach")
                        "--config"
                        config
                        "--model"
                        folder
                        "--data"
                        config
                        "--output"
                        path folder "run"
                    ])
        })

let private others =
    test "commands that answer and trace take YAML too" {
        withTiny (fun folder ->
            let model, data = path folder "model", path folder "data.jsonl"

            let config =
                file
                    folder
                    "e.yml"
                    $"model: {model}\ndata: {data}\nlimit: 4\nlatency_questions: 0\nmax_new_tokens: 2\nthreads: 1\n"

            let outcome = lori [ "evaluate"; "--config"; config; "--output"; path folder "e" ]
            Expect.equal outcome.Code Success outcome.Error

            let traced = file folder "t.yaml" "limit: 2\nshard_size: 1024\n"

            let outcome =
                lori
                    [
                        "trajectories"
                        "--config"
                        traced
                        "--model"
                        path folder "model"
                        "--data"
                        path folder "data.jsonl"
                        "--output"
                        path folder "t.safetensors"
                    ]

            Expect.equal outcome.Code Success outcome.Error
            let wrong = file folder "w.yaml" "limit: four\n"
            expectError Failed ", line 1: limit four: must be a whole number" [ "evaluate"; "--config"; wrong ])
    }

[<Tests>]
let tests = testList "YAML config" ([ replayed; others ] @ messages)
