/// Products with a single row, and attention written out, against libtorch's own.
module LoRi.Training.Tests.RowProductTests

open System
open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Tensors
open TorchSharp

let private wide (x: torch.Tensor) = x.``to`` torch.ScalarType.Float64

let private largest (x: torch.Tensor) = (wide x).abs().max().item<double>()

let private sizes = [ 576, 576; 49154, 64; 513, 96; 1025, 32; 4097, 160 ]

let private products =
    [
        for outputs, inputs in sizes do
            for dtype in [ torch.ScalarType.Float32; torch.ScalarType.BFloat16 ] ->
                testCase $"{outputs} x {inputs}, {dtype}"
                <| fun () ->
                    NativeRuntime.Load()
                    use _ = torch.NewDisposeScope()
                    use _ = torch.no_grad ()
                    let matrix = torch.randn(int64 outputs, int64 inputs).``to`` dtype
                    let row = torch.randn(1L, 1L, int64 inputs).``to`` dtype
                    Expect.isTrue (RowProduct.Fits(matrix, row)) "fits"
                    let found = RowProduct.Of(matrix, row)
                    Expect.sequenceEqual found.shape [| 1L; 1L; int64 outputs |] "shape"
                    Expect.equal found.dtype dtype "type"
                    let exact = (wide row).matmul((wide matrix).t())
                    let error = largest (wide found - exact) / largest exact

                    let bound = if dtype = torch.ScalarType.Float32 then 1e-6 else 0.004

                    Expect.isLessThan error bound "against float64, relative to the largest"
                    let again = RowProduct.Of(matrix, row)
                    Expect.equal (largest (wide again - wide found)) 0.0 "the same bits every time"
    ]

let private refusals =
    testCase "is left to libtorch where it does not fit"
    <| fun () ->
        NativeRuntime.Load()
        use _ = torch.NewDisposeScope()
        let matrix, row = torch.randn (512L, 96L), torch.randn (1L, 96L)
        let fits (matrix: torch.Tensor) (row: torch.Tensor) = RowProduct.Fits(matrix, row)
        Expect.isFalse (fits matrix row) "gradients are recorded"
        use _ = torch.no_grad ()
        Expect.isTrue (fits matrix row) "one row"
        Expect.isFalse (fits matrix (torch.randn (2L, 96L))) "two rows"
        Expect.isFalse (fits (torch.randn (512L, 80L)) (torch.randn (1L, 80L))) "no whole vectors"
        Expect.isFalse (fits (matrix.``to`` torch.ScalarType.Float64) (row.``to`` torch.ScalarType.Float64)) "float64"
        Expect.isFalse (fits (torch.randn(96L, 512L).t()) row) "a transposed view"
        Expect.isFalse (fits matrix (row.``to`` torch.ScalarType.BFloat16)) "two types"
        Expect.isFalse (fits (torch.randn (16L, 96L)) row) "too small"

let private special =
    testCase "NaN and infinity come through"
    <| fun () ->
        NativeRuntime.Load()
        use _ = torch.NewDisposeScope()
        use _ = torch.no_grad ()

        for dtype in [ torch.ScalarType.Float32; torch.ScalarType.BFloat16 ] do
            let matrix = torch.ones(1024L, 64L).``to`` dtype
            matrix.select(0L, 3L).fill_(Double.NaN.ToScalar()) |> ignore
            matrix.select(0L, 1021L).fill_(Double.PositiveInfinity.ToScalar()) |> ignore
            let found = wide (RowProduct.Of(matrix, torch.ones(1L, 64L).``to`` dtype))
            Expect.isTrue (Double.IsNaN(found[0L, 3L].item<double>())) $"{dtype}: NaN"
            Expect.equal (found[0L, 1021L].item<double>()) Double.PositiveInfinity $"{dtype}: infinity"
            Expect.equal (found[0L, 4L].item<double>()) 64.0 $"{dtype}: a plain row"

let private difference (dtype: torch.ScalarType) window padded =
    let config = TinyTraining.config true

    let tensor heads =
        torch.randn(2L, int64 heads, 7L, int64 config.HeadSize).``to`` dtype

    let queries, keys, values =
        tensor config.QueryHeads, tensor config.KeyValueHeads, tensor config.KeyValueHeads

    let visible: torch.Tensor | null =
        if padded then
            torch.tensor (Array2D.init 2 7 (fun row at -> row = 0 || at > 2))
        else
            null

    let mask = AttentionMask.For(visible, 7L, 0L, torch.CPU, Option.toNullable window)
    let attention = Attention(config, mask)

    largest (
        wide (attention.WrittenOut(queries, keys, values))
        - wide (attention.Fused(queries, keys, values))
    )

let private writtenOut =
    [
        for window, padded in [ None, false; Some 3, false; None, true; Some 3, true ] ->
            testCase $"written out as in the fused kernel, window {window}, padding {padded}"
            <| fun () ->
                NativeRuntime.Load()
                use _ = torch.NewDisposeScope()
                Expect.isLessThan (difference torch.ScalarType.Float64 window padded) 1e-12 "float64"
                Expect.isLessThan (difference torch.ScalarType.Float32 window padded) 1e-5 "float32"
                Expect.isLessThan (difference torch.ScalarType.BFloat16 window padded) 0.05 "bfloat16"
    ]

[<Tests>]
let tests =
    testList
        "products of one row"
        [
            testList "agree with libtorch" products
            refusals
            special
            testList "attention" writtenOut
        ]
