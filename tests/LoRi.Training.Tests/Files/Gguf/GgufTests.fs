module LoRi.Training.Tests.GgufTests

open System
open System.Collections
open System.IO
open System.Runtime.InteropServices
open System.Security.Cryptography
open System.Text.Json
open Expecto
open LoRi.Files.Gguf
open LoRi.Files.Safetensors
open LoRi.Models.Weights
open LoRi.Training.Tests.SharedFiles

let private sizes (name: string) (value: JsonElement) =
    [ for size in items name value -> size.GetInt64() ]

let private sha256 (floats: float32[]) =
    Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(ReadOnlySpan floats)))

/// Rounds to the nearest bfloat16, ties to even.
let private bfloat16 (value: float32) =
    let bits = BitConverter.SingleToUInt32Bits value
    uint16 ((bits + 0x7FFFu + ((bits >>> 16) &&& 1u)) >>> 16)

let rec private sameValue (expected: JsonElement) (found: obj) =
    match found with
    | :? string as s -> expected.GetString() = s
    | :? bool as b -> expected.GetBoolean() = b
    | :? uint64 as n -> expected.GetUInt64() = n
    | :? float32 as x -> expected.GetDouble() = float x
    | :? float as x -> expected.GetDouble() = x
    | :? IEnumerable as list ->
        let expected = [ for item in expected.EnumerateArray() -> item ]
        let found = [ for item in list -> item ]
        expected.Length = found.Length && List.forall2 sameValue expected found
    | number -> expected.GetInt64() = Convert.ToInt64 number

let private containerTest (case: JsonElement) =
    testCase $"""{text "file" case}: {text "what" case}"""
    <| fun () ->
        let file = path $"""fixtures/gguf/{text "file" case}"""

        match text "expected" case with
        | "accept" ->
            use opened = GgufFile.Open file

            for tensor in items "tensors" case do
                let found = opened.Get(text "name" tensor)
                Expect.equal found.Type.Id (tensor.GetProperty("type_id").GetUInt32()) "type"
                Expect.sequenceEqual found.Shape (sizes "shape_rows_first" tensor) "shape"
                Expect.equal (Convert.ToHexStringLower(opened.Bytes found)) (text "hex" tensor) "bytes"

            match case.TryGetProperty "metadata" with
            | true, metadata ->
                for entry in metadata.EnumerateObject() do
                    Expect.isTrue (sameValue entry.Value opened.Metadata[entry.Name]) entry.Name
            | _ -> ()
        | "reject" -> Expect.stringContains (refusal (fun () -> GgufFile.Open file)) file "the message names the file"
        | _ ->
            try
                (GgufFile.Open file).Dispose()
            with :? LoRi.Files.InputException ->
                ()

let private blockTest (entry: JsonProperty) =
    let tensor = entry.Name.Split('.')[1]

    testCase entry.Name
    <| fun () ->
        let file = path $"""fixtures/gguf/quant/{text "file" entry.Value}"""
        use opened = GgufFile.Open file

        use expected = SafetensorsFile.Open(path "fixtures/gguf/quant/expected.safetensors")
        Expect.sequenceEqual (opened.Get tensor).Shape (sizes "shape_rows_first" entry.Value) "shape"
        let found = opened.ReadFloats tensor
        let bytes = MemoryMarshal.AsBytes(ReadOnlySpan found).ToArray()
        Expect.isTrue (bytes.AsSpan().SequenceEqual(expected.Bytes(expected.Get entry.Name))) "the same bits"

let private modelTest (folder: string) =
    testCase folder
    <| fun () ->
        let expected = json $"{folder}/expected.json"
        use opened = GgufCheckpoint.Open(path $"{folder}/model.gguf")

        for entry in expected.GetProperty("config").EnumerateObject() do
            let found =
                JsonDocument.Parse(opened.Config.ToJsonString()).RootElement.GetProperty entry.Name

            Expect.isTrue
                (JsonElement.DeepEquals(found, entry.Value) || found.GetDouble() = entry.Value.GetDouble())
                entry.Name

        let weights = expected.GetProperty "weights_float32_le"
        Expect.equal opened.Tensors.Count (weights.EnumerateObject() |> Seq.length) "number of tensors"

        for tensor in opened.Tensors do
            let wanted = weights.GetProperty tensor.Name
            Expect.sequenceEqual tensor.Shape (sizes "shape" wanted) "shape"
            Expect.equal (sha256 (opened.ReadFloats tensor.Name)) (text "sha256" wanted) tensor.Name

let private smolTest () =
    let folder = "models/smollm2-135m-instruct"

    testCase "SmolLM2: every weight, as float32 and rounded to bfloat16"
    <| fun () ->
        use opened = Checkpoint.Open(path folder) :?> GgufCheckpoint
        let expected = items "tensors" (json $"{folder}/expected.json")
        Expect.equal opened.Tensors.Count expected.Length "number of tensors"

        for tensor in expected do
            let name = text "name" tensor
            let values = opened.ReadFloats name
            Expect.equal (sha256 values) (text "sha256_float32" tensor) name
            let rounded = Array.map bfloat16 values

            let sum =
                SHA256.HashData(MemoryMarshal.AsBytes(ReadOnlySpan rounded)) |> Convert.ToHexStringLower

            Expect.equal sum (text "sha256_bfloat16" tensor) name

        let config = json $"{folder}/config.json"
        let found = JsonDocument.Parse(opened.Config.ToJsonString()).RootElement

        for key in
            [
                "hidden_size"
                "intermediate_size"
                "num_hidden_layers"
                "num_attention_heads"
                "num_key_value_heads"
                "vocab_size"
                "max_position_embeddings"
                "bos_token_id"
                "eos_token_id"
                "pad_token_id"
            ] do
            Expect.equal (found.GetProperty(key).GetInt64()) (config.GetProperty(key).GetInt64()) key

[<Tests>]
let tests =
    testList
        "GGUF"
        [
            fixtureTests "containers" (fun () ->
                [
                    for case in (json "fixtures/gguf/container.json").EnumerateArray() -> containerTest case
                ])
            fixtureTests "blocks" (fun () ->
                [
                    for entry in (json "fixtures/gguf/quant/index.json").EnumerateObject() -> blockTest entry
                ])
            fixtureTests "models" (fun () ->
                smolTest () :: List.map modelTest (foldersWith "model.gguf" "fixtures/gguf"))
        ]
