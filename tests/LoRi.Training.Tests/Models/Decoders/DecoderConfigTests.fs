/// Configurations of all families: what is read, what is written back, and what is refused.
module LoRi.Training.Tests.DecoderConfigTests

open System.Text.Json.Nodes
open Expecto
open LoRi.Files
open LoRi.Models.Decoders
open LoRi.Training.Tests.SharedFiles

let private minimal (family: string) (extra: (string * string) list) =
    let fields =
        match family with
        | "gpt2" ->
            [
                "activation_function", "\"gelu_new\""
                "n_embd", "8"
                "n_head", "2"
                "n_layer", "2"
                "n_positions", "16"
                "vocab_size", "4"
                "layer_norm_epsilon", "1e-5"
            ]
        | _ ->
            [
                "hidden_act", "\"silu\""
                "hidden_size", "8"
                "intermediate_size", "12"
                "num_hidden_layers", "4"
                "num_attention_heads", "2"
                "head_dim", "4"
                "vocab_size", "4"
                "rms_norm_eps", "1e-5"
                "rope_theta", "1e4"
                "max_position_embeddings", "64"
                "tie_word_embeddings", "true"
            ]

    let json = JsonObject()

    for name, value in ("model_type", $"\"{family}\"") :: fields @ extra do
        if value = "" then
            json.Remove name |> ignore
        else
            json[name] <- JsonNode.Parse value

    json

let private read family extra =
    DecoderConfig.FromJson(minimal family extra, "config.json")

let private windows (config: DecoderConfig) =
    [
        for layer in 0 .. config.Layers - 1 -> Option.ofNullable (config.WindowOf layer)
    ]

/// Which blocks see how far: family, fields, one entry a block.
let private windowCases =
    let all value = List.replicate 4 value

    [
        "mistral", [ "sliding_window", "6" ], all (Some 6)
        "mistral", [ "sliding_window", "null" ], all None
        "mistral", [], all (Some 4096)
        "llama", [ "sliding_window", "6" ], all None
        "qwen2", [ "sliding_window", "6"; "use_sliding_window", "false" ], all None
        "qwen2", [ "sliding_window", "6" ], all None
        "qwen2",
        [
            "sliding_window", "6"
            "use_sliding_window", "true"
            "max_window_layers", "3"
        ],
        [ None; None; None; Some 6 ]
        "qwen2",
        [
            "sliding_window", "6"
            "use_sliding_window", "true"
            "max_window_layers", "0"
        ],
        all (Some 6)
        "qwen3",
        [
            "sliding_window", "6"
            "use_sliding_window", "true"
            "layer_types", """["sliding_attention", "full_attention", "sliding_attention", "full_attention"]"""
        ],
        [ Some 6; None; Some 6; None ]
        "qwen2",
        [
            "sliding_window", "null"
            "use_sliding_window", "true"
            "max_window_layers", "0"
        ],
        all None
    ]

let private windowTests =
    [
        for index, (family, extra, wanted) in List.indexed windowCases do
            testCase $"windows {index}: {family} {extra}"
            <| fun () ->
                let config = read family extra
                Expect.equal (windows config) wanted "read"
                Expect.equal (windows (DecoderConfig.FromJson(config.ToJson(), "written"))) wanted "written and read"
    ]

/// A family, fields that are changed (empty for left out), and what the message must name.
let private refusals =
    [
        "mamba", [], "mamba"
        "llama", [ "hidden_act", "\"gelu\"" ], "gelu"
        "llama", [ "hidden_act", "" ], "hidden_act"
        "llama", [ "architectures", "[\"LlamaForSequenceClassification\"]" ], "LlamaForSequenceClassification"
        "llama", [ "quantization_config", "{\"quant_method\": \"gptq\"}" ], "quantization_config"
        "llama", [ "num_key_value_heads", "3" ], "num_key_value_heads"
        "llama", [ "head_dim", "3" ], "head_dim"
        "llama", [ "rms_norm_eps", "" ], "rms_norm_eps"
        "llama", [ "rope_interleaved", "true" ], "rope_interleaved"
        "llama", [ "attention_bias", "1" ], "attention_bias"
        "qwen2", [ "use_mrope", "true" ], "use_mrope"
        "llama",
        [
            "rope_parameters",
            """{"full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 5e5}, "sliding_attention": {"rope_type": "default"}}"""
        ],
        "per layer type"
        "qwen3",
        [
            "rope_theta", ""
            "rope_parameters", """{"full_attention": {"rope_theta": 5e5}}"""
        ],
        "per layer type"
        "llama", [ "rope_scaling", """{"sliding_attention": {"rope_theta": 1e4}}""" ], "per layer type"
        "llama",
        [
            "rope_parameters", """{"rope_type": "default", "rope_theta": 1e4, "full_attention": {}}"""
        ],
        "full_attention"
        "llama",
        [
            "rope_scaling", """{"rope_type": "linear", "factor": 2.0, "beta_fast": 32}"""
        ],
        "beta_fast"
        "llama", [ "rope_scaling", """{"rope_type": "default", "factor": 2.0}""" ], "factor"
        "llama", [ "rope_scaling", """{"low_freq_factor": 1.0}""" ], "low_freq_factor"
        "qwen2", [ "rope_scaling", """{"type": "default", "mrope_section": [16, 24, 24]}""" ], "mrope_section"
        "llama", [ "rope_scaling", """{"type": "dynamic", "factor": 2.0, "alpha": 1000.0}""" ], "alpha"
        "llama",
        [
            "rope_scaling", """{"type": "dynamic", "factor": 2.0, "original_max_position_embeddings": 32}"""
        ],
        "original_max_position_embeddings"
        "llama",
        [
            "rope_scaling",
            """{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32, "attention_factor": 1.5}"""
        ],
        "attention_factor"
        "qwen2",
        [
            "rope_scaling", """{"rope_type": "yarn", "factor": 2.0, "extrapolation_factor": 0.5}"""
        ],
        "extrapolation_factor"
        "qwen2", [ "rope_theta", "" ], "rope_theta"
        "qwen2", [ "use_sliding_window", "true"; "sliding_window", "4" ], "max_window_layers"
        "qwen2", [ "use_sliding_window", "true"; "max_window_layers", "1" ], "sliding_window"
        "qwen2",
        [
            "use_sliding_window", "true"
            "sliding_window", "4"
            "layer_types", "[\"full_attention\"]"
        ],
        "layer_types"
        "qwen2",
        [
            "layer_types", """["sliding_attention", "full_attention", "full_attention", "full_attention"]"""
        ],
        "layer_types"
        "qwen3", [ "head_dim", "" ], "head_dim"
        "mistral",
        [
            "sliding_window", "4"
            "layer_types", """["full_attention", "full_attention", "full_attention", "full_attention"]"""
        ],
        "layer_types"
        "gpt2", [ "activation_function", "\"relu\"" ], "relu"
        "gpt2", [ "n_head", "3" ], "n_head"
        "gpt2", [ "scale_attn_weights", "false" ], "scale_attn_weights"
        "gpt2", [ "scale_attn_by_inverse_layer_idx", "true" ], "scale_attn_by_inverse_layer_idx"
        "gpt2", [ "add_cross_attention", "true" ], "add_cross_attention"
        "gpt2", [ "layer_norm_epsilon", "" ], "layer_norm_epsilon"
    ]

let private refusalTests =
    [
        for family, extra, named in refusals do
            testCase $"refused: {family} {extra}"
            <| fun () ->
                let message =
                    try
                        read family extra |> ignore
                        failtest "was accepted"
                    with :? InputException as e ->
                        e.Message

                Expect.stringContains message "config.json" "the file"
                Expect.stringContains message named "the field or the value"
    ]

let private notes =
    testCase "what is assumed is said"
    <| fun () ->
        Expect.hasLength (read "llama" [ "rope_theta", "" ]).Notes 1 "Llama 2 has no rope_theta"
        Expect.hasLength (read "mistral" []).Notes 1 "no sliding_window"
        Expect.isEmpty (read "llama" []).Notes "nothing"

/// What files say of their scaling beside what it reads, and changes nothing.
let private harmless =
    testCase "keys of a rotary scaling that change nothing are taken"
    <| fun () ->
        for scaling in
            [
                """{"rope_type": "linear", "factor": 2.0, "beta_fast": null, "original_max_position_embeddings": 64}"""
                """{"type": "linear", "rope_type": "linear", "factor": 2.0, "partial_rotary_factor": 1.0, "rope_theta": 1e4}"""
                """{"type": "yarn", "factor": 2.0, "original_max_position_embeddings": 32, "finetuned": true}"""
                """{"type": "dynamic", "factor": 2.0, "original_max_position_embeddings": 64}"""
            ] do
            Expect.isNotNull (read "llama" [ "rope_scaling", scaling ]).Scaling scaling

let private synonyms =
    testCase "names that mean the same activation"
    <| fun () ->
        Expect.equal (read "gpt2" [ "activation_function", "\"gelu_pytorch_tanh\"" ]).Layers 2 "GPT-2's"
        Expect.equal (read "llama" [ "hidden_act", "\"swish\"" ]).Layers 4 "Llama's"

let private biases =
    testCase "which maps have biases"
    <| fun () ->
        let found family extra =
            let config = read family extra
            config.QueryKeyValueBias, config.OutputBias, config.FeedForwardBias

        Expect.equal (found "llama" []) (false, false, false) "llama"
        Expect.equal (found "llama" [ "attention_bias", "true"; "mlp_bias", "true" ]) (true, true, true) "llama, all"
        Expect.equal (found "qwen2" []) (true, false, false) "qwen2"
        Expect.equal (found "qwen3" []) (false, false, false) "qwen3"
        Expect.equal (found "mistral" [ "attention_bias", "true" ]) (false, false, false) "mistral has none"
        Expect.equal (found "gpt2" []) (true, true, true) "gpt2"

/// Reading, writing and reading again gives the same configuration, in the family's classic form.
let private roundTrips () =
    [
        for name in FamilyFixture.names () do
            testCase $"written as read: {name}"
            <| fun () ->
                let config =
                    DecoderConfig.FromJson(
                        JsonNode.Parse((json $"fixtures/models/{name}/config.json").GetRawText())
                        |> nonNull
                        |> _.AsObject(),
                        name
                    )

                let written = config.ToJson()
                Expect.isFalse (written.ContainsKey "rope_parameters") "classic form"
                Expect.isTrue (written.ContainsKey "torch_dtype") "classic form"
                let again = DecoderConfig.FromJson(written, "written").ToJson()
                Expect.equal (again.ToJsonString()) (written.ToJsonString()) "the same"
    ]

[<Tests>]
let tests =
    testList
        "Configurations"
        [
            yield! windowTests
            yield! refusalTests
            notes
            harmless
            synonyms
            biases
            fixtureTests "fixtures" roundTrips
        ]
