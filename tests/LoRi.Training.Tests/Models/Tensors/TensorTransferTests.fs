/// Checkpoint files into torch tensors and back.
module LoRi.Training.Tests.TensorTransferTests

open System
open System.IO
open System.Security.Cryptography
open Expecto
open LoRi.Files.Safetensors
open LoRi.Models.Native
open LoRi.Models.Weights
open LoRi.Training.Tests.SharedFiles
open TorchSharp

let private inFile (contents: SafetensorsContent list) (run: SafetensorsFile -> unit) =
    NativeRuntime.Load()
    let folder = Directory.CreateTempSubdirectory "lori-tests-"

    try
        let file = Path.Combine(folder.FullName, "x.safetensors")
        SafetensorsWriter.Write(file, contents)
        use opened = SafetensorsFile.Open file
        run opened
    finally
        folder.Delete true

let private exact (name: string) (found: torch.Tensor) (expected: torch.Tensor) =
    Expect.equal found.dtype expected.dtype $"{name}: type"
    Expect.sequenceEqual found.shape expected.shape $"{name}: shape"
    Expect.isTrue ((found.eq expected).all().item<bool>()) $"{name}: values"

let private types =
    [
        torch.ScalarType.Float64
        torch.ScalarType.Float32
        torch.ScalarType.Float16
        torch.ScalarType.BFloat16
        torch.ScalarType.Int64
        torch.ScalarType.Int32
        torch.ScalarType.Int16
        torch.ScalarType.Int8
        torch.ScalarType.Byte
        torch.ScalarType.Bool
    ]

/// Values that every type above holds exactly, except Bool, which turns them into 0 and 1.
let private sample (kind: torch.ScalarType) =
    torch.arange(0L, 24L, dtype = torch.ScalarType.Int64).reshape(2L, 3L, 4L).``to`` kind

let private roundTrip (kind: torch.ScalarType) =
    testCase $"{kind}: written, read back, and converted"
    <| fun () ->
        NativeRuntime.Load()
        use _ = torch.NewDisposeScope()
        let values = sample kind
        let strided = values.transpose (0L, 2L)

        inFile
            [
                TensorContent.FromTensor("plain", values)
                TensorContent.FromTensor("strided", strided)
            ]
            (fun file ->
                use _ = torch.NewDisposeScope()
                exact "plain" (file.ReadTensor "plain") values
                exact "strided" (file.ReadTensor "strided") (strided.contiguous ())

                exact
                    "converted"
                    (file.ReadTensor("plain", torch.ScalarType.Float64))
                    (values.``to`` torch.ScalarType.Float64)

                let target =
                    torch.zeros([| 4L; 3L; 2L |], dtype = torch.ScalarType.Float32).transpose(0L, 2L)

                file.CopyInto("plain", target)
                exact "into a strided tensor" target (values.``to`` torch.ScalarType.Float32))

let private trainable =
    testCase "into a parameter that wants gradients"
    <| fun () ->
        inFile [ SafetensorsContent.FromFloats("a", [| 2L |], [| 1f; 2f |]) ] (fun file ->
            use parameter = torch.zeros ([| 2L |], requires_grad = true)
            file.CopyInto("a", parameter)
            Expect.isTrue (parameter.requires_grad && parameter.is_leaf) "still a leaf that wants gradients"
            Expect.equal (parameter.detach().data<float32>().ToArray()) [| 1f; 2f |] "values")

let private wrongShape =
    testCase "another shape is refused, naming both"
    <| fun () ->
        inFile [ SafetensorsContent.FromFloats("a", [| 2L |], [| 1f; 2f |]) ] (fun file ->
            use target = torch.zeros [| 2L; 1L |]

            let message =
                refusal (fun () ->
                    file.CopyInto("a", target)
                    new MemoryStream() :> IDisposable)

            for part in [ "\"a\""; "[2]"; "[2, 1]" ] do
                Expect.stringContains message part "the message")

let private shaOf (tensor: torch.Tensor) =
    let bytes = tensor.bytes.ToArray()
    Convert.ToHexStringLower(SHA256.HashData bytes)

let private smolTest =
    let folder = "models/smollm2-135m-instruct"

    testCase "SmolLM2: tensors as float32 and bfloat16, and nothing is left behind"
    <| fun () ->
        NativeRuntime.Load()
        use opened = Checkpoint.Open(path folder)

        for tensor in items "tensors" (json $"{folder}/expected.json") |> List.truncate 12 do
            let name = text "name" tensor
            use single = opened.Read(name, torch.ScalarType.Float32)
            use half = opened.Read(name, torch.ScalarType.BFloat16)
            Expect.equal (shaOf single) (text "sha256_float32" tensor) name
            Expect.equal (shaOf half) (text "sha256_bfloat16" tensor) name

[<Tests>]
let tests =
    testList
        "tensor transfer"
        [
            testList "round trips" (List.map roundTrip types)
            trainable
            wrongShape
            fixtureTests "models" (fun () -> [ smolTest ])
        ]
