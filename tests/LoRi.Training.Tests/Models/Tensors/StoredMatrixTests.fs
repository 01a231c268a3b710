/// Matrices that stay in memory as they are stored, against the readers that widen their types one number at a time.
module LoRi.Training.Tests.StoredMatrixTests

#nowarn "9" // Addresses are handed to the reader that is the oracle.

open System
open Expecto
open FSharp.NativeInterop
open LoRi.Files.Gguf
open LoRi.Models.Native
open LoRi.Models.Tensors
open TorchSharp

/// GGUF's number of a type, and where in its blocks float16 numbers are.
let private forms =
    [
        "F32", 0u, []
        "BF16", 30u, []
        "F16", 1u, []
        "Q8_0", 8u, [ 0 ]
        "Q4_0", 2u, [ 0 ]
        "Q4_1", 3u, [ 0; 2 ]
    ]

let private formOf (name: string) : StoredForm = nonNull (StoredForm.Find name)

/// A finite float16 of any sign, now and then zero or subnormal.
let private half (random: Random) =
    let exponent = if random.Next 8 = 0 then 0 else random.Next(4, 12)
    uint16 ((random.Next 2 <<< 15) ||| (exponent <<< 10) ||| (random.Next 1024 &&& random.Next 1024))

let private blockBytes (name: string) halves (random: Random) (values: int) =
    let form = formOf name

    [|
        for _ in 1 .. values / StoredForm.BlockValues do
            let block = Array.zeroCreate<byte> form.BlockBytes

            match name with
            | "F32" -> Buffer.BlockCopy(Array.init 32 (fun _ -> float32 (random.NextDouble() - 0.5)), 0, block, 0, 128)
            | "BF16" ->
                let upper _ =
                    uint16 (BitConverter.SingleToUInt32Bits(float32 (random.NextDouble() - 0.5)) >>> 16)

                Buffer.BlockCopy(Array.init 32 upper, 0, block, 0, 64)
            | "F16" -> Buffer.BlockCopy(Array.init 32 (fun _ -> half random), 0, block, 0, 64)
            | _ ->
                random.NextBytes block

                for at in halves do
                    BitConverter.TryWriteBytes(Span<byte>(block, at, 2), half random) |> ignore

            block
    |]
    |> Array.concat

let private widenedBy (gguf: uint32) (bytes: byte[]) count =
    let values = Array.zeroCreate<float32> count
    use source = fixed bytes
    use target = fixed values

    (nonNull (GgufDequantizer.Find(nonNull (GgufType.Find gguf)))).Invoke(source, target, int64 count)

    values

/// A matrix of two parts of one form, and its values.
let private matrix (name, gguf, halves) rows columns (random: Random) =
    let bytes = blockBytes name halves random (rows * columns)
    let form = formOf name
    let first = 4 + (rows - 8) / 3

    let stored =
        new StoredMatrix(columns, [ struct (form, int64 first); struct (form, int64 (rows - first)) ])

    let cut = first * form.RowBytes columns
    bytes.AsSpan(0, cut).CopyTo(stored.Parts[0].Bytes.bytes)
    bytes.AsSpan(cut).CopyTo(stored.Parts[1].Bytes.bytes)

    stored, torch.tensor(widenedBy gguf bytes (rows * columns)).view(int64 rows, int64 columns)

let private same (found: torch.Tensor) (wanted: torch.Tensor) what =
    Expect.sequenceEqual found.shape wanted.shape $"{what}: shape"
    Expect.isTrue ((found.eq wanted).all().item<bool>()) $"{what}: the same bits"

let private reads =
    [
        for name, gguf, halves in forms ->
            testCase $"{name} is widened, looked up and multiplied as its values are"
            <| fun () ->
                NativeRuntime.Load()
                use _ = torch.NewDisposeScope()
                use _ = torch.no_grad ()

                for rows, columns in [ 1030, 32; 523, 96; 129, 576 ] do
                    let stored, values = matrix (name, gguf, halves) rows columns (Random(rows))
                    use stored = stored
                    Expect.equal stored.Rows (int64 rows) "rows"
                    Expect.equal stored.ByteCount (int64 (rows * (formOf name).RowBytes columns)) "bytes"
                    same (stored.Widened()) values "all"
                    let ids = torch.tensor [| 0L; int64 rows - 1L; 3L; 5L; 3L |]
                    same (stored.Take ids) (values.index_select (0L, ids)) "some rows"
                    Expect.all stored.Parts stored.AreFinite "finite"

                    for count in [ 1; 2; 3; 4; 5; 8; FewRowProduct.MostRows; FewRowProduct.MostRows + 1; 150 ] do
                        let x = torch.randn (1L, int64 count, int64 columns)

                        let wanted =
                            if FewRowProduct.Fits(values, x) then
                                FewRowProduct.Of(values, x)
                            else
                                torch.nn.functional.linear (x, values)

                        same (stored.Image x) wanted $"{count} rows of {columns}"
    ]

let private mixed =
    testCase "parts of several forms are one matrix"
    <| fun () ->
        NativeRuntime.Load()
        use _ = torch.NewDisposeScope()
        use _ = torch.no_grad ()
        let columns, random = 192, Random 3
        let counts = [ 64; 5; 7; 90; 33; 21 ]

        use stored =
            new StoredMatrix(
                columns,
                [
                    for (name, _, _), rows in List.zip forms counts -> struct (formOf name, int64 rows)
                ]
            )

        let values =
            [
                for (name, gguf, halves), part in Seq.zip forms stored.Parts do
                    let count = int part.Count * columns
                    let bytes = blockBytes name halves random count
                    bytes.AsSpan().CopyTo(part.Bytes.bytes)
                    torch.tensor(widenedBy gguf bytes count).view(part.Count, int64 columns)
            ]
            |> Array.ofList
            |> torch.vstack

        same (stored.Widened()) values "all"
        let x = torch.randn (7L, int64 columns)
        same (stored.Image x) (FewRowProduct.Of(values, x)) "the image"
        let ids = torch.tensor [| 219L; 0L; 68L; 69L; 76L |]
        same (stored.Take ids) (values.index_select (0L, ids)) "rows of all parts"

        for id in [ -1L; 220L ] do
            Expect.throwsT<ArgumentOutOfRangeException>
                (fun () -> stored.Take(torch.tensor [| id |]) |> ignore)
                $"row {id}"

let private gradients =
    testCase "a gradient passes through"
    <| fun () ->
        NativeRuntime.Load()
        use _ = torch.NewDisposeScope()
        let stored, values = matrix forms[1] 64 64 (Random 5)
        use stored = stored
        let x = torch.randn(3L, 64L).requires_grad_()
        stored.Image(x).sum().backward()
        let wanted = values.sum(0L).unsqueeze(0L).expand(3L, 64L)
        Expect.isLessThan ((nonNull x.grad - wanted).abs().max().item<float32>()) 1e-4f "of the inputs"

let private damaged =
    testCase "NaN and infinity are seen in every form"
    <| fun () ->
        NativeRuntime.Load()

        for name, gguf, halves in forms do
            let places = if halves.IsEmpty then [ 0; 60 ] else halves

            for at in places do
                for bits in [ 0x7C00us; 0x7E01us; 0xFC00us ] do
                    use _ = torch.NewDisposeScope()
                    let stored, _ = matrix (name, gguf, halves) 12 64 (Random 7)
                    use stored = stored

                    let bits =
                        if name = "F32" || name = "BF16" then
                            bits ||| 0x7F80us
                        else
                            bits

                    let row = (formOf name).RowBytes 64
                    let at = if name = "F32" then at + 2 else at

                    BitConverter.TryWriteBytes(stored.Parts[1].Bytes.bytes.Slice(2 * row + at), bits)
                    |> ignore

                    Expect.isTrue (stored.AreFinite stored.Parts[0]) $"{name}: the other part"
                    Expect.isFalse (stored.AreFinite stored.Parts[1]) $"{name}: %04x{bits} at byte {at}"

let private rounding =
    testCase "rounding to eight bits is off by at most half a step, and keeps zero"
    <| fun () ->
        NativeRuntime.Load()
        use _ = torch.NewDisposeScope()
        use stored = new StoredMatrix(96, [ struct (StoredForm.EightBit, 40L) ])
        let values = torch.randn (40L, 96L)
        values.select(0L, 3L).zero_() |> ignore
        values.select(0L, 4L).mul_((1e-9).ToScalar()) |> ignore
        WeightRounding.Into(stored.Parts[0], values)
        let blocks (x: torch.Tensor) = x.view (40L, 3L, 32L)
        let largest = (blocks values).abs().amax([| 2L |], keepdim = true)
        let off = (blocks (stored.Widened()) - blocks values).abs()
        // The scale is a float16: it is off by 2^-11 of itself, and below 2^-24 by its smallest step.
        let bound =
            largest / (127.0 * 2.0).ToScalar() * (1.01).ToScalar()
            + largest / (2048.0).ToScalar()
            + (1e-6).ToScalar()

        Expect.isTrue ((off.le bound).all().item<bool>()) "off by less"
        Expect.equal (stored.Widened().select(0L, 3L).abs().max().item<float32>()) 0.0f "zero"

[<Tests>]
let tests =
    testList "Stored matrices" [ testList "forms" reads; mixed; gradients; damaged; rounding ]
