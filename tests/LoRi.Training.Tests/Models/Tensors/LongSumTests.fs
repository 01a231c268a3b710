/// Sums over whole vocabularies and over all parameters, against float64 arithmetic written out here.
module LoRi.Training.Tests.LongSumTests

open System
open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Tensors
open LoRi.Training
open LoRi.Training.Tests.TensorValues
open TorchSharp

let private vocabulary, tokens = 49_152, 24

/// Logits as a trained model has them: a few large ones, and a long tail whose sum counts.
let private logitsOf (dtype: torch.ScalarType) =
    let values =
        Array.init (tokens * vocabulary) (fun i ->
            let token, place = i / vocabulary, i % vocabulary
            6.0 * sin (float (place * (token + 3))) - 4.0 + (if place = token then 9.0 else 0.0))

    (torch.tensor values).view([| int64 tokens; int64 vocabulary |]).``to`` dtype

let private ids = Array.init tokens (fun token -> int64 (token * 37 % 50))

/// Log-likelihood of each id, and the probabilities of one row.
let private exact (logits: torch.Tensor) =
    let rows: float[][] = doubles logits |> Array.chunkBySize vocabulary

    let logOf (row: float[]) (id: int64) =
        let largest = Array.max row
        row[int id] - largest - log (row |> Array.sumBy (fun x -> exp (x - largest)))

    Array.map2 logOf rows ids, rows

let private values =
    [
        for dtype, bound in
            [
                torch.ScalarType.Float32, 1e-12
                torch.ScalarType.Float64, 1e-12
                torch.ScalarType.BFloat16, 1e-12
            ] do
            testCase $"log-likelihoods of {tokens} tokens under {vocabulary} logits, {dtype}"
            <| fun () ->
                NativeRuntime.Load()
                use _ = torch.NewDisposeScope()
                let logits = logitsOf dtype
                let wanted, _ = exact logits
                let found = TokenLikelihood.Logs(logits, torch.tensor ids)
                Expect.equal found.dtype torch.ScalarType.Float64 "type"
                nearArrays bound wanted (doubles found) "each token"
                let sum = TokenLikelihood.NegativeSum(logits, torch.tensor ids)
                near bound (-Array.sum wanted) (number sum) "the sum"
    ]

let private gradients =
    [
        for dtype, bound in
            [
                torch.ScalarType.Float32, 1e-7
                torch.ScalarType.Float64, 1e-13
                torch.ScalarType.BFloat16, 4e-3
            ] do
            testCase $"the gradient is the probabilities less one at each token's own, {dtype}"
            <| fun () ->
                NativeRuntime.Load()
                use _ = torch.NewDisposeScope()
                let logits = (logitsOf dtype).requires_grad_ true
                let wanted, rows = exact (logits.detach ())
                let sum = TokenLikelihood.NegativeSum(logits, torch.tensor ids)
                near 1e-12 (-Array.sum wanted) (number sum) "its value beside a gradient"
                (sum.mul (0.5.ToScalar())).backward()
                let slopes = doubles (nonNull logits.grad) |> Array.chunkBySize vocabulary

                for token in [ 0; 11; tokens - 1 ] do
                    let total = log (rows[token] |> Array.sumBy exp)

                    let shares =
                        rows[token]
                        |> Array.mapi (fun id x ->
                            0.5 * (exp (x - total) - (if int64 id = ids[token] then 1.0 else 0.0)))

                    nearArrays bound shares slopes[token] $"token {token}"
    ]

let private infinite =
    testCase "logits that are no numbers give no number"
    <| fun () ->
        NativeRuntime.Load()
        use _ = torch.NewDisposeScope()

        for wrong in [ nanf; infinityf ] do
            let logits =
                (torch.tensor [| 1f; wrong; 2f |]).view([| 1L; 3L |]).requires_grad_ true

            let sum = number (TokenLikelihood.NegativeSum(logits, torch.tensor [| 0L |]))
            Expect.isFalse (Double.IsFinite sum) $"{wrong}"

let private unknown =
    testCase "a token that has no logits is refused, not read elsewhere"
    <| fun () ->
        NativeRuntime.Load()
        use _ = torch.NewDisposeScope()

        for id in [ -1L; 3L ] do
            Expect.throwsC
                (fun () -> TokenLikelihood.Logs(torch.zeros (2L, 3L), torch.tensor [| 0L; id |]) |> ignore)
                (fun e -> Expect.stringContains e.Message $"the token {id} is none of the 3" "the message")

/// Enough values for a sum in float32 to be visibly short.
let private count = 3_000_000L

let private norms =
    testCase $"the norm of {count} values"
    <| fun () ->
        NativeRuntime.Load()
        use _ = torch.NewDisposeScope()
        let flat = torch.full (count, 1e-3f)
        near 1e-12 (float 1e-3f * sqrt (float count)) (LongNorm.Of flat) "all the same"
        Expect.equal (LongNorm.Of(torch.zeros 5L)) 0.0 "zeros"
        Expect.isFalse (Double.IsFinite(LongNorm.Of(torch.tensor [| 1f; nanf |]))) "no number"

/// What one reading gives is what libtorch's operations give one after the other, whatever the number of columns.
let private inOneReading =
    [
        for columns in [ 1; 15; 16; 97; vocabulary ] do
            testCase $"log-likelihoods and slopes over {columns} logits, in one reading and by libtorch"
            <| fun () ->
                NativeRuntime.Load()
                use _ = torch.NewDisposeScope()

                let logits =
                    (logitsOf torch.ScalarType.Float32).narrow(1L, 0L, int64 columns).contiguous()

                let ids = torch.tensor (ids |> Array.map (fun id -> id % int64 columns))

                let filled (fill: torch.Tensor -> torch.Tensor -> unit) =
                    let logs = torch.empty (int64 tokens, torch.ScalarType.Float64)
                    let slopes = torch.empty_like logits
                    fill logs slopes
                    doubles logs, doubles slopes

                let logs, slopes =
                    filled (fun logs slopes -> LikelihoodRows.Fill(logits, ids, logs, slopes))

                let plain, plainSlopes =
                    filled (fun logs slopes -> TokenLikelihood.Plain(logits, ids.unsqueeze 1L, logs, slopes))

                nearArrays 1e-13 plain logs "logarithms"
                nearArrays 1e-7 plainSlopes slopes "slopes"

        for columns in [ 16; 65_536 ] do
            testCase $"squares of {columns} values, in one reading and by libtorch"
            <| fun () ->
                NativeRuntime.Load()
                use _ = torch.NewDisposeScope()

                let values = Array.init (3 * columns) (fun i -> float32 (sin (float i)))
                let blocks = (torch.tensor values).view([| 3L; -1L |])

                nearArrays 1e-14 (doubles (LongNorm.Widened blocks)) (doubles (LongNorm.InOneReading blocks)) "sums"
    ]

let private clipping =
    testCase "the gradient's norm, by which it is clipped, is exact"
    <| fun () ->
        NativeRuntime.Load()
        let slot = ParameterSlot("w", [| count |], true)

        use parameters =
            new ParameterSet([| slot |], torch.ScalarType.Float32, torch.CPU, null)

        let settings =
            OptimizerSettings(LearningRate = 1.0, WeightDecay = 0.0, ClipNorm = 1e9)

        use optimizer = new AdamW(parameters, settings)
        using (torch.full (count, 1e-3f)) (fun values -> parameters.Gradients.copy_ values |> ignore)
        near 1e-12 (float 1e-3f * sqrt (float count)) (optimizer.Step 0.0) "norm"

[<Tests>]
let tests =
    testList "long sums" (values @ gradients @ inOneReading @ [ infinite; unknown; norms; clipping ])
