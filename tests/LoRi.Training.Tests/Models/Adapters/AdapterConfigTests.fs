/// What an adapter_config.json may say, and what is refused by its name.
module LoRi.Training.Tests.AdapterConfigTests

open System
open System.IO
open System.Text.Json.Nodes
open Expecto
open LoRi.Files
open LoRi.Files.Safetensors
open LoRi.Models
open LoRi.Models.Adapters
open LoRi.Models.Decoders

let private shape =
    DecoderConfig(
        HiddenSize = 8,
        IntermediateSize = 12,
        Layers = 2,
        QueryHeads = 2,
        KeyValueHeads = 1,
        HeadSize = 4,
        VocabularySize = 20,
        NormEpsilon = 1e-5,
        RotaryBase = 10_000.0,
        TiedHead = true,
        MaxPositions = 64
    )

let private plain =
    """{"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 2, "lora_alpha": 4, "lora_dropout": 0.0, "bias": "none",
"fan_in_fan_out": false, "target_modules": ["q_proj", "v_proj"], "use_rslora": false, "use_dora": false,
"modules_to_save": null, "base_model_name_or_path": "base", "inference_mode": true, "peft_version": "0.21.2"}"""

/// The plain configuration with some keys set; a value is JSON.
let private with' (changes: (string * string) list) =
    let config = (nonNull (JsonNode.Parse plain)).AsObject()

    for key, value in changes do
        config[key] <- JsonNode.Parse value

    config.ToJsonString()

/// The tensors of a plan, all values the same.
let private tensors (plan: AdapterPlan) : SafetensorsContent list =
    let filled name (sizes: int64 list) =
        SafetensorsContent.FromFloats(name, sizes, Array.create (int (List.fold (*) 1L sizes)) 0.5f)

    [
        for adapted in plan.Modules do
            yield filled adapted.A [ int64 adapted.Rank; adapted.Module.Inputs ]
            yield filled adapted.B [ adapted.Module.Outputs; int64 adapted.Rank ]
        for rows in plan.Rows do
            yield filled rows.Name [ int64 rows.Ids.Count; int64 shape.HiddenSize ]
    ]

/// Runs a check on a folder with a configuration and, where there are any, tensors.
let private inFolder (config: string) (weights: SafetensorsContent list option) (check: string -> 'result) =
    let folder = Directory.CreateTempSubdirectory("lori-adapter").FullName

    try
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), config)

        weights
        |> Option.iter (fun weights ->
            SafetensorsWriter.Write(Path.Combine(folder, "adapter_model.safetensors"), weights))

        check folder
    finally
        Directory.Delete(folder, true)

/// The plan that a configuration makes of the shape; its tensors are written first, from the ranks that are expected.
let private opened (config: string) (ranks: (string * int) list) (check: AdapterPlan -> 'result) =
    let modules = LinearModule.Of shape

    let weights =
        [
            for name, rank in ranks do
                let linear = modules |> Seq.find (fun linear -> linear.Name = name)

                for letter, sizes in [ "A", [ int64 rank; linear.Inputs ]; "B", [ linear.Outputs; int64 rank ] ] do
                    let count = int (List.fold (*) 1L sizes)

                    SafetensorsContent.FromFloats(
                        $"base_model.model.{name}.lora_{letter}.weight",
                        sizes,
                        Array.create count 0.5f
                    )
        ]

    inFolder config (Some weights) (fun folder ->
        use adapter = AdapterFolder.Open(folder, shape)
        check adapter.Plan)

let private refused (config: string) (expected: string list) =
    inFolder config None (fun folder ->
        let message =
            SharedFiles.refusal (fun () -> AdapterFolder.Open(folder, shape) :> IDisposable)

        for text in expected do
            Expect.stringContains message text "message")

let private q layer =
    $"model.layers.{layer}.self_attn.q_proj"

let private v layer =
    $"model.layers.{layer}.self_attn.v_proj"

let private refusals =
    [
        "DoRA", [ "use_dora", "true" ], [ "use_dora" ]
        "trained biases", [ "bias", "\"lora_only\"" ], [ "bias"; "lora_only" ]
        "whole modules", [ "modules_to_save", """["embed_tokens", "norm"]""" ], [ "modules_to_save"; "norm" ]
        "tied tables that are to stay so",
        [ "target_modules", """["q_proj", "lm_head"]"""; "ensure_weight_tying", "true" ],
        [ "ensure_weight_tying" ]
        "adapters of a table in some blocks",
        [ "target_modules", """["q_proj", "lm_head"]"""; "layers_to_transform", "[1]" ],
        [ "lm_head" ]
        "rows and adapters of tables",
        [
            "target_modules", """["q_proj", "lm_head"]"""
            "trainable_token_indices", "[3]"
        ],
        [ "trainable_token_indices" ]
        "another kind of adapter", [ "peft_type", "\"LOHA\"" ], [ "peft_type"; "LOHA" ]
        "another task", [ "task_type", "\"SEQ_CLS\"" ], [ "task_type"; "SEQ_CLS" ]
        "biases of the adapters", [ "lora_bias", "true" ], [ "lora_bias" ]
        "repeated layers", [ "layer_replication", "[[0, 2]]" ], [ "layer_replication" ]
        "a base that was changed", [ "init_lora_weights", "\"pissa\"" ], [ "init_lora_weights"; "pissa" ]
        "activated LoRA", [ "alora_invocation_tokens", "[1, 2]" ], [ "alora_invocation_tokens" ]
        "target parameters", [ "target_parameters", """["experts"]""" ], [ "target_parameters" ]
        "a feature that is not known yet", [ "use_something_new", "true" ], [ "use_something_new" ]
        "no rank", [ "r", "null" ], [ "r should be" ]
        "rank zero", [ "r", "0" ], [ "r should be" ]
        "a rank that is too large", [ "r", "1000000000" ], [ "r should be" ]
        "a fractional rank", [ "r", "2.5" ], [ "r should be" ]
        "no alpha", [ "lora_alpha", "null" ], [ "lora_alpha" ]
        "infinite alpha", [ "lora_alpha", "1e999" ], [ "lora_alpha" ]
        "dropout of everything", [ "lora_dropout", "1.0" ], [ "lora_dropout" ]
        "no targets", [ "target_modules", "null" ], [ "target_modules" ]
        "empty targets", [ "target_modules", "[]" ], [ "target_modules" ]
        "targets that are numbers", [ "target_modules", "[1]" ], [ "target_modules" ]
        "a target that is nowhere",
        [ "target_modules", """["q_proj", "query"]""" ],
        [ "query"; "no linear map"; "q_proj" ]
        "a block that is not there", [ "layers_to_transform", "[5]" ], [ "block 5" ]
        "a pattern of repetitions", [ "target_modules", "\"(a{1000}){1000}\"" ], [ "target_modules" ]
        "a pattern that looks back", [ "target_modules", """ "(.)\\1" """ ], [ "target_modules" ]
        "a pattern that is none", [ "rank_pattern", """{"(": 3}""" ], [ "rank_pattern" ]
        "ids twice", [ "trainable_token_indices", "[3, 3]" ], [ "trainable_token_indices" ]
        "rows of what is no table", [ "trainable_token_indices", """{"q_proj": [3]}""" ], [ "trainable_token_indices" ]
        "ids beyond the table without the rows between",
        [ "trainable_token_indices", "[22]" ],
        [ "trainable_token_indices"; "20 rows" ]
    ]

/// Deletes, repeats and replaces characters: each result is read or refused, with one line.
let private fuzzed =
    test "mutated configurations are read or refused" {
        let random = SeededRandom(6L, "adapter configurations")

        let source =
            with' [ "rank_pattern", """{"q_proj": 3}"""; "layers_to_transform", "[0, 1]" ]

        let pieces =
            [| "\""; "{"; "["; "0"; "-1"; "1e9"; "null"; "true"; "\\ud800"; "*"; ","; "}" |]

        let mutate (text: string) =
            let at = random.Below text.Length

            match random.Below 3 with
            | 0 -> text.Remove(at, min (1 + random.Below 6) (text.Length - at))
            | 1 -> text.Insert(at, pieces[random.Below pieces.Length])
            | _ -> text.Insert(at, text.Substring(at, min 12 (text.Length - at)))

        let accepted = ref 0

        inFolder source None (fun folder ->
            for _ in 1..2000 do
                let text = Seq.fold (fun text _ -> mutate text) source (seq { 0 .. random.Below 3 })
                File.WriteAllText(Path.Combine(folder, "adapter_config.json"), text)

                try
                    // There are no weights, so that even a good configuration ends in an error that names their file.
                    use _ = AdapterFolder.Open(folder, shape)
                    failtest "opened without weights"
                with :? InputException as e ->
                    Expect.isFalse (e.Message.Contains '\n') "one line"

                    if e.Message.Contains "adapter_model.safetensors" then
                        accepted.Value <- accepted.Value + 1)

        Expect.isGreaterThan accepted.Value 50 "some mutations leave a good configuration"
    }

let private damagedWeights =
    let ranks = [ q 0, 2; q 1, 2; v 0, 2; v 1, 2 ]

    let weightsOf ranks = opened plain ranks tensors

    let refusedWeights (weights: SafetensorsContent list) expected =
        inFolder plain (Some weights) (fun folder ->
            let message =
                SharedFiles.refusal (fun () -> AdapterFolder.Open(folder, shape) :> IDisposable)

            Expect.stringContains message expected "message")

    [
        test "a tensor that is missing" { refusedWeights (List.tail (weightsOf ranks)) "missing: \"base_model.model" }
        test "a tensor too many" {
            refusedWeights
                (SafetensorsContent.FromFloats("base_model.model.model.embed_tokens.lora_embedding_A", [ 1L ], [| 0f |])
                 :: weightsOf ranks)
                "lora_embedding_A"
        }
        test "a tensor of another rank" {
            let name = $"base_model.model.{q 0}.lora_A.weight"

            let weights =
                weightsOf ranks
                |> List.map (fun one ->
                    if one.Name = name then
                        SafetensorsContent.FromFloats(name, [ 3L; 8L ], Array.zeroCreate 24)
                    else
                        one)

            refusedWeights weights "[3, 8]"
        }
        test "integers" {
            let name = $"base_model.model.{q 0}.lora_A.weight"

            let weights =
                weightsOf ranks
                |> List.map (fun one ->
                    if one.Name = name then
                        SafetensorsContent(
                            name,
                            "I32",
                            [ 2L; 8L ],
                            fun stream -> stream.Write(Array.zeroCreate<byte> 64, 0, 64)
                        )
                    else
                        one)

            refusedWeights weights "I32"
        }
        test "a pickle in place of the weights" {
            inFolder plain None (fun folder ->
                File.WriteAllText(Path.Combine(folder, "adapter_model.bin"), "pickle")

                let message =
                    SharedFiles.refusal (fun () -> AdapterFolder.Open(folder, shape) :> IDisposable)

                Expect.stringContains message "never loaded" "message")
        }
    ]

let private accepted =
    [
        test "names that end in a target" {
            opened plain [ q 0, 2; q 1, 2; v 0, 2; v 1, 2 ] (fun plan ->
                Expect.equal (plan.Modules |> Seq.map _.Scaling |> Seq.distinct |> List.ofSeq) [ 2.0 ] "alpha / r")
        }
        test "a pattern for whole names" {
            opened
                (with' [ "target_modules", """ "model\\.layers\\.\\d+\\.self_attn\\.(q|v)_proj" """ ])
                [ q 0, 2; q 1, 2; v 0, 2; v 1, 2 ]
                (fun plan -> Expect.hasLength plan.Modules 4 "modules")
        }
        test "some blocks only" {
            opened (with' [ "layers_to_transform", "1" ]) [ q 1, 2; v 1, 2 ] (fun plan ->
                Expect.hasLength plan.Modules 2 "modules")
        }
        test "all but some" {
            opened (with' [ "exclude_modules", """["v_proj"]""" ]) [ q 0, 2; q 1, 2 ] (fun plan ->
                Expect.hasLength plan.Modules 2 "modules")
        }
        test "ranks and alphas by pattern, stabilised" {
            let config =
                with'
                    [
                        "rank_pattern", """{"layers.1.self_attn.q_proj": 4}"""
                        "alpha_pattern", """{"v_proj": 9}"""
                        "use_rslora", "true"
                    ]

            opened config [ q 0, 2; q 1, 4; v 0, 2; v 1, 2 ] (fun plan ->
                let scaling name =
                    (plan.Modules |> Seq.find (fun one -> one.Module.Name = name)).Scaling

                Expect.floatClose Accuracy.high (scaling (q 0)) (4.0 / sqrt 2.0) "alpha / sqrt r"
                Expect.floatClose Accuracy.high (scaling (q 1)) 2.0 "its own rank"
                Expect.floatClose Accuracy.high (scaling (v 0)) (9.0 / sqrt 2.0) "its own alpha")
        }
    ]

[<Tests>]
let tests =
    testList
        "Adapter configurations"
        [
            testList
                "refused"
                [
                    for name, changes, expected in refusals -> test name { refused (with' changes) expected }
                ]
            testList "weights that do not fit" damagedWeights
            testList "accepted" accepted
            fuzzed
        ]
