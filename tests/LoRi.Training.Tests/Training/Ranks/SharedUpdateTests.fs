/// An update that ranks share: each has the moments of its share alone, and all get the bits of one process.
module LoRi.Training.Tests.SharedUpdateTests

open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Tensors
open LoRi.Training
open LoRi.Training.Ranks
open LoRi.Training.Tests.TensorValues
open TorchSharp

/// More than one piece, and a last block that is short.
let private count = 19L * LongNorm.Block + 4_321L

let private slots =
    [|
        ParameterSlot("matrix", [| count - 70_000L |], true)
        ParameterSlot("norm", [| 70_000L |], false)
    |]

let private settings =
    OptimizerSettings(LearningRate = 0.01, WeightDecay = 0.1, ClipNorm = 0.5)

let private waves (scale: float) (shift: float) (size: float) =
    torch.tensor (Array.init (int count) (fun at -> float32 (size * sin (scale * float at + shift))))

/// A gradient of a step and a rank; the sum of all ranks' is what is learnt from.
let private gradient step rank =
    waves (0.37 + 0.01 * float rank) (float step) 1e-3

let private learn (ranks: ICommunicator) (optimizer: AdamW) (parameters: ParameterSet) step =
    use _ = torch.NewDisposeScope()
    // The parts of four ranks, whoever has them: those of one are added as the tree does.
    let share = 4 / ranks.Size

    let sum =
        [
            for part in ranks.Rank * share .. (ranks.Rank + 1) * share - 1 -> gradient step part
        ]
        |> function
            | [ one ] -> one
            | [ one; other ] -> one + other
            | parts -> (parts[0] + parts[1]) + (parts[2] + parts[3])

    parameters.Gradients.copy_ sum |> ignore
    ranks.SumShares parameters.Gradients
    optimizer.Step 0.01

let private made (ranks: ICommunicator) =
    let parameters = new ParameterSet(slots, torch.ScalarType.Float32, torch.CPU, null)

    using (waves 0.11 0.5 1.0) (fun values -> parameters.Values.copy_ values |> ignore)
    parameters, new AdamW(parameters, settings, ranks)

/// Norms of two steps, all values afterwards and both moments, as every rank sees them.
let private after size =
    NativeRuntime.Load()

    ThreadRanks.run size (fun ranks ->
        use _ = torch.NewDisposeScope()
        let parameters, optimizer = made ranks
        use parameters = parameters
        use optimizer = optimizer
        let norms = [ for step in 1..2 -> learn ranks optimizer parameters step ]
        let values = doubles parameters.Values
        let first = doubles (optimizer.Whole optimizer.FirstMoment)
        let second = doubles (optimizer.Whole optimizer.SecondMoment)
        norms, (values, first, second), optimizer.FirstMoment.numel ())

[<Tests>]
let tests =
    testList
        "Shared updates"
        [
            test "any number of ranks makes the same update, each with its share of the moments" {
                let norms, found, whole = List.exactlyOne (after 1)
                Expect.equal whole count "one process has all moments"

                for size in [ 2; 4 ] do
                    let all = after size

                    for rank, (itsNorms, its, _) in List.indexed all do
                        Expect.equal itsNorms norms $"rank {rank} of {size}: norms"
                        Expect.isTrue (its = found) $"rank {rank} of {size}: values and moments"

                    let shares = [ for _, _, share in all -> share ]
                    Expect.equal (List.sum shares) count $"{size} ranks have each moment once"

                    for share in shares do
                        Expect.isLessThan share (count / int64 size + 2L * LongNorm.Block) $"{size} ranks: even shares"
            }

            test "shares are whole blocks that cover every value once" {
                for size in [ 1; 2; 4; 8; 32 ] do
                    for values in [ 1L; 65_536L; 65_537L; count; 5_000_000L ] do
                        let runs =
                            [
                                for rank in 0 .. size - 1 do
                                    yield! TreeSum.Shares(rank, size, values)
                            ]
                            |> List.map (fun struct (from, many) -> from, many)
                            |> List.sort

                        let ends =
                            runs |> List.scan (fun at (from, many) -> (if at = from then from + many else -1L)) 0L

                        Expect.equal (List.last ends) values $"{size} ranks, {values} values: {runs}"

                        for from, _ in runs do
                            Expect.equal (from % LongNorm.Block) 0L $"{size} ranks, {values} values"
            }

            test "a moment of all values is taken apart as it was put together" {
                NativeRuntime.Load()

                let kept =
                    ThreadRanks.run 4 (fun ranks ->
                        use _ = torch.NewDisposeScope()
                        let parameters, optimizer = made ranks
                        use parameters = parameters
                        use optimizer = optimizer
                        let whole = waves 0.7 0.1 1.0
                        optimizer.Fill(optimizer.FirstMoment, (fun buffer -> buffer.copy_ whole |> ignore))
                        doubles (optimizer.Whole optimizer.FirstMoment) = doubles whole)

                Expect.equal kept [ true; true; true; true ] "on every rank"
            }
        ]
