/// Whole models from GGUF files: the reference implementation's logits, and a Qwen2 file written here from its Hub folder.
module LoRi.Training.Tests.GgufModelTests

open System
open System.Globalization
open System.IO
open System.Text
open System.Text.Json.Nodes
open Expecto
open LoRi.Files.Safetensors
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues
open TorchSharp

let private load (path: string) precision =
    NativeRuntime.Load()
    let struct (model, _) = ModelLoader.Load(path, LoadSettings.OnCpu precision)
    model

let private logits (model: ReasoningModel) (ids: int[]) =
    use _ = torch.NewDisposeScope()
    let rows = PaddedRows.Right([| ids |], torch.CPU)
    let weights = model.Weights()

    let result =
        model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows.Ids), rows.Positions())

    doubles (Decoder.Logits(weights, result.Final))

let private modelTest (folder: string) (precision: Precision) (array: string) =
    testCase $"{folder}: {array} and the greedy continuation"
    <| fun () ->
        let expected = json $"{folder}/expected.json"
        use golden = SafetensorsFile.Open(path $"{folder}/expected.safetensors")
        use model = load (path $"{folder}/model.gguf") precision
        let found = logits model (ints (expected.GetProperty "input_ids"))
        Expect.isLessThanOrEqual (FamilyChecks.distance (golden.ReadDoubles array) found) 1e-4 "logits"
        let greedy = expected.GetProperty "greedy"
        let wanted = ints (greedy.GetProperty "continuation")
        let plan = GenerationPlan(PlainReasoning.Explicit, [||], wanted.Length, [||])

        let written =
            AnswerGenerator.Generate(model, [| ints (greedy.GetProperty "prompt") |], plan)

        Expect.equal written[0] wanted "greedy continuation"

/// A GGUF file as converters write it: strings with 64-bit lengths, dimensions innermost first, data aligned to 32 bytes.
module Writing =
    type Value =
        | Text of string
        | Whole of int
        | Real of float
        | Texts of string list
        | Wholes of int list

    let text (writer: BinaryWriter) (value: string) =
        let bytes = Encoding.UTF8.GetBytes value
        writer.Write(uint64 bytes.Length)
        writer.Write bytes

    let entry (writer: BinaryWriter) (key: string) (value: Value) =
        text writer key

        match value with
        | Text value ->
            writer.Write 8u
            text writer value
        | Whole value ->
            writer.Write 4u
            writer.Write(uint32 value)
        | Real value ->
            writer.Write 6u
            writer.Write(float32 value)
        | Texts values ->
            writer.Write 9u
            writer.Write 8u
            writer.Write(uint64 values.Length)
            List.iter (text writer) values
        | Wholes values ->
            writer.Write 9u
            writer.Write 5u
            writer.Write(uint64 values.Length)
            List.iter (writer.Write: int -> unit) values

    let align (writer: BinaryWriter) =
        writer.Write(Array.zeroCreate<byte>(int ((32L - writer.BaseStream.Position % 32L) % 32L)))

    let file (path: string) (entries: (string * Value) list) (tensors: (string * int64 list * float32[]) list) =
        use writer = new BinaryWriter(File.Create path)
        writer.Write "GGUF"B
        writer.Write 3u
        writer.Write(uint64 tensors.Length)
        writer.Write(uint64 entries.Length)

        for key, value in entries do
            entry writer key value

        let mutable offset = 0UL

        for name, shape, values in tensors do
            text writer name
            writer.Write(uint32 shape.Length)

            for size in List.rev shape do
                writer.Write(uint64 size)

            writer.Write 0u
            writer.Write offset
            offset <- (offset + uint64 (4 * values.Length) + 31UL) / 32UL * 32UL

        for _, _, values in tensors do
            align writer

            for value in values do
                writer.Write value

        align writer

/// What converters call the modules of Qwen2.
let private ggufNames =
    [
        "model.embed_tokens", "token_embd"
        "model.norm", "output_norm"
        "input_layernorm", "attn_norm"
        "self_attn.q_proj", "attn_q"
        "self_attn.k_proj", "attn_k"
        "self_attn.v_proj", "attn_v"
        "self_attn.o_proj", "attn_output"
        "post_attention_layernorm", "ffn_norm"
        "mlp.gate_proj", "ffn_gate"
        "mlp.up_proj", "ffn_up"
        "mlp.down_proj", "ffn_down"
        "model.layers", "blk"
        "lm_head", "output"
    ]

let private ggufName (hub: string) =
    ggufNames |> List.fold (fun (name: string) (from, into) -> name.Replace(from, into)) hub

let private qwen2Entries (config: JsonObject) : (string * Writing.Value) list =
    let number (name: string) =
        Writing.Whole((nonNull config[name]).GetValue<int>())

    let real (name: string) =
        Writing.Real(Double.Parse((nonNull config[name]).ToJsonString(), CultureInfo.InvariantCulture))

    [
        "general.architecture", Writing.Text "qwen2"
        "qwen2.block_count", number "num_hidden_layers"
        "qwen2.context_length", number "max_position_embeddings"
        "qwen2.embedding_length", number "hidden_size"
        "qwen2.feed_forward_length", number "intermediate_size"
        "qwen2.attention.head_count", number "num_attention_heads"
        "qwen2.attention.head_count_kv", number "num_key_value_heads"
        "qwen2.rope.freq_base", real "rope_theta"
        "qwen2.attention.layer_norm_rms_epsilon", real "rms_norm_eps"
        "tokenizer.ggml.eos_token_id", number "eos_token_id"
    ]

/// Rows of queries and keys stay as they are in this architecture, and it has biases.
let private qwen2 (checkpoint: FamilyFixture.Checkpoint) =
    testCase $"{checkpoint.Name}: a file written from the Hub folder gives the folder's logits"
    <| fun () ->
        let folder = checkpoint.Path
        let file = Path.Combine(Path.GetTempPath(), $"lori-{Guid.NewGuid():N}.gguf")

        try
            use weights = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"))

            let tensors =
                [
                    for entry in weights.Entries ->
                        ggufName entry.Name, List.ofSeq entry.Shape, Array.map float32 (weights.ReadDoubles entry.Name)
                ]

            let config =
                JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))
                |> nonNull
                |> _.AsObject()

            Writing.file file (qwen2Entries config) tensors
            use fromGguf = load file Precision.Full
            use fromFolder = load folder Precision.Full
            let ids = FamilyFixture.ids "single_ids" checkpoint
            Expect.equal (logits fromGguf ids) (logits fromFolder ids) "the same bits"
            Expect.equal (List.ofSeq fromGguf.Config.EosIds) (List.ofSeq fromFolder.Config.EosIds) "end token"
        finally
            File.Delete file

[<Tests>]
let tests =
    fixtureTests "GGUF models" (fun () ->
        [
            for folder in foldersWith "model.gguf" "fixtures/gguf" do
                modelTest folder Precision.Exact "logits.f64"
                modelTest folder Precision.Full "logits.f32"
            for name in FamilyFixture.namesOf "qwen2" do
                let checkpoint = FamilyFixture.checkpoint name

                if File.Exists(Path.Combine(checkpoint.Path, "model.safetensors")) then
                    qwen2 checkpoint
        ])
