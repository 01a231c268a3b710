module LoRi.Math.Tests.CorpusTests

open Expecto
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators

let private property = property<CorpusCase> typeof<Cases>

/// One example of a corpus as a batch of its own.
let private single (backend: Backend) (case: CorpusCase) example =
    let size = case.Levels * case.Longest * case.Width
    let own = case.Teacher[example * size .. (example + 1) * size - 1]
    backend.Tensor [ 1; case.Levels; case.Longest; case.Width ] own, [| case.Counts[example] |]

let private statistics backend case examples : CorpusStatistics =
    let first, rest = List.head examples, List.tail examples

    let start = ok (single backend case first ||> CorpusStatistics.Start)

    (start, rest)
    ||> List.fold (fun sums example ->
        let states, counts = single backend case example
        ok (sums.Add states counts))

let private contents (corpora: StandardisedCorpora) =
    [
        for standardisation in Standardisation.all do
            let corpus = corpora.Under standardisation
            let name = Standardisation.name standardisation
            name + " mean", Matrices.Values corpus.Mean
            name + " rms", corpus.Rms
            name + " layer Gram", Matrices.Values corpus.LayerGram
            name + " hidden Gram", Matrices.Values corpus.HiddenGram
            name + " energy", [| corpus.Energy |]
    ]

let private whole backend case =
    CorpusStatistics.Start (teacherStates backend case) case.Counts
    |> Result.bind StandardisedCorpora.ofStatistics
    |> ok

let private same expected found =
    Expect.equal found.Tokens expected.Tokens "tokens"
    Expect.equal found.Examples expected.Examples "examples"

    for (name, left), (_, right) in List.zip (contents expected) (contents found) do
        closeOn 1.0 1e-11 left right name

let private twice (backend: Backend) (case: CorpusCase) =
    let batches =
        [ for example in 0 .. case.Counts.Length - 1 -> single backend case example ]

    let first, rest = batches.Head, batches.Tail

    let sums =
        (ok (first ||> LevelSums.Start), rest)
        ||> List.fold (fun sums batch -> ok (batch ||> sums.Add))

    let grams standardisation =
        (ok (GramSums.Start sums standardisation), batches)
        ||> List.fold (fun grams batch -> ok (batch ||> grams.Add))

    ok (StandardisedCorpora.make (fun standardisation -> (grams standardisation).Corpus) sums.Examples sums.Tokens)

let private accumulation (backend: Backend) =
    [
        property "two_readings_give_what_one_gives" (fun case -> same (whole backend case) (twice backend case))

        property "a_fully_standardised_corpus_has_energy_one_per_component" (fun case ->
            let corpora = whole backend case
            let count = float corpora.Tokens * float (case.Levels * case.Width)
            close 1e-10 [| count |] [| corpora.Full.Energy |] "energy"
            close 1e-10 [| count |] [| corpora.Scale.Energy |] "energy under scale")

        property "rows_without_tokens_add_nothing" (fun case ->
            let states = teacherStates backend case
            let sums = ok (CorpusStatistics.Start states case.Counts)
            let more = ok (sums.Add states (Array.map (fun _ -> 0) case.Counts))
            same (ok (StandardisedCorpora.ofStatistics sums)) (ok (StandardisedCorpora.ofStatistics more)))
    ]

let private edges (backend: Backend) =
    [
        example "a large common offset costs no precision" (fun () ->
            let case =
                {
                    Levels = 2
                    Width = 3
                    Counts = [| 5; 4 |]
                    Steps = 1
                    Seed = 8
                }

            let offset = 1e6
            let moved = case.Teacher |> Array.map (fun x -> x + offset)

            let sums =
                ok (CorpusStatistics.Start (backend.Tensor [ 2; 2; 5; 3 ] moved) case.Counts)

            let plain, shifted = whole backend case, ok (StandardisedCorpora.ofStatistics sums)
            // The numbers themselves lose 1e-10 to the offset.
            close 1e-8 plain.Full.Rms shifted.Full.Rms "rms"
            close 1e-8 (Matrices.Values plain.Full.HiddenGram) (Matrices.Values shifted.Full.HiddenGram) "hidden Gram")

        example "a level that never moves is left as it is" (fun () ->
            let states =
                backend.Tensor [ 1; 2; 2; 2 ] [| 3.0; 3.0; 3.0; 3.0; 1.0; 2.0; 3.0; 5.0 |]

            let corpora =
                ok (StandardisedCorpora.ofStatistics (ok (CorpusStatistics.Start states [| 2 |])))

            Expect.equal corpora.Full.Rms[0] 1.0 "no scale"
            Expect.equal (Array.head (Matrices.Values corpora.Full.LayerGram)) 0.0 "all zero after centring")

        example "states that never move have no energy below zero" (fun () ->
            let random = System.Random 3

            for _ in 1..100 do
                let state = Array.init 5 (fun _ -> 10.0 * random.NextDouble())

                let batch tokens =
                    backend.Tensor [ 1; 1; tokens; 5 ] (Array.concat (Array.replicate tokens state)), [| tokens |]

                let first, next = batch (random.Next(1, 8)), batch (random.Next(1, 8))
                let sums = ok ((ok (first ||> CorpusStatistics.Start)).Add <|| next)
                let corpus = (ok (StandardisedCorpora.ofStatistics sums)).Full
                Expect.isGreaterThanOrEqual corpus.Energy 0.0 "a sum of squares")

        example "a corpus without any token is refused" (fun () ->
            let sums =
                ok (CorpusStatistics.Start (backend.Tensor [ 1; 1; 1; 2 ] [| 1.0; 2.0 |]) [| 0 |])

            Expect.equal
                (errorText (StandardisedCorpora.ofStatistics sums))
                "the corpus has no rationale token, so there is nothing to fit; it needs an example with a rationale"
                "text")

        example "NaN in a corpus is refused" (fun () ->
            let sums =
                ok (CorpusStatistics.Start (backend.Tensor [ 1; 1; 1; 2 ] [| nan; 2.0 |]) [| 1 |])

            Expect.equal
                (errorText (StandardisedCorpora.ofStatistics sums))
                "the corpus holds NaN or infinity; every value must be finite"
                "text")
    ]

[<Tests>]
let tests =
    testList "Corpus statistics" [ onEach "accumulation" accumulation; onEach "edges" edges ]
