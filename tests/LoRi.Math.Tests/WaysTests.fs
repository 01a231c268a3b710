/// A corpus's subspace by the three ways there are: the multilinear SVD of the whole corpus in memory, one pass over its batches,
/// and two passes with less memory.
module LoRi.Math.Tests.WaysTests

open Expecto
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators

/// The corpus one example at a time.
let private batches (backend: Backend) (case: CorpusCase) =
    [
        for example in 0 .. case.Counts.Length - 1 ->
            (teacherStates backend case).Slice(-4, example, 1), [| case.Counts[example] |]
    ]

let private onePass (backend: Backend) (case: CorpusCase) =
    let all = batches backend case
    let start = ok (all.Head ||> CorpusStatistics.Start)

    (start, all.Tail)
    ||> List.fold (fun sums batch -> ok (batch ||> sums.Add))
    |> StandardisedCorpora.ofStatistics
    |> ok

let private twoPasses (backend: Backend) (case: CorpusCase) =
    let all = batches backend case

    let sums =
        (ok (all.Head ||> LevelSums.Start), all.Tail)
        ||> List.fold (fun sums batch -> ok (batch ||> sums.Add))

    let grams standardisation =
        (ok (GramSums.Start sums standardisation), all)
        ||> List.fold (fun grams batch -> ok (batch ||> grams.Add))

    ok (StandardisedCorpora.make (fun standardisation -> (grams standardisation).Corpus) sums.Examples sums.Tokens)

/// What is compared: squared singular values, projectors and energy of both modes.
type private Found =
    {
        Spectrum: Spectrum
        Projectors: float[] * float[]
        Whole: float
        Kept: float
    }

let private projector basis =
    Matrices.Values(Subspace.projector basis)

/// By definition: all tokens standardised and laid out as one tensor, level (all real tokens) hidden, and decomposed.
let private inMemory (backend: Backend) (case: CorpusCase) (fitted: FittedSubspace) =
    let bound = BoundSubspace(fitted, backend.Like)

    let x =
        bound.Standardise(ok (bound.Trajectory<TeacherToken>(teacherStates backend case)))
        |> StandardisedTrajectory.tensor
        |> Tensor3.raw

    let numbers = x.ToArray()

    let tokens =
        [|
            for level in 0 .. case.Levels - 1 do
                for example in 0 .. case.Counts.Length - 1 do
                    for token in 0 .. case.Counts[example] - 1 do
                        let start = ((example * case.Levels + level) * case.Longest + token) * case.Width
                        yield! numbers[start .. start + case.Width - 1]
        |]

    let count = Array.sum case.Counts

    let corpus: Tensor3<Level, TeacherToken, Hidden> =
        Tensors.Tensor3(
            Tensors.Dim case.Levels,
            Tensors.Dim count,
            Tensors.Dim case.Width,
            backend.Tensor [ case.Levels; count; case.Width ] tokens
        )

    let layer, _, hidden = ok (MultilinearSvd.singularValues backend.Spectral corpus)

    let ranks =
        {
            R1 = fitted.LayerRank
            R2 = count
            R3 = fitted.HiddenRank
        }

    let tucker = ok (MultilinearSvd.truncated backend.Spectral ranks corpus)

    let energy t =
        (Tensor3.squaredNorm t).PerExample.ToArray()[0]
    // There are no more singular values than columns; the Gram matrix's other eigenvalues are zero.
    let squares size (singular: float[]) =
        Array.init size (fun i -> if i < singular.Length then singular[i] ** 2.0 else 0.0)

    {
        Spectrum =
            {
                Layer = squares case.Levels layer
                Hidden = squares case.Width hidden
            }
        Projectors = projector tucker.Factor1, projector tucker.Factor3
        Whole = energy corpus
        Kept = energy tucker.Core
    }

let private streamed (backend: Backend) (case: CorpusCase) (fitted: FittedSubspace) =
    let measures = SubspaceMeasures(fitted, MeasuredVariances.Nothing, backend.Like)

    for states, counts in batches backend case do
        ok (measures.AddTrajectories states counts)

    {
        Spectrum = fitted.Spectra[fitted.Standardisation]
        Projectors = projector fitted.LayerBasis, projector fitted.HiddenBasis
        Whole = fitted.Energy
        Kept = keptOf (measures.Finish())
    }

/// Whether a cut at this rank has one answer: the eigenvalues on its two sides are apart.
let private isClear rank (eigenvalues: float[]) =
    rank = eigenvalues.Length
    || eigenvalues[rank - 1] - eigenvalues[rank] > 1e-3 * eigenvalues[0]

let private agree (fitted: FittedSubspace) expected found what =
    let scale = expected.Whole

    closeOn
        scale
        Tolerances.spectral
        [| expected.Whole; expected.Kept |]
        [| found.Whole; found.Kept |]
        $"{what}: energies"

    closeOn scale Tolerances.spectral expected.Spectrum.Layer found.Spectrum.Layer $"{what}: layer spectrum"
    closeOn scale Tolerances.spectral expected.Spectrum.Hidden found.Spectrum.Hidden $"{what}: hidden spectrum"

    if isClear fitted.LayerRank expected.Spectrum.Layer then
        closeOn 1.0 Tolerances.projector (fst expected.Projectors) (fst found.Projectors) $"{what}: layer projector"

    if isClear fitted.HiddenRank expected.Spectrum.Hidden then
        closeOn 1.0 Tolerances.projector (snd expected.Projectors) (snd found.Projectors) $"{what}: hidden projector"

let private fitOf (backend: Backend) (case: CorpusCase) standardisation corpora =
    ok (FittedSubspace.fit backend.Spectral (options case SubspaceKind.MultilinearSvd standardisation) corpora)

let private ways (backend: Backend) =
    [
        property<CorpusCase> typeof<Cases> "three_ways_lead_to_one_subspace" (fun case ->
            for standardisation in Standardisation.all do
                let one = fitOf backend case standardisation (onePass backend case)
                let two = fitOf backend case standardisation (twoPasses backend case)
                let expected = inMemory backend case one
                agree one expected (streamed backend case one) $"{standardisation}, one pass"
                agree two expected (streamed backend case two) $"{standardisation}, two passes")

        example "most cuts of generated corpora have one answer" (fun () ->
            let clear seed =
                let case =
                    {
                        Levels = 3
                        Width = 4
                        Counts = [| 3; 5; 2 |]
                        Steps = 1
                        Seed = seed
                    }

                let fitted = fitOf backend case Standardisation.Full (onePass backend case)
                let spectrum = fitted.Spectra[Standardisation.Full]
                isClear fitted.LayerRank spectrum.Layer && isClear fitted.HiddenRank spectrum.Hidden

            Expect.isGreaterThan (List.length (List.filter clear [ 1..20 ])) 15 "of 20")
    ]

[<Tests>]
let tests = testList "Ways" [ onEach "to one subspace" ways ]
