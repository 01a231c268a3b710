/// The theorems of proofs/Streaming.v, on the code.
module LoRi.Math.Tests.Proofs.StreamingProofTests

open Expecto
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators

let private property = property<CorpusCase> typeof<Cases>

/// Sums of squares around a shift cancel: this share of the largest entry, and of 1.
let private tolerance = 1e-11

/// The real tokens of some examples, each a matrix level by component.
let private tokensOf (case: CorpusCase) examples =
    let at = case.Teacher

    [
        for example in examples do
            for token in 0 .. case.Counts[example] - 1 ->
                Array2D.init case.Levels case.Width (fun level j ->
                    at[((example * case.Levels + level) * case.Longest + token) * case.Width + j])
    ]

let private everyExample (case: CorpusCase) = [ 0 .. case.Counts.Length - 1 ]

/// Some examples as one batch.
let private batchOf (backend: Backend) (case: CorpusCase) (examples: int list) =
    let size = case.Levels * case.Longest * case.Width

    let own =
        examples |> List.map (fun e -> case.Teacher[e * size .. (e + 1) * size - 1])

    let shape = [ examples.Length; case.Levels; case.Longest; case.Width ]
    backend.Tensor shape (Array.concat own), examples |> List.map (fun e -> case.Counts[e]) |> Array.ofList

/// Statistics of some examples, around a shift of their own.
let private statisticsOf backend case examples : CorpusStatistics =
    ok (batchOf backend case examples ||> CorpusStatistics.Start)

let private whole backend case =
    statisticsOf backend case (everyExample case)

/// Examples dealt to `count` parts in an order that a seed chose; no part is empty.
let private dealt (case: CorpusCase) count =
    let random = System.Random case.Seed

    let order = everyExample case |> List.sortBy (fun _ -> random.NextDouble())

    order |> List.splitInto count

let private same (expected: CorpusStatistics) (found: CorpusStatistics) =
    Expect.equal found.Examples expected.Examples "examples"
    Expect.equal found.Tokens expected.Tokens "tokens"

    for name, part in
        [
            "shift", (fun (s: CorpusStatistics) -> s.Shift)
            "sums", (fun s -> s.Sums)
            "hidden Grams", (fun s -> s.HiddenGrams)
            "products across levels", (fun s -> s.LevelProducts)
        ] do
        closeOn 1.0 tolerance ((part expected).ToArray()) ((part found).ToArray()) name

/// Sums over tokens of products of two numbers of a token, for the index pairs given.
let private summed (tokens: float[,] list) pairs (product: float[,] -> 'pair -> float) =
    [| for pair in pairs -> tokens |> List.sumBy (fun x -> product x pair) |]

let private square count =
    [
        for i in 0 .. count - 1 do
            for j in 0 .. count - 1 -> i, j
    ]

let private layerGram (case: CorpusCase) tokens =
    summed tokens (square case.Levels) (fun x (k, l) ->
        Seq.sum (seq { for j in 0 .. case.Width - 1 -> x[k, j] * x[l, j] }))

/// Products of the components of one level.
let private levelGram (case: CorpusCase) tokens level =
    summed tokens (square case.Width) (fun x (i, j) -> x[level, i] * x[level, j])

let private accumulation (backend: Backend) =
    [
        property "statistics_around_another_shift" (fun case ->
            let shift = normals (case.Seed + 5) (case.Levels * case.Width)
            let target = backend.Tensor [ case.Levels; case.Width ] shift
            let found = (whole backend case).MovedTo target

            let tokens =
                tokensOf case (everyExample case)
                |> List.map (Array2D.mapi (fun level j x -> x - shift[level * case.Width + j]))

            let sums =
                [|
                    for level in 0 .. case.Levels - 1 do
                        for j in 0 .. case.Width - 1 -> tokens |> List.sumBy (fun x -> x[level, j])
                |]

            Expect.equal found.Tokens (float tokens.Length) "tokens"
            closeOn 1.0 tolerance sums (found.Sums.ToArray()) "sums"
            closeOn 1.0 tolerance (layerGram case tokens) (found.LevelProducts.ToArray()) "products across levels"
            let grams = Array.collect (levelGram case tokens) [| 0 .. case.Levels - 1 |]
            closeOn 1.0 tolerance grams (found.HiddenGrams.ToArray()) "hidden Grams")

        property "any_split_and_order_gives_the_whole_corpus" (fun case ->
            let expected = whole backend case

            for count in [ 1; 2; case.Counts.Length ] do
                let parts = dealt case count |> List.map (statisticsOf backend case)
                let merged = parts |> List.reduce (fun sums part -> sums.Merge part)
                same expected (merged.MovedTo expected.Shift)

            let added =
                (statisticsOf backend case [ 0 ], (everyExample case).Tail)
                ||> List.fold (fun sums example -> ok (batchOf backend case [ example ] ||> sums.Add))

            same expected (added.MovedTo expected.Shift))

        property "merging_is_associative" (fun case ->
            let a, b = statisticsOf backend case [ 0 ], statisticsOf backend case [ 0; 1 ]
            let c = statisticsOf backend case (everyExample case).Tail
            same ((a.Merge b).Merge c) (a.Merge(b.Merge c)))

        property "merging_is_commutative" (fun case ->
            let a = statisticsOf backend case [ 0 ]
            let b = statisticsOf backend case (everyExample case).Tail
            same (a.Merge b) ((b.Merge a).MovedTo a.Shift))
    ]

/// Mean, scale and standardised tokens as they are defined, in two readings of plain numbers.
let private defined (case: CorpusCase) standardisation =
    let tokens = tokensOf case (everyExample case)

    let mean =
        Array2D.init case.Levels case.Width (fun level j ->
            if standardisation = Standardisation.Full then
                tokens |> List.averageBy (fun x -> x[level, j])
            else
                0.0)

    let rms =
        Array.init case.Levels (fun level ->
            let squares =
                [
                    for x in tokens do
                        for j in 0 .. case.Width - 1 -> (x[level, j] - mean[level, j]) ** 2.0
                ]

            if standardisation = Standardisation.Off then
                1.0
            else
                sqrt (List.average squares))

    mean, rms, tokens |> List.map (Array2D.mapi (fun level j x -> (x - mean[level, j]) / rms[level]))

let private onePass (backend: Backend) =
    [
        property "one_pass_gives_full_and_scale" (fun case ->
            let parts = dealt case 2 |> List.map (statisticsOf backend case)
            let statistics = parts |> List.reduce (fun sums part -> sums.Merge part)

            for standardisation in Standardisation.all do
                let found = ok (StandardisedCorpus.ofStatistics standardisation statistics)
                let mean, rms, x = defined case standardisation
                let name = Standardisation.name standardisation

                closeOn
                    1.0
                    tolerance
                    (Seq.cast<float> mean |> Array.ofSeq)
                    (Matrices.Values found.Mean)
                    $"{name}: mean"

                close tolerance rms found.Rms $"{name}: rms"
                close tolerance (layerGram case x) (Matrices.Values found.LayerGram) $"{name}: layer Gram"

                let hidden =
                    [| 0 .. case.Levels - 1 |]
                    |> Array.map (levelGram case x)
                    |> Array.reduce (Array.map2 (+))

                close tolerance hidden (Matrices.Values found.HiddenGram) $"{name}: hidden Gram")

        property "full_standardisation_has_mean_zero_and_scale_one" (fun case ->
            let states = teacherStates backend case
            let identity = options case SubspaceKind.Identity Standardisation.Full
            let bound = BoundSubspace(fit backend identity states case.Counts, backend.Like)
            let x = bound.Standardise(ok (bound.Trajectory<TeacherToken> states))
            // Read like the corpus itself, so that padding stays out.
            let numbers = (Tensor3.raw (StandardisedTrajectory.tensor x)).ToArray()
            let size = case.Longest * case.Width

            for level in 0 .. case.Levels - 1 do
                let own =
                    [|
                        for example in everyExample case do
                            let start = (example * case.Levels + level) * size
                            yield! numbers[start .. start + case.Counts[example] * case.Width - 1]
                    |]

                let means =
                    [|
                        for j in 0 .. case.Width - 1 ->
                            own
                            |> Array.indexed
                            |> Array.filter (fun (i, _) -> i % case.Width = j)
                            |> Array.averageBy snd
                    |]

                closeOn 1.0 tolerance (Array.zeroCreate case.Width) means $"level {level}: means"
                close tolerance [| 1.0 |] [| own |> Array.averageBy (fun v -> v * v) |] $"level {level}: mean square")
    ]

[<Tests>]
let tests =
    testList "Proofs" [ onEach "Streaming.v" (fun backend -> accumulation backend @ onePass backend) ]
