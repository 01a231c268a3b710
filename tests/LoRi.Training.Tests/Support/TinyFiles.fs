/// Small valid files of every kind that is read from outside, made here.
module LoRi.Training.Tests.TinyFiles

open System
open System.IO
open System.Text
open System.Text.Json
open LoRi.Files.Safetensors
open LoRi.Files.Tokenizers
open LoRi.Cli.Tests

let private utf8 (text: string) = Encoding.UTF8.GetBytes text

/// The bytes that something writes to a file.
let private written (write: string -> unit) =
    let path = Path.GetTempFileName()

    try
        write path
        File.ReadAllBytes path
    finally
        File.Delete path

/// Weights of the tiny Llama, and tensors of several types with notes.
let safetensors =
    lazy
        [|
            written (fun path -> SafetensorsWriter.Write(path, TinyFolder.weights))
            written (fun path ->
                let tensor name dtype shape (bytes: int) =
                    SafetensorsContent(
                        name,
                        dtype,
                        shape,
                        (fun stream -> stream.Write(Array.zeroCreate<byte> bytes, 0, bytes))
                    )

                SafetensorsWriter.Write(
                    path,
                    [
                        tensor "a" "F32" [ 2L; 3L ] 24
                        tensor "b" "BF16" [ 5L ] 10
                        tensor "empty" "F64" [ 0L; 4L ] 0
                        tensor "scalar" "I64" [] 8
                        tensor "f4" "F4" [ 4L ] 2
                        tensor "bool" "BOOL" [ 3L ] 3
                    ],
                    Map [ "format", "pt"; "note", "ü" ]
                ))
        |]

/// Two shards, and their index.
let shards =
    [
        "model-00001-of-00002.safetensors", "a"
        "model-00002-of-00002.safetensors", "b"
    ]

let writeShards (folder: string) =
    for file, tensor in shards do
        SafetensorsWriter.Write(
            Path.Combine(folder, file),
            [ SafetensorsContent.FromFloats(tensor, [ 3L ], [| 1f; 2f; 3f |]) ]
        )

let index =
    lazy
        (let map =
            String.Join(", ", [ for file, tensor in shards -> $"\"{tensor}\": \"{file}\"" ])

         [| utf8 $"""{{"metadata": {{"total_size": 24}}, "weight_map": {{{map}}}}}""" |])

let config = lazy [| utf8 TinyFolder.config |]

/// An adapter with every key that is followed.
let adapter =
    lazy
        [|
            utf8
                """{"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "owner/tiny", "bias": "none", "r": 4,
"lora_alpha": 8, "lora_dropout": 0.1, "use_rslora": true, "use_dora": false, "target_modules": ["q_proj", "up_proj"],
"exclude_modules": null, "layers_to_transform": [0, 1], "layers_pattern": null, "rank_pattern": {"q_proj": 2},
"alpha_pattern": {"layers.0.self_attn.q_proj": 16}, "modules_to_save": null, "fan_in_fan_out": false, "init_lora_weights": true,
"trainable_token_indices": {"embed_tokens": [1, 2]}, "inference_mode": true}"""
        |]

/// A byte-level BPE vocabulary of all bytes and three merges.
let private byteLevel =
    lazy
        (let letters =
            [
                for code in 0..255 -> ByteAlphabet.Write(ReadOnlySpan [| char code |]).Substring(0, 1)
            ]
            |> List.distinct

         let entries =
             letters @ [ "th"; "the"; "Ġthe" ]
             |> List.mapi (fun id token -> $"{JsonSerializer.Serialize token}: {id}")

         $"""{{"version": "1.0",
"added_tokens": [{{"id": 259, "content": "<|end|>", "special": true, "single_word": false, "lstrip": true, "rstrip": false, "normalized": false}}],
"normalizer": {{"type": "Sequence", "normalizers": [{{"type": "NFC"}}]}},
"pre_tokenizer": {{"type": "Sequence", "pretokenizers": [{{"type": "Digits", "individual_digits": true}},
  {{"type": "Split", "pattern": {{"Regex": " ?\\p{{L}}+|\\s+"}}, "behavior": "Isolated", "invert": false}},
  {{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}}]}},
"post_processor": {{"type": "TemplateProcessing", "single": [{{"SpecialToken": {{"id": "<|end|>", "type_id": 0}}}}, {{"Sequence": {{"id": "A", "type_id": 0}}}}],
  "special_tokens": {{"<|end|>": {{"id": "<|end|>", "ids": [259], "tokens": ["<|end|>"]}}}}}},
"decoder": {{"type": "ByteLevel"}},
"model": {{"type": "BPE", "ignore_merges": false, "vocab": {{{String.Join(", ", entries)}}}, "merges": ["t h", ["th", "e"], "Ġ the"]}}}}""")

let tokenizers = lazy [| utf8 TinyFolder.tokenizer; utf8 (byteLevel.Force()) |]

let private string (writer: BinaryWriter) (text: string) =
    let bytes = utf8 text
    writer.Write(uint64 bytes.Length)
    writer.Write bytes

/// A GGUF file of the tiny Llama's shape, with a vocabulary of its own.
let gguf =
    lazy
        (use stream = new MemoryStream()
         use writer = new BinaryWriter(stream)
         let tokens = [ for id in 0..24 -> $"t{id}" ]

         let entry key (kind: int) (value: unit -> unit) =
             fun () ->
                 string writer key
                 writer.Write kind
                 value ()

         let whole key (value: int) =
             entry key 4 (fun () -> writer.Write value)

         let real key (value: float32) =
             entry key 6 (fun () -> writer.Write value)

         let text key value =
             entry key 8 (fun () -> string writer value)

         let texts key values =
             entry key 9 (fun () ->
                 writer.Write 8
                 writer.Write(uint64 (List.length values))
                 List.iter (string writer) values)

         let entries =
             [
                 text "general.architecture" "llama"
                 whole "llama.block_count" 2
                 whole "llama.context_length" 64
                 whole "llama.embedding_length" 8
                 whole "llama.feed_forward_length" 12
                 whole "llama.attention.head_count" 2
                 whole "llama.attention.head_count_kv" 1
                 whole "llama.attention.key_length" 4
                 whole "llama.rope.dimension_count" 4
                 real "llama.attention.layer_norm_rms_epsilon" 1e-5f
                 real "llama.rope.freq_base" 10000f
                 text "tokenizer.ggml.model" "gpt2"
                 text "tokenizer.ggml.pre" "gpt-2"
                 texts "tokenizer.ggml.tokens" tokens
                 entry "tokenizer.ggml.token_type" 9 (fun () ->
                     writer.Write 5
                     writer.Write 25UL

                     for _ in tokens do
                         writer.Write 1)
                 texts "tokenizer.ggml.merges" []
                 whole "tokenizer.ggml.eos_token_id" 1
             ]

         let names =
             [
                 "token_embd", [ 25; 8 ]
                 "output_norm", [ 8 ]
                 for layer in 0..1 do
                     for part, shape in
                         [
                             "attn_norm", [ 8 ]
                             "attn_q", [ 8; 8 ]
                             "attn_k", [ 4; 8 ]
                             "attn_v", [ 4; 8 ]
                             "attn_output", [ 8; 8 ]
                             "ffn_norm", [ 8 ]
                             "ffn_gate", [ 12; 8 ]
                             "ffn_up", [ 12; 8 ]
                             "ffn_down", [ 8; 12 ]
                         ] do
                         $"blk.{layer}.{part}", shape
             ]

         writer.Write "GGUF"B
         writer.Write 3
         writer.Write(uint64 names.Length)
         writer.Write(uint64 entries.Length)
         entries |> List.iter (fun write -> write ())
         let mutable offset = 0UL

         for name, shape in names do
             string writer (name + ".weight")
             writer.Write shape.Length

             for size in List.rev shape do
                 writer.Write(uint64 size)

             writer.Write 0
             writer.Write offset
             offset <- offset + uint64 ((4 * List.reduce (*) shape + 31) / 32 * 32)

         writer.Write(Array.zeroCreate<byte>(int ((32L - stream.Position % 32L) % 32L)))

         for i in 0 .. int offset / 4 - 1 do
             writer.Write(0.3f * float32 (sin (float (7 * i))))

         writer.Flush()
         [| stream.ToArray() |])
