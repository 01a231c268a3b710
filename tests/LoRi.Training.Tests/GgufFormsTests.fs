/// What the metadata of a GGUF model may say of positions, windows, ends and vocabulary.
module LoRi.Training.Tests.GgufFormsTests

open System
open System.IO
open Expecto
open LoRi.Training
open LoRi.Training.Checkpoints
open LoRi.Training.ModelFiles
open LoRi.Training.Models
open LoRi.Training.Tokenizers
open LoRi.Training.Tests.GgufModelTests.Writing
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues

let private values count =
    Array.init count (fun i -> 0.3f * float32 (sin (float (7 * i))))

let private tensors: (string * int64 list * float32[]) list =
    [
        for name, shape in
            [
                "token_embd", [ 25L; 8L ]
                "output_norm", [ 8L ]
                "blk.0.attn_norm", [ 8L ]
                "blk.0.attn_q", [ 8L; 8L ]
                "blk.0.attn_k", [ 4L; 8L ]
                "blk.0.attn_v", [ 4L; 8L ]
                "blk.0.attn_output", [ 8L; 8L ]
                "blk.0.ffn_norm", [ 8L ]
                "blk.0.ffn_gate", [ 12L; 8L ]
                "blk.0.ffn_up", [ 12L; 8L ]
                "blk.0.ffn_down", [ 8L; 12L ]
            ] do
            name + ".weight", shape, values (int (List.reduce (*) shape))
    ]

let private entries: (string * Value) list =
    [
        "general.architecture", Text "llama"
        "llama.block_count", Whole 1
        "llama.context_length", Whole 64
        "llama.embedding_length", Whole 8
        "llama.feed_forward_length", Whole 12
        "llama.attention.head_count", Whole 2
        "llama.attention.head_count_kv", Whole 1
        "llama.attention.layer_norm_rms_epsilon", Real 1e-5
        "llama.rope.freq_base", Real 10000.0
    ]

/// A tiny Llama with more metadata and tensors.
let private withFile more extra (run: string -> unit) =
    let file = Path.Combine(Path.GetTempPath(), $"lori-{Guid.NewGuid():N}.gguf")

    try
        LoRi.Training.Tests.GgufModelTests.Writing.file file (entries @ more) (tensors @ extra)
        run file
    finally
        File.Delete file

let private config (file: string) =
    use source = GgufCheckpoint.Open file
    DecoderConfig.FromJson(source.Config, file)

let private table (divisors: float32 list) : (string * int64 list * float32[]) list =
    [ "rope_freqs.weight", [ int64 divisors.Length ], Array.ofList divisors ]

let private scaling (kind: string) (more: (string * Value) list) =
    ("llama.rope.scaling.type", Text kind)
    :: [ for key, value in more -> "llama.rope.scaling." + key, value ]

/// Metadata, tensors, and the frequencies of the two pairs of components.
let private rotations =
    [
        [], [], [ 1.0; 0.01 ], 1.0
        scaling "none" [ "factor", Real 4.0 ], [], [ 1.0; 0.01 ], 1.0
        scaling "linear" [ "factor", Real 4.0 ], [], [ 0.25; 0.0025 ], 1.0
        [ "llama.rope.scale_linear", Real 4.0 ], [], [ 0.25; 0.0025 ], 1.0
        [], table [ 1f; 8f ], [ 1.0; 0.00125 ], 1.0
        scaling "none" [], table [ 2f; 1f ], [ 0.5; 0.01 ], 1.0
        scaling "yarn" [ "factor", Real 4.0; "original_context_length", Whole 16 ],
        [],
        [ 1.0; 0.0025 ],
        0.1 * log 4.0 + 1.0
        scaling
            "yarn"
            [
                "factor", Real 4.0
                "original_context_length", Whole 16
                "yarn_beta_fast", Real 1e-6
                "yarn_beta_slow", Real 1e-7
                "yarn_attn_factor", Real 0.5
            ],
        [],
        [ 1.0; 0.01 ],
        0.5 * (0.1 * log 4.0 + 1.0)
    ]

let private rotationTests =
    [
        for more, extra, wanted, attention in rotations do
            testCase $"rotary positions: {more} {List.length extra}"
            <| fun () ->
                withFile more extra (fun file ->
                    let rotary = (config file).Rotary
                    let found = rotary.Frequencies 10

                    for i, frequency in List.indexed wanted do
                        near 1e-7 frequency found[i] $"frequency {i}"

                    near 1e-7 attention rotary.AttentionFactor "factor on the angles"
                    NativeRuntime.Load()
                    let struct (model, _) = ModelLoader.Load(file, LoadSettings.OnCpu Precision.Full)
                    use model = model
                    let again = DecoderConfig.FromJson(model.Config.ToJson(), "written").Rotary
                    Expect.equal again.Scaling rotary.Scaling "the written configuration says the same")
    ]

/// Metadata, tensors, and what the message must name.
let private refusals =
    [
        scaling "longrope" [], [], "longrope"
        scaling "linear" [ "factor", Real -1.0 ], [], "llama.rope.scaling.factor"
        scaling "linear" [ "factor", Real 2.0 ], table [ 1f; 1f ], "rope_freqs.weight"
        scaling "linear" [ "factor", Real 2.0; "attn_factor", Real 0.5 ], [], "attn_factor"
        scaling "yarn" [ "factor", Real 2.0 ], [], "original_context_length"
        scaling
            "yarn"
            [
                "factor", Real 2.0
                "original_context_length", Whole 16
                "yarn_log_multiplier", Real 0.1
            ],
        [],
        "yarn_log_multiplier"
        [], table [ 1f; 2f; 3f ], "rope_freqs.weight is F32 [3]"
        [], table [ 1f; 0f ], "rope_freqs.weight holds 0"
        [], table [ nanf; 1f ], "rope_freqs.weight holds NaN"
        [ "llama.attention.sliding_window", Whole 16 ], [], "llama.attention.sliding_window is 16"
    ]

let private refusalTests =
    [
        for more, extra, named in refusals do
            testCase $"refused: {named}"
            <| fun () ->
                withFile more extra (fun file ->
                    let message = refusalOf (fun () -> config file |> ignore)
                    Expect.stringContains message file "the file"
                    Expect.stringContains message named "the key or tensor")
    ]

let private ends =
    testCase "ends of turns and messages end an answer too, after the end of a text"
    <| fun () ->
        let id name value =
            $"tokenizer.ggml.{name}_token_id", Whole value

        for more, wanted in
            [
                [], []
                [ id "eos" 3 ], [ 3 ]
                [ id "eot" 4; id "eos" 3; id "eom" 5 ], [ 3; 4; 5 ]
                [ id "eos" 3; id "eot" 3 ], [ 3 ]
            ] do
            withFile more [] (fun file -> Expect.equal (List.ofSeq (config file).EosIds) wanted $"{more}")

let private windows =
    testCase "a window that no sequence reaches changes nothing"
    <| fun () ->
        for window in [ 0; 64; 4096 ] do
            withFile [ "llama.attention.sliding_window", Whole window ] [] (fun file ->
                Expect.isFalse (config file).SlidingWindow.HasValue $"{window}")

let private vocabularies =
    testCase "other names of Llama 3's pre-tokenizer"
    <| fun () ->
        let tokens =
            [
                for value in 0..255 -> ByteAlphabet.Write(byte value)
                yield! [ "12"; "123"; "<s>" ]
            ]

        let load (pre: string) check =
            withFile
                [
                    "tokenizer.ggml.model", Text "gpt2"
                    "tokenizer.ggml.pre", Text pre
                    "tokenizer.ggml.tokens", Texts tokens
                    "tokenizer.ggml.merges", Texts [ "1 2"; "12 3" ]
                    "tokenizer.ggml.bos_token_id", Whole 258
                ]
                []
                (TokenizerFile.Load >> check)

        load "llama-bpe" (fun wanted ->
            Expect.equal
                (Array.take 2 (wanted.Encode "1234"))
                [| 258; 257 |]
                "groups of three digits, after a begin token"

            for name in [ "llama3"; "llama-v3" ] do
                load name (fun found -> Expect.equal (found.Encode "x 1234 y") (wanted.Encode "x 1234 y") name))

[<Tests>]
let tests =
    testList "GGUF forms" (rotationTests @ refusalTests @ [ ends; windows; vocabularies ])
