/// A tiny Hub folder with everything that the commands need: a Llama of two blocks, a word-level tokenizer, and rows of data.
module LoRi.Cli.Tests.TinyFolder

open System
open System.IO
open LoRi.Files.Safetensors

/// The vocabulary, by id.
let words =
    [
        "<s>"
        "</s>"
        "<unk>"
        " "
        "\n"
        "The"
        "answer"
        "is"
        ":"
        "What"
        "?"
        "+"
        "="
        "#"
        "."
    ]
    @ [ for digit in 0..9 -> string digit ]

let private width, inner, heads, kvHeads, layers = 8, 12, 2, 1, 2

let config =
    $"""{{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": {width},
"intermediate_size": {inner}, "num_hidden_layers": {layers}, "num_attention_heads": {heads}, "num_key_value_heads": {kvHeads},
"head_dim": 4, "vocab_size": {words.Length}, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true,
"max_position_embeddings": 64, "bos_token_id": 0, "eos_token_id": 1}}"""

let tokenizer =
    let quoted (word: string) = Text.Json.JsonSerializer.Serialize word

    let vocabulary =
        words |> List.mapi (fun id word -> $"{quoted word}: {id}") |> String.concat ", "

    let special id =
        let properties =
            """"single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true"""

        $"""{{"id": {id}, "content": {quoted words[id]}, {properties}}}"""

    $"""{{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [{special 0}, {special 1}], "normalizer": null,
"pre_tokenizer": {{"type": "Split", "pattern": {{"Regex": "[A-Za-z]+|\\d|[^A-Za-z0-9]"}}, "behavior": "Isolated", "invert": false}},
"post_processor": null, "decoder": {{"type": "Fuse"}},
"model": {{"type": "WordLevel", "vocab": {{{vocabulary}}}, "unk_token": "<unk>"}}}}"""

/// Weights by name, with the shapes that the configuration asks for.
let weights: SafetensorsContent list =
    let tensor name (shape: int64 list) =
        let count = shape |> List.fold (*) 1L |> int
        let start = float (Seq.sumBy int name)
        SafetensorsContent.FromDoubles(name, shape, Array.init count (fun i -> 0.3 * sin (start + float (7 * i))))

    let norm name =
        SafetensorsContent.FromDoubles(name, [ int64 width ], Array.create width 1.0)

    let d, f, q, kv = int64 width, int64 inner, int64 (4 * heads), int64 (4 * kvHeads)

    [
        tensor "model.embed_tokens.weight" [ int64 words.Length; d ]
        norm "model.norm.weight"
        for layer in 0 .. layers - 1 do
            let prefix = $"model.layers.{layer}."
            norm (prefix + "input_layernorm.weight")
            norm (prefix + "post_attention_layernorm.weight")
            tensor (prefix + "self_attn.q_proj.weight") [ q; d ]
            tensor (prefix + "self_attn.k_proj.weight") [ kv; d ]
            tensor (prefix + "self_attn.v_proj.weight") [ kv; d ]
            tensor (prefix + "self_attn.o_proj.weight") [ d; q ]
            tensor (prefix + "mlp.gate_proj.weight") [ f; d ]
            tensor (prefix + "mlp.up_proj.weight") [ f; d ]
            tensor (prefix + "mlp.down_proj.weight") [ d; f ]
    ]

/// Rows of generic data.
let rows =
    [
        for a in 1..4 ->
            $"""{{"question": "What is {a} + 2 ?", "rationale": ["{a} + 2 = {a + 2}"], "answer": "{a + 2}"}}"""
    ]

/// Writes a model folder and gives its path.
let model (parent: string) (name: string) =
    let folder = Path.Combine(parent, name)
    Directory.CreateDirectory folder |> ignore
    File.WriteAllText(Path.Combine(folder, "config.json"), config)
    File.WriteAllText(Path.Combine(folder, "tokenizer.json"), tokenizer)
    SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), weights)
    folder

/// Writes rows of data and gives the file's path.
let data (parent: string) (name: string) (lines: string list) =
    let path = Path.Combine(parent, name)
    File.WriteAllText(path, lines |> List.map (fun line -> line + "\n") |> String.concat "")
    path
