/// `lori model reduce`: models cut to the directions of a fitted subspace, and to random ones, are folders like those of any checkpoint.
module LoRi.Cli.Tests.ReduceTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Files.Safetensors
open LoRi.Models.Weights
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyEvaluation
open LoRi.Cli.Tests.TinyRun
open TorchSharp

/// A subspace of the tiny model's states; the name of its file.
let private fit folder kind rank =
    let trajectories, subspace =
        path folder "t.safetensors", path folder (kind + ".safetensors")

    if not (File.Exists trajectories) then
        succeed (
            lori
                [
                    "trajectories"
                    "--model"
                    path folder "model"
                    "--data"
                    path folder "data.jsonl"
                    "--answer-prefix"
                    "So"
                    "--output"
                    trajectories
                ]
        )

    succeed (
        lori
            [
                "subspace"
                "fit"
                "--trajectories"
                trajectories
                "--kind"
                kind
                "--hidden-rank"
                string rank
                "--output"
                subspace
            ]
    )

    subspace

let private reduce folder (model: string) subspace (options: string list) =
    let output = path folder "narrow"

    let made =
        loriJson (
            [
                "model"
                "reduce"
                "--model"
                model
                "--subspace"
                subspace
                "--output"
                output
                "--json"
            ]
            @ options
        )

    made, output

let private logits (model: string) =
    numbers ((loriJson [ "logits"; "--model"; model; "--ids"; "2,3,4,5,6,7"; "--json" ]).GetProperty "last")

let private config (folder: string) =
    JsonDocument.Parse(File.ReadAllText(path folder "config.json")).RootElement

let private written kind =
    test $"{kind} directions make a narrower model that is loaded, inspected and taught" {
        withTiny (fun folder ->
            let model = path folder "model"
            let made, output = reduce folder model (fit folder kind 8) [ "--rank"; "6" ]
            Expect.equal (made.GetProperty("width").GetInt32()) 6 "width"
            Expect.equal (made.GetProperty("from_width").GetInt32()) 16 "width before"
            let before, after = config model, config output
            Expect.equal (after.GetProperty("hidden_size").GetInt32()) 6 "hidden_size"

            for unchanged in
                [
                    "head_dim"
                    "intermediate_size"
                    "num_attention_heads"
                    "num_hidden_layers"
                    "vocab_size"
                ] do
                Expect.equal
                    (after.GetProperty(unchanged).GetInt32())
                    (before.GetProperty(unchanged).GetInt32())
                    unchanged

            Expect.isFalse (after.GetProperty("tie_word_embeddings").GetBoolean()) "tied"
            Expect.equal (text "torch_dtype" after) (text "torch_dtype" before) "type"

            for copied in [ "tokenizer.json"; "generation_config.json" ] do
                Expect.isTrue (File.Exists(path output copied)) copied

            let inspected = succeeded (lori [ "inspect"; output ])
            Expect.stringContains inspected.Out "hidden size         6\n" "what it is"
            Expect.equal (logits output).Length words.Length "logits"
            let taught = path folder "taught"

            succeed (
                lori (
                    [ "distill"; "--method"; "codi"; "--latent-steps"; "2"; "--model"; output ]
                    @ training folder 2 "taught"
                )
            )

            Expect.equal ((config (path taught "final")).GetProperty("hidden_size").GetInt32()) 6 "a student")
    }

let private basis =
    test "the embedding is the old one in the first directions of the file" {
        withTiny (fun folder ->
            use _ = torch.NewDisposeScope()
            let subspace = fit folder "multilinear-svd" 8
            let _, output = reduce folder (path folder "model") subspace [ "--rank"; "6" ]

            let read (file: string) name =
                use opened = SafetensorsFile.Open file
                opened.ReadTensor(name, torch.ScalarType.Float64)

            let table (folder: string) =
                read (path folder "model.safetensors") "model.embed_tokens.weight"

            let wanted =
                (table (path folder "model")).matmul((read subspace "hidden.basis").narrow(1L, 0L, 6L))

            let far = (wanted - table output).abs().max().item<float>()
            Expect.isLessThan far 1e-6 "the table, as float32 holds it")
    }

let private whole =
    test "all directions of a fitted subspace change nothing" {
        withTiny (fun folder ->
            succeed (lori (teach folder 4 "run"))
            let subspace = fit folder "multilinear-svd" 16
            let _, output = reduce folder (path folder "run") subspace []

            for wanted, found in Array.zip (logits (path folder "run")) (logits output) do
                Expect.floatClose Accuracy.medium found wanted "logit"

            Expect.equal
                (File.ReadAllText(path output "lori.json"))
                (File.ReadAllText(path folder "run/final/lori.json"))
                "it is asked as its teacher is")
    }

let private uneven =
    test "a width that is no multiple of the heads is told of" {
        withTiny (fun folder ->
            let subspace = fit folder "random" 8

            for rank, told in [ 7, true; 8, false ] do
                let outcome =
                    succeeded (
                        lori
                            [
                                "model"
                                "reduce"
                                "--model"
                                path folder "model"
                                "--subspace"
                                subspace
                                "--rank"
                                string rank
                                "--output"
                                path folder $"narrow-{rank}"
                            ]
                    )

                Expect.equal (outcome.Error.Contains "no multiple of its 2 heads") told $"rank {rank}"
                Expect.stringContains outcome.Out $"{rank} of 16" "width")
    }

let private narrowTeacher =
    test "a teacher of another width is refused by the methods that learn from its states" {
        withTiny (fun folder ->
            let _, output = reduce folder (path folder "model") (fit folder "random" 8) []

            for name in [ "lori"; "icot-kd" ] do
                let given = training folder 2 ("run-" + name)

                let outcome =
                    lori (
                        [
                            "distill"
                            "--method"
                            name
                            "--model"
                            output
                            "--teacher"
                            path folder "model"
                        ]
                        @ (if name = "lori" then
                               [ "--init"; "base"; "--latent-steps"; "2" ]
                           else
                               [])
                        @ given
                    )

                Expect.notEqual outcome.Code 0 name
                Expect.stringContains outcome.Error "the student has 2 of 8" name)
    }

[<Tests>]
let tests =
    testList
        "Reduced models"
        [
            for kind in [ "multilinear-svd"; "random" ] do
                written kind
            basis
            whole
            uneven
            narrowTeacher
        ]
