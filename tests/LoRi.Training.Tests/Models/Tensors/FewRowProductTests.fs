/// Products with few rows, and attention written out, against libtorch's own.
module LoRi.Training.Tests.FewRowProductTests

open System
open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Tensors
open TorchSharp

let private wide (x: torch.Tensor) = x.``to`` torch.ScalarType.Float64

let private largest (x: torch.Tensor) = (wide x).abs().max().item<double>()

let private sizes = [ 576, 576; 49154, 64; 513, 96; 1025, 32; 4097, 160; 514, 1536 ]

let private rowCounts = [ 1; 2; 3; 4; 5; 6; 7; 8; 13; FewRowProduct.MostRows ]

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
                    let bound = if dtype = torch.ScalarType.Float32 then 1e-6 else 0.004

                    for rows in rowCounts do
                        let x = torch.randn(1L, int64 rows, int64 inputs).``to`` dtype
                        Expect.isTrue (FewRowProduct.Fits(matrix, x)) "fits"
                        let found = FewRowProduct.Of(matrix, x)
                        Expect.sequenceEqual found.shape [| 1L; int64 rows; int64 outputs |] "shape"
                        Expect.equal found.dtype dtype "type"
                        let exact = (wide x).matmul((wide matrix).t())
                        let error = largest (wide found - exact) / largest exact
                        Expect.isLessThan error bound $"{rows} rows against float64, relative to the largest"

                        for row in 0 .. rows - 1 do
                            let alone = FewRowProduct.Of(matrix, x.narrow(1L, int64 row, 1L).contiguous())

                            Expect.equal
                                (largest (wide alone - wide (found.narrow (1L, int64 row, 1L))))
                                0.0
                                $"row {row} of {rows} has the bits that it has alone"
    ]

let private anyShape =
    testPropertyWithConfig
        { FsCheckConfig.defaultConfig with
            maxTest = 60
        }
        "any shape that fits agrees with float64"
        (fun (a: byte) (b: byte) (c: byte) ->
            NativeRuntime.Load()
            use _ = torch.NewDisposeScope()
            use _ = torch.no_grad ()

            let inputs, rows =
                32L * int64 (1 + int a % 9), 1L + int64 c % int64 FewRowProduct.MostRows

            let outputs = (1L <<< 15) / inputs + 1L + int64 b
            let matrix, x = torch.randn (outputs, inputs), torch.randn (rows, inputs)
            Expect.isTrue (FewRowProduct.Fits(matrix, x)) "fits"
            let exact = (wide x).matmul((wide matrix).t())
            largest (wide (FewRowProduct.Of(matrix, x)) - exact) <= 1e-6 * largest exact)

/// The states that go on after a prompt are the last of each row's: they lie apart.
let private strided =
    testCase "rows that lie apart have the bits of rows side by side"
    <| fun () ->
        NativeRuntime.Load()
        use _ = torch.NewDisposeScope()
        use _ = torch.no_grad ()
        let matrix, states = torch.randn (512L, 96L), torch.randn (3L, 7L, 96L)
        let last = states.select (1L, 6L)
        Expect.isFalse (last.is_contiguous ()) "they lie apart"
        Expect.isTrue (FewRowProduct.Fits(matrix, last)) "fits"
        let beside = FewRowProduct.Of(matrix, last.contiguous ())
        Expect.equal (largest (FewRowProduct.Of(matrix, last) - beside)) 0.0 "bits"

let private refusals =
    testCase "is left to libtorch where it does not fit"
    <| fun () ->
        NativeRuntime.Load()
        use _ = torch.NewDisposeScope()
        let matrix, row = torch.randn (512L, 96L), torch.randn (1L, 96L)
        let fits (matrix: torch.Tensor) (row: torch.Tensor) = FewRowProduct.Fits(matrix, row)
        Expect.isFalse (fits matrix row) "gradients are recorded"
        use _ = torch.no_grad ()
        Expect.isTrue (fits matrix row) "one row"
        let rows count = torch.randn (int64 count, 96L)
        Expect.isTrue (fits matrix (rows FewRowProduct.MostRows)) "few rows"
        Expect.isFalse (fits matrix (rows (FewRowProduct.MostRows + 1))) "more rows"
        Expect.isFalse (fits matrix (rows 0)) "no row"
        Expect.isFalse (fits (torch.randn (512L, 80L)) (torch.randn (1L, 80L))) "no whole blocks"
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
            let found = wide (FewRowProduct.Of(matrix, torch.ones(5L, 64L).``to`` dtype))

            for row in 0L .. 4L do
                Expect.isTrue (Double.IsNaN(found[row, 3L].item<double>())) $"{dtype}: NaN"
                Expect.equal (found[row, 1021L].item<double>()) Double.PositiveInfinity $"{dtype}: infinity"
                Expect.equal (found[row, 4L].item<double>()) 64.0 $"{dtype}: a plain row"

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
        "products of few rows"
        [
            testList "agree with float64" products
            anyShape
            strided
            refusals
            special
            testList "attention" writtenOut
        ]
