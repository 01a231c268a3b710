/// Sums of a corpus that are added in place against the core's own operations.
module LoRi.Training.Tests.CorpusSumsTests

open Expecto
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Models
open LoRi.Models.Native
open LoRi.Models.Tensors
open LoRi.Training.Teachers
open LoRi.Training.Tests.TensorValues
open LoRi.Training.Trajectories
open TorchSharp

/// A corpus of some batches, each of examples with so many tokens, far from zero; padding holds numbers that must not be read.
let private corpus levels width (dtype: torch.ScalarType) (batches: int list list) =
    let batch number (lengths: int list) =
        let longest = max 1 (List.max lengths)

        let states =
            torch.zeros (int64 lengths.Length, int64 levels, int64 longest, int64 width)

        SeededRandom(int64 number, "states").FillNormal(states, 2.0)
        let moved = HeldScalars.Plus(states, 5.0)

        for row, length in List.indexed lengths do
            if length < longest then
                let padding = moved[int64 row].narrow(1L, int64 length, int64 (longest - length))
                HeldScalars.FillWith(padding, nan) |> ignore

        let anchors = torch.zeros (int64 lengths.Length, int64 levels, int64 width)
        TrajectoryBatch([| 0 .. lengths.Length - 1 |], moved.``to`` dtype, List.toArray lengths, anchors)

    let all = List.mapi batch batches

    { new ITrajectorySource with
        member _.ForEach(add) =
            for batch in all do
                use _ = torch.NewDisposeScope()
                add.Invoke batch
    }

/// The same, with padding that the plain path may multiply by zero.
let private withoutNan (source: ITrajectorySource) =
    { new ITrajectorySource with
        member _.ForEach(add) =
            source.ForEach(fun batch ->
                let clean = HeldScalars.Filled(batch.Trajectories, batch.Trajectories.isnan (), 0.0)
                add.Invoke(TrajectoryBatch(batch.Rows, clean, batch.Lengths, batch.Anchors)))
    }

let private contents (statistics: CorpusStatistics) =
    [
        "shift", statistics.Shift
        "sums", statistics.Sums
        "hidden Gram matrices", statistics.HiddenGrams
        "products across levels", statistics.LevelProducts
    ]
    |> List.map (fun (name, raw) -> name, raw.ToArray())

let private agree levels width dtype batches =
    NativeRuntime.Load()
    use _ = torch.NewDisposeScope()
    let source = corpus levels width dtype batches
    let plain = CorpusReading.Plain()
    (withoutNan source).ForEach(fun batch -> plain.Add batch)
    let wanted, found = plain.Whole, CorpusReading.Once source
    Expect.equal found.Tokens wanted.Tokens "tokens"
    Expect.equal found.Examples wanted.Examples "examples"

    for (name, wanted), (_, found) in List.zip (contents wanted) (contents found) do
        // The first batch's sums around its own mean are nothing but rounding.
        nearArrays 1e-12 (Array.append wanted [| 1.0 |]) (Array.append found [| 1.0 |]) name

/// What the corpora of some readings hold, each with the size that its rounding is measured against.
let private numbers (corpora: StandardisedCorpora) =
    [
        for standardisation in Standardisation.all do
            let corpus = corpora.Under standardisation

            for name, values in
                [
                    "mean", Matrices.Values corpus.Mean
                    "root mean squares", corpus.Rms
                    "Gram matrix of the layer mode", Matrices.Values corpus.LayerGram
                    "Gram matrix of the hidden mode", Matrices.Values corpus.HiddenGram
                ] do
                $"{standardisation}: {name}", values
    ]

/// Two readings in place against the core's own two, and against one in place.
let private agreeTwice levels width dtype batches =
    NativeRuntime.Load()
    use _ = torch.NewDisposeScope()
    let source = corpus levels width dtype batches
    let found = CorpusReading.Twice source
    let plain = CorpusReading.PlainTwice(withoutNan source)
    let once = Subspaces.Corpora(CorpusReading.Once source)

    for how, wanted in [ "plainly", plain; "in one reading", once ] do
        Expect.equal (found.Tokens, found.Examples) (wanted.Tokens, wanted.Examples) $"{how}: tokens and examples"

        for (name, wanted), (_, found) in List.zip (numbers wanted) (numbers found) do
            nearArrays 1e-12 (Array.append wanted [| 1.0 |]) (Array.append found [| 1.0 |]) $"{how}: {name}"

let private sizes =
    [
        for levels, width in [ 1, 1; 3, 7; 2, 16; 5, 33; 4, 72 ] do
            for dtype in
                [
                    torch.ScalarType.Float32
                    torch.ScalarType.Float64
                    torch.ScalarType.BFloat16
                ] do
                testCase $"{levels} levels of {width} components, {dtype}"
                <| fun () ->
                    let batches = [ [ 3; 1; 0; 5 ]; [ 2 ]; [ 0; 0 ] ]
                    agree levels width dtype batches
                    agreeTwice levels width dtype batches
    ]

/// Batches that are not of the corpus, whose sums would lie in other memory.
let private refused =
    [
        for what, shape, counts, message in
            [
                "more components", [| 1L; 2L; 3L; 6L |], [| 3 |], "2 levels of 5 components"
                "fewer levels", [| 1L; 1L; 3L; 5L |], [| 3 |], "2 levels of 5 components"
                "more tokens than there is room for", [| 1L; 2L; 3L; 5L |], [| 4 |], "up to 3 tokens"
                "fewer than none", [| 1L; 2L; 3L; 5L |], [| -1 |], "from -1"
                "numbers of another batch", [| 1L; 2L; 3L; 5L |], [| 3; 3 |], "1 examples"
            ] do
            testCase $"refused: {what}"
            <| fun () ->
                NativeRuntime.Load()
                use _ = torch.NewDisposeScope()
                use sums = new CorpusSums(torch.zeros (1L, 2L, 3L, 5L), [| 3 |])

                Expect.throwsC (fun () -> sums.Add(torch.zeros shape, counts)) (fun e ->
                    Expect.stringContains e.Message message "the message")
    ]

[<Tests>]
let tests =
    testList
        "Corpus sums in place"
        [
            yield! sizes
            yield! refused
            testCase "a first batch without tokens"
            <| fun () ->
                agree 2 5 torch.ScalarType.Float32 [ [ 0; 0 ]; [ 4; 2 ] ]
                agreeTwice 2 5 torch.ScalarType.Float32 [ [ 0; 0 ]; [ 4; 2 ] ]
            testCase "more tokens than a block has room for"
            <| fun () ->
                agree 2 12 torch.ScalarType.Float32 [ [ 400; 300 ]; [ 1200; 17 ] ]
                agreeTwice 2 12 torch.ScalarType.Float32 [ [ 400; 300 ]; [ 1200; 17 ] ]
        ]
