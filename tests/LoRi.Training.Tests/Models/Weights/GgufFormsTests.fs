/// What the metadata of a GGUF model may say of positions, windows, ends and vocabulary.
module LoRi.Training.Tests.GgufFormsTests

open System
open System.IO
open Expecto
open LoRi.Files.Gguf
open LoRi.Files.Tokenizers
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Native
open LoRi.Models.Weights
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

/// A tiny Llama of which one key is another one.
let private without key more (run: string -> unit) =
    let file = Path.Combine(Path.GetTempPath(), $"lori-{Guid.NewGuid():N}.gguf")

    try
        LoRi.Training.Tests.GgufModelTests.Writing.file
            file
            ((entries |> List.filter (fun (name, _) -> name <> key)) @ more)
            tensors

        run file
    finally
        File.Delete file

let private logits (file: string) =
    NativeRuntime.Load()

    LoRi.Runs.Answers.ModelQueries
        .Logits(
            file,
            [| 3; 4; 5 |],
            LoRi.Runs.Settings.DtypeOption.F64,
            LoRi.Runs.Settings.DeviceOption.Cpu,
            null,
            null
        )
        .Last

let private perBlock =
    testCase "numbers of blocks: the same for all are one number, others are refused"
    <| fun () ->
        let mutable wanted = [||]
        withFile [] [] (fun file -> wanted <- logits file)

        for key, value in
            [
                "attention.head_count_kv", 1
                "attention.head_count", 2
                "feed_forward_length", 12
            ] do
            let key = "llama." + key
            without key [ key, Wholes [ value ] ] (fun file -> Expect.equal (logits file) wanted key)

            without key [ key, Wholes [ value; value + 1 ] ] (fun file ->
                let message = refusalOf (fun () -> config file |> ignore)
                Expect.stringContains message "numbers per block are not supported" key
                Expect.stringContains message key "the key")

        without "llama.block_count" [ "llama.block_count", Text "1" ] (fun file ->
            let message = refusalOf (fun () -> config file |> ignore)
            Expect.stringContains message "is a string where an integer is needed" "another kind"
            Expect.isFalse (message.Contains "damaged") message)

let private bias name count =
    $"blk.0.{name}.bias", [ int64 count ], Array.init count (fun i -> 0.1f * float32 (i + 1))

let private attentionBiases =
    [ bias "attn_q" 8; bias "attn_k" 4; bias "attn_v" 4; bias "attn_output" 8 ]

/// The file's order of the two halves of each head of 4: its value 2j + s is the Hub's s * 2 + j.
let private ofHub (values: float[]) =
    values
    |> Array.chunkBySize 4
    |> Array.collect (fun head -> [| head[0]; head[2]; head[1]; head[3] |])

let private biases =
    [
        testCase "biases of a llama file are those of the Hub, in the order of the rows"
        <| fun () ->
            withFile [] (attentionBiases @ [ bias "ffn_gate" 12; bias "ffn_up" 12; bias "ffn_down" 8 ]) (fun file ->
                let config = config file

                Expect.equal
                    (config.QueryKeyValueBias, config.OutputBias, config.FeedForwardBias)
                    (true, true, true)
                    "which maps"

                use source = GgufCheckpoint.Open file

                for name, ordered in [ "q_proj", ofHub; "k_proj", ofHub; "v_proj", id; "o_proj", id ] do
                    let found =
                        source.ReadFloats $"model.layers.0.self_attn.{name}.bias" |> Array.map float

                    let stored = Array.init found.Length (fun i -> float (0.1f * float32 (i + 1)))
                    Expect.equal found (ordered stored) name

                    use read =
                        source.Read($"model.layers.0.self_attn.{name}.bias", TorchSharp.torch.ScalarType.Float64)

                    Expect.equal (doubles read) found $"{name} as a tensor"

                Expect.notEqual (logits file) [||] "logits")
        testCase "biases of some maps alone are refused by the file's own name"
        <| fun () ->
            withFile [] (List.take 3 attentionBiases) (fun file ->
                let message = refusalOf (fun () -> logits file |> ignore)
                Expect.stringContains message "\"blk.0.attn_output.bias\"" "which"
                Expect.stringContains message "biases of some maps" "why")
    ]

/// A sound file of which one thing is not read here: what the message says, and that it speaks of no other cause.
let private otherCauses =
    let split no count =
        [ "split.no", Whole no; "split.count", Whole count ]

    [
        for name, more, said in
            [
                "a part of a set", split 0 2, "is file 1 of the 2"
                "the last part", split 2 3, "is file 3 of the 3"
                "a part without a number", [ "split.count", Whole 2 ], "is one of the 2"
            ] do
            testCase $"refused: {name}"
            <| fun () ->
                withFile more [] (fun file ->
                    let message = refusalOf (fun () -> config file |> ignore)
                    Expect.stringContains message said "which"
                    Expect.stringContains message "llama-gguf-split --merge" "what to do")
        testCase "a set of one is a whole model"
        <| fun () -> withFile (split 0 1) [] (fun file -> Expect.equal (config file).Layers 1 "blocks")
        testCase "tensors that do not fit are called as the file calls them"
        <| fun () ->
            withFile [] [ "blk.0.attn_norm.bias", [ 8L ], values 8 ] (fun file ->
                let message = refusalOf (fun () -> logits file |> ignore)
                Expect.stringContains message "blk.0.attn_norm.bias" "its name"
                Expect.isFalse (message.Contains "config.json") message)
        for at, value, said in [ 4, 1uy, "version 1"; 7, 2uy, "" ] do
            testCase $"refused: byte {at} of the head is {value}"
            <| fun () ->
                withFile [] [] (fun file ->
                    let bytes = File.ReadAllBytes file

                    if at = 7 then
                        bytes[4] <- 0uy

                    bytes[at] <- value

                    if at = 7 then
                        bytes[7] <- 3uy

                    File.WriteAllBytes(file, bytes)
                    let message = refusalOf (fun () -> config file |> ignore)
                    Expect.stringContains message (if said = "" then "big-endian" else said) "why"
                    Expect.isFalse (message.Contains "damaged") message)
        testCase "refused: a type that is newer"
        <| fun () ->
            withFile [] [] (fun file ->
                let bytes = File.ReadAllBytes file
                let name = Text.Encoding.UTF8.GetBytes "output_norm.weight"
                let at = bytes.AsSpan().IndexOf(ReadOnlySpan name) + name.Length + 4 + 8
                Expect.equal bytes[at] 0uy "the type is F32"
                bytes[at] <- 41uy
                File.WriteAllBytes(file, bytes)
                let message = refusalOf (fun () -> config file |> ignore)
                Expect.stringContains message "type number 41" "which"
                Expect.isFalse (message.Contains "damaged") message)
        testCase "what is another kind of file is called so"
        <| fun () ->
            for content, named in
                [
                    "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git LFS"
                    "<!DOCTYPE html><html></html>", "a web page"
                    "PK\003\004....................", "a zip archive"
                ] do
                let file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.gguf")
                File.WriteAllText(file, content, Text.Encoding.Latin1)

                try
                    let message = refusalOf (fun () -> GgufFile.Open file |> ignore)
                    Expect.stringContains message named "what it is"
                    Expect.stringEnds message "a GGUF file is wanted here" "what is wanted"
                finally
                    File.Delete file
        testCase "a folder of parts says so"
        <| fun () ->
            let folder = Directory.CreateTempSubdirectory("lori-parts-").FullName

            try
                for part in 1..2 do
                    File.WriteAllText(Path.Combine(folder, $"m-0000{part}-of-00002.gguf"), "GGUF")

                let message = refusalOf (fun () -> Checkpoint.Open folder |> ignore)
                Expect.stringContains message "parts of one model" "what they are"
            finally
                Directory.Delete(folder, true)
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

/// A type that is known by name but cannot be read.
let private unreadable =
    testCase "a type that cannot be read is named"
    <| fun () ->
        withFile [] [ "extra", [ 4L ], values 4 ] (fun file ->
            let bytes = File.ReadAllBytes file
            let name = ReadOnlySpan "extra"B
            // Behind the name: the number of dimensions, one dimension, the type.
            bytes[bytes.AsSpan().IndexOf name + name.Length + 12] <- 26uy
            File.WriteAllBytes(file, bytes)
            use opened = GgufFile.Open file
            Expect.stringContains (refusalOf (fun () -> opened.ReadFloats "extra" |> ignore)) "I32" "the type")

[<Tests>]
let tests =
    testList
        "GGUF forms"
        (rotationTests
         @ refusalTests
         @ biases
         @ otherCauses
         @ [ perBlock; ends; windows; vocabularies; unreadable ])
