/// The loops between a block's products, forwards and backwards, against libtorch's operations and autograd.
module LoRi.Training.Tests.BlockLoopTests

open System
open System.Numerics
open Expecto
open LoRi.Models
open LoRi.Models.Native
open LoRi.Models.Tensors
open LoRi.Training.Tests.TensorValues
open TorchSharp

/// Sums of up to a few hundred terms in another order, of each type.
let private rounding (dtype: torch.ScalarType) =
    if dtype = torch.ScalarType.Float64 then 1e-13 else 3e-6

let private types = [ torch.ScalarType.Float64; torch.ScalarType.Float32 ]

let private normal (dtype: torch.ScalarType) (seed: int64) (shape: int64 list) =
    let values = torch.zeros (List.toArray shape, dtype = dtype)
    SeededRandom(seed, "values").FillNormal(values, 1.0)
    values

let private leaf (x: torch.Tensor) = x.clone().requires_grad_()

/// Runs a check in every type, by the loops' type.
let private each name (check: torch.ScalarType -> unit) =
    testCase name (fun () ->
        NativeRuntime.Load()

        if VectorWork.VectorBits = 0 then
            skiptest "libtorch's operations run in place of these loops"

        for dtype in types do
            use _ = torch.NewDisposeScope()
            check dtype)

let private same dtype what (wanted: torch.Tensor) (found: torch.Tensor) =
    nearArrays (rounding dtype) (doubles wanted) (doubles found) $"{what} in {dtype}"

/// Rows and columns with and without whole vectors, one and several pieces.
let private sizes = [ 1L, 4L; 3L, 16L; 33L, 20L; 70L, 64L; 40L, 37L ]

let private norm<'T
    when 'T: unmanaged
    and 'T: (new: unit -> 'T)
    and 'T: struct
    and 'T :> ValueType
    and 'T :> IBinaryFloatingPointIeee754<'T>>
    dtype
    =
    for rows, width in sizes do
        for residual in [ false; true ] do
            let x, beside = normal dtype 1L [ rows; width ], normal dtype 2L [ rows; width ]
            let weight = leaf (normal dtype 3L [ width ])
            let slopes = normal dtype 4L [ rows; width ]
            let input = leaf (if residual then x + beside else x)

            let wanted =
                input
                * (input * input).mean([| -1L |], true).add(torch.tensor (1e-3, dtype = dtype)).rsqrt()
                * weight

            ((wanted * slopes).sum() + (input * beside).sum()).backward()
            let sum = torch.zeros (width, dtype = dtype)
            let own = x.clone ()

            let before: torch.Tensor | null = if residual then beside else null

            let struct (found, inverse) =
                RowNorm<'T>.Forward(own, before, weight.detach (), 1e-3)

            let slope =
                RowNorm<'T>.Backward(slopes, own, inverse, weight.detach (), beside, sum)

            same dtype "sum" (input.detach ()) own
            same dtype "norm" (wanted.detach ()) found
            same dtype "slope" (nonNull input.grad) slope
            same dtype "weight" (nonNull weight.grad) sum

let private gate<'T
    when 'T: unmanaged
    and 'T: (new: unit -> 'T)
    and 'T: struct
    and 'T :> ValueType
    and 'T :> IBinaryFloatingPointIeee754<'T>>
    dtype
    =
    for rows, width in sizes do
        let both =
            leaf (normal dtype 1L [ rows; 2L * width ] * torch.tensor (4.0, dtype = dtype))

        let slopes = normal dtype 2L [ rows; width ]

        let wanted =
            torch.nn.functional.silu (both.narrow (1L, 0L, width)) * both.narrow (1L, width, width)

        (wanted * slopes).sum().backward()
        same dtype "activation" (wanted.detach ()) (GatedActivation<'T>.Forward(both.detach ()))
        same dtype "slope" (nonNull both.grad) (GatedActivation<'T>.Backward(both.detach (), slopes))

/// Shares that are computed again on the way back are those that were kept, to the bit.
let private attention<'T
    when 'T: unmanaged
    and 'T: (new: unit -> 'T)
    and 'T: struct
    and 'T :> ValueType
    and 'T :> IBinaryFloatingPointIeee754<'T>>
    (dtype: torch.ScalarType)
    =
    let batch, time, past, capacity, size = 2, 5, 7, 20L, 20
    let shape = HeadShape(batch, time, past, 4, 2, size)

    let all seed =
        normal dtype seed [ int64 batch; 2L; capacity; int64 size ]

    let visible =
        torch.ones (int64 batch, int64 shape.Seen, dtype = torch.ScalarType.Bool)

    visible[1L, 0L] <- torch.tensor false

    let run keeps =
        let memory =
            HeadMemory(shape, normal dtype 1L [ int64 shape.Rows; int64 shape.Width ], all 2L, all 3L, visible)

        let loops = HeadAttention<'T> memory
        loops.Append()
        let struct (mixed, shares) = loops.Forward(dtype, keeps)
        Expect.equal (isNull shares) (not keeps) "shares are kept where they are asked for"
        let slopes = normal dtype 4L [ int64 shape.Rows; 4L * int64 size ]
        let keys, values = all 5L, all 6L
        let heads = loops.Backward(shares, slopes, keys, values)
        [ for tensor in [ mixed; heads; keys; values ] -> doubles tensor ]

    Expect.equal (run false) (run true) $"in {dtype}"

[<Tests>]
let tests =
    testList
        "Block loops"
        [
            testCase "a tensor of more than 2 GiB begins where its first value is" (fun () ->
                NativeRuntime.Load()
                use values = torch.empty (3L, 1L <<< 30, dtype = torch.ScalarType.Byte)
                use first = values.narrow(0L, 0L, 1L).view(-1L).narrow(0L, 0L, 1L)
                Expect.equal (VectorWork.Address values) (VectorWork.Address first) "the address")
            each "the norm and its slopes" (fun dtype ->
                if dtype = torch.ScalarType.Float64 then
                    norm<float> dtype
                else
                    norm<float32> dtype)
            each "the gated activation and its slopes" (fun dtype ->
                if dtype = torch.ScalarType.Float64 then
                    gate<float> dtype
                else
                    gate<float32> dtype)
            each "attention whose shares are computed again" (fun dtype ->
                if dtype = torch.ScalarType.Float64 then
                    attention<float> dtype
                else
                    attention<float32> dtype)
            each "the gated activation of large values" (fun dtype ->
                let both = torch.tensor([| -300.0; 300.0; 2.0; 3.0 |], dtype = dtype).view(1L, 4L)

                let found =
                    if dtype = torch.ScalarType.Float64 then
                        GatedActivation<float>.Forward both
                    else
                        GatedActivation<float32>.Forward both

                same dtype "activation" (torch.tensor([| 0.0; 900.0 |], dtype = dtype).view(1L, 2L)) found)
        ]
