/// The spectrum of independent components of a corpus's variances: what its own is compared with.
module LoRi.Math.Tests.IndependentSpectrumTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators

let private spectra (backend: Backend) (case: CorpusCase) standardisation =
    let corpora =
        CorpusStatistics.Start (teacherStates backend case) case.Counts
        |> Result.bind StandardisedCorpora.ofStatistics
        |> ok

    let corpus = corpora.Under standardisation
    Spectrum.ofCorpus backend.Spectral corpus, Spectrum.independent corpus

/// Sums of the first 1, 2, .. values.
let private cumulative (values: float[]) = Array.scan (+) 0.0 values |> Array.tail

let private properties (backend: Backend) =
    [
        property<CorpusCase>
            typeof<Cases>
            "no corpus fills more directions than independent components of its variances"
            (fun case ->
                for standardisation in Standardisation.all do
                    let own, independent = spectra backend case standardisation

                    for mode, own, independent in
                        [
                            "layer", own.Layer, independent.Layer
                            "hidden", own.Hidden, independent.Hidden
                        ] do
                        let energy = Array.sum independent
                        closeOn 1e-300 Tolerances.spectral [| energy |] [| Array.sum own |] $"{mode}: energy"

                        for leading, diagonal in Array.zip (cumulative own) (cumulative independent) do
                            Expect.isTrue
                                (leading >= diagonal - 1e-9 * energy)
                                $"{mode}: {leading} of the leading, {diagonal} of the diagonal"

                        for share in [ 0.5; 0.9; 0.95 ] do
                            Expect.isLessThanOrEqual
                                (ok (EffectiveRank.atEnergy (share * (1.0 - 1e-6)) own))
                                (ok (EffectiveRank.atEnergy share independent))
                                $"{mode}: rank for {share}")
    ]

/// Two tokens (1, 3, -2) and (1, -3, -2) of one level, as they are: squares 2, 18 and 8, the first component tied to the third.
let private worked =
    test "independent components have their own squares, the largest first" {
        let states = reference.Tensor [ 1; 1; 2; 3 ] [| 1.0; 3.0; -2.0; 1.0; -3.0; -2.0 |]

        let corpora =
            CorpusStatistics.Start states [| 2 |]
            |> Result.bind StandardisedCorpora.ofStatistics
            |> ok

        let corpus = corpora.Under Standardisation.Off
        let found = Spectrum.independent corpus
        closeOn 1.0 Tolerances.spectral [| 18.0; 8.0; 2.0 |] found.Hidden "hidden"
        closeOn 1.0 Tolerances.spectral [| 28.0 |] found.Layer "layer"

        closeOn
            1.0
            Tolerances.spectral
            [| 18.0; 10.0; 0.0 |]
            (Spectrum.ofCorpus reference.Spectral corpus).Hidden
            "its own"
    }

[<Tests>]
let tests =
    testList "Independent spectrum" [ onEach "properties" properties; worked ]
