module LoRi.Math.Tests.SharedSubspaceTests

open Expecto
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators

let private property = property<CorpusCase> typeof<Cases>

let private fitted backend (case: CorpusCase) kind =
    fit backend (options case kind Standardisation.Full) (teacherStates backend case) case.Counts
    |> measured backend case Weighting.Off

let private standardised (backend: Backend) (case: CorpusCase) (subspace: FittedSubspace) =
    let bound = BoundSubspace(subspace, backend.Like)
    bound, bound.Standardise(ok (bound.Trajectory<TeacherToken>(teacherStates backend case)))

/// The standardised corpus tensor, level (all real tokens) hidden.
let private corpusTensor (backend: Backend) (case: CorpusCase) =
    let _, x =
        standardised backend case (fitted backend case SubspaceKind.Identity).Fitted

    let values = (Tensor3.raw (StandardisedTrajectory.tensor x)).ToArray()

    let numbers =
        [|
            for level in 0 .. case.Levels - 1 do
                for example in 0 .. case.Counts.Length - 1 do
                    for token in 0 .. case.Counts[example] - 1 do
                        let start = ((example * case.Levels + level) * case.Longest + token) * case.Width
                        yield! values[start .. start + case.Width - 1]
        |]

    let shape = [ case.Levels; Array.sum case.Counts; case.Width ]

    ok (
        Tensor3.ofRaw
            (ok (Dim.create<Level> shape[0]))
            (ok (Dim.create<TeacherToken> shape[1]))
            (ok (Dim.create<Hidden> shape[2]))
            (backend.Tensor shape numbers)
    )

let private fitting (backend: Backend) =
    [
        property "the_spectra_are_those_of_the_corpus_tensor" (fun case ->
            let subspace = (fitted backend case SubspaceKind.MultilinearSvd).Fitted

            let layer, _, hidden =
                ok (MultilinearSvd.singularValues backend.Spectral (corpusTensor backend case))

            let squares = Array.map (fun s -> s * s)
            let spectrum = subspace.Spectra[Standardisation.Full]
            let most = largest spectrum.Layer
            closeOn most Tolerances.spectral (squares layer) (Array.truncate layer.Length spectrum.Layer) "layer"
            closeOn most Tolerances.spectral (squares hidden) (Array.truncate hidden.Length spectrum.Hidden) "hidden")

        property "squared_error_within_bound_and_factor" (fun case ->
            let measured = fitted backend case SubspaceKind.MultilinearSvd
            let subspace = measured.Fitted
            let spectrum = subspace.Spectra[Standardisation.Full]
            let error = subspace.Energy - keptOf measured
            let slack = Tolerances.spectral * subspace.Energy
            let layer = Array.sum spectrum.Layer[subspace.LayerRank ..]
            let hidden = Array.sum spectrum.Hidden[subspace.HiddenRank ..]
            Expect.isLessThanOrEqual error (FittedSubspace.squaredErrorBound subspace + slack) "within the bound"
            // The best possible one loses at least what the worse of the two modes loses.
            Expect.isLessThanOrEqual error (2.0 * max layer hidden + slack) "within the factor of two modes"
            Expect.isGreaterThanOrEqual (error + slack) (max layer hidden) "no better than the best possible")

        property "an_energy_threshold_takes_the_smallest_rank_that_reaches_it" (fun case ->
            let share = 0.8
            let choice = RankChoice.Energy(share, System.Int32.MaxValue)

            let wanted =
                { options case SubspaceKind.MultilinearSvd Standardisation.Full with
                    LayerRank = choice
                    HiddenRank = choice
                }

            let subspace = fit backend wanted (teacherStates backend case) case.Counts

            let check rank (spectrum: float[]) =
                let total = Array.sum spectrum
                Expect.isGreaterThanOrEqual (Array.sum spectrum[.. rank - 1]) (share * total * (1.0 - 1e-9)) "enough"
                Expect.isLessThan (Array.sum spectrum[.. rank - 2]) (share * total) "one fewer is not"

            check subspace.LayerRank subspace.Spectra[Standardisation.Full].Layer
            check subspace.HiddenRank subspace.Spectra[Standardisation.Full].Hidden)
    ]

let private kinds (backend: Backend) =
    [
        property "projection_and_complement_make_the_whole" (fun case ->
            let subspace = (fitted backend case SubspaceKind.MultilinearSvd).Fitted
            let bound, x = standardised backend case subspace

            let rest, _ =
                standardised
                    backend
                    case
                    { subspace with
                        Kind = SubspaceKind.Complement
                    }

            let raw = Tensor3.raw (StandardisedTrajectory.tensor x)
            let outside = (Coordinates.raw (rest.Coordinates x)).ToArray()
            let inside = (Coordinates.raw (bound.Coordinates x)).ToArray()
            let energy (values: float[]) = Array.sumBy (fun v -> v * v) values
            let whole = raw.ToArray()
            // Coordinates in an orthonormal basis have the norm of the projection.
            close
                Tolerances.spectral
                [| energy whole |]
                [| energy inside + energy outside |]
                "|X|^2 = |PX|^2 + |X - PX|^2")

        property "identity_keeps_everything" (fun case ->
            let measured = fitted backend case SubspaceKind.Identity
            let subspace = measured.Fitted
            close Tolerances.spectral [| subspace.Energy |] [| keptOf measured |] "energy"
            Expect.equal (subspace.LayerRank, subspace.HiddenRank) (case.Levels, case.Width) "ranks")

        property "random_bases_are_orthonormal_and_follow_the_seed" (fun case ->
            let basis seed =
                Matrices.Values (fitted backend case (SubspaceKind.Random seed)).Fitted.HiddenBasis

            Expect.equal (basis 1L) (basis 1L) "same seed"
            Expect.notEqual (basis 1L) (basis 2L) "other seed"
            Expect.isOk (MeasuredSubspace.validate (fitted backend case (SubspaceKind.Random 1L))) "orthonormal")

    ]

let private doors (backend: Backend) =
    let case =
        {
            Levels = 2
            Width = 3
            Counts = [| 4; 3 |]
            Steps = 2
            Seed = 1
        }

    let subspace () =
        (fitted backend case SubspaceKind.MultilinearSvd).Fitted

    [
        example "states of another width are refused at the door, with both shapes and the axis" (fun () ->
            let bound = BoundSubspace(subspace (), backend.Like)

            Expect.equal
                (errorText (bound.Trajectory<LatentStep>(backend.Tensor [ 2; 2; 5; 4 ] (normals 1 80))))
                "the trajectory: found shape 2 x 2 x 5 x 4, expected 2 x 5 x 3 for the last axes; they disagree along axis Hidden"
                "text")

        example "coordinates of another rank are refused" (fun () ->
            let bound = BoundSubspace(subspace (), backend.Like)

            Expect.equal
                (errorText (bound.CoordinatesOf<TeacherToken>(backend.Tensor [ 1; 2; 5; 2 ] (normals 1 20))))
                "the coordinates: found shape 1 x 2 x 5 x 2, expected 1 x 5 x 2 for the last axes; they disagree along axis Truncated<Level>"
                "text")

        example "a subspace from outside is checked part by part" (fun () ->
            let measured = fitted backend case SubspaceKind.MultilinearSvd
            let good = measured.Fitted

            let refused change =
                errorText (FittedSubspace.validate (change good))

            Expect.isOk (MeasuredSubspace.validate measured) "as fitted"

            Expect.equal
                (refused (fun s -> { s with Rms = [| 1.0; 0.0 |] }))
                "the scale holds 0; every value must be above 0"
                "rms"

            Expect.equal
                (refused (fun s ->
                    { s with
                        Mean = Subspaces.PerLevel(1, 1, [| 1.0 |])
                    }))
                "the mean: found shape 1 x 1, expected 2 x 3 for the last axes; they disagree along axis Level"
                "mean"

            Expect.equal
                (refused (fun s ->
                    { s with
                        LayerBasis = Subspaces.Basis(2, 3, Array.zeroCreate 6)
                    }))
                "rank 3 of the layer mode must lie between 1 and the mode's size, 2"
                "rank"

            Expect.stringStarts
                (refused (fun s ->
                    { s with
                        HiddenBasis = Subspaces.Basis(3, 2, Array.create 6 0.5)
                    }))
                "the columns of the hidden basis are not orthonormal"
                "basis"

            Expect.equal
                (refused (fun s ->
                    { s with
                        LayerBasis = Subspaces.Basis(2, 1, [| nan; 1.0 |])
                    }))
                "the layer basis holds NaN or infinity; every value must be finite"
                "NaN"

            let stored name values =
                errorText (
                    MeasuredSubspace.validate
                        { measured with
                            StatisticVariances = Map.ofList [ name, values ]
                        }
                )

            let two = [| -1.0; 0.0 |]
            Expect.equal (stored "mean" two) "the variances of mean holds -1; no value may be below 0" "variance"
            Expect.equal (stored "mean" [| 1.0 |]) "the variances of mean: found 1, expected 2" "variances"
            Expect.equal (stored "foo" two) "'foo' is no statistic whose variance is known" "name")

        example "thresholds and ranks out of range are refused" (fun () ->
            let attempt choice =
                let wanted =
                    { options case SubspaceKind.MultilinearSvd Standardisation.Full with
                        HiddenRank = choice
                    }

                CorpusStatistics.Start (teacherStates backend case) case.Counts
                |> Result.bind StandardisedCorpora.ofStatistics
                |> Result.bind (FittedSubspace.fit backend.Spectral wanted)
                |> errorText

            Expect.equal
                (attempt (RankChoice.Exactly 4))
                "rank 4 of the hidden mode must lie between 1 and the mode's size, 3"
                "rank"

            Expect.equal
                (attempt (RankChoice.Energy(1.5, 9)))
                "energy 1.5 of the hidden mode must lie above 0 and at most at 1"
                "energy")
    ]

/// Statistics that are zero by symmetry, but for rounding, must not become weights of 1e+34.
let private rounding (backend: Backend) =
    let corpus counts =
        {
            Levels = 2
            Width = 4
            Counts = counts
            Steps = 2
            Seed = 463519
        }

    let variances counts kind change =
        let case = corpus counts
        let wanted = change (options case kind Standardisation.Full)

        (fit backend wanted (teacherStates backend case) case.Counts
         |> measured backend case Weighting.Statistic)
            .StatisticVariances

    let whole (wanted: SubspaceOptions) =
        { wanted with
            LayerRank = RankChoice.Exactly 2
            HiddenRank = RankChoice.Exactly 4
        }

    [
        example "third moments of rationales of two tokens do not vary" (fun () ->
            for kind in [ SubspaceKind.MultilinearSvd; SubspaceKind.Identity; SubspaceKind.Complement ] do
                let found = variances [| 2; 2; 2 |] kind id
                Expect.allEqual found["order.third"] 0.0 $"third moments, {kind}"

                for name in [ "mean"; "covariance.layer"; "order.lag-1.hidden" ] do
                    Expect.isGreaterThan (Array.min found[name]) 0.0 $"{name}, {kind}")
        example "third moments of longer rationales do" (fun () ->
            let found = variances [| 2; 3; 2 |] SubspaceKind.Complement id
            Expect.isGreaterThan (Array.min found["order.third"]) 0.0 "third moments")
        example "nothing varies in the complement of the whole space" (fun () ->
            for KeyValue(name, values) in variances [| 2; 3; 4 |] SubspaceKind.Complement whole do
                Expect.allEqual values 0.0 name)
    ]

let private spectrum =
    testList
        "effective rank"
        [
            test "a flat spectrum fills as many directions as it has" {
                let flat = EffectiveRank.ofEigenvalues (Array.create 5 2.0)
                close 1e-12 [| 5.0; 5.0 |] [| flat.EntropyRank; flat.Participation |] "ranks"
                close 1e-12 [| 0.2; 0.4; 0.6; 0.8; 1.0 |] flat.Cumulative "cumulative"
            }
            test "a single direction has rank one, whatever rounding left below zero" {
                let one = EffectiveRank.ofEigenvalues [| 3.0; 0.0; -1e-18 |]
                close 1e-12 [| 1.0; 1.0 |] [| one.EntropyRank; one.Participation |] "ranks"
                Expect.equal (EffectiveRank.atEnergy 0.99 [| 3.0; 0.0; -1e-18 |]) (Ok 1) "rank at 99 %"
            }
        ]

[<Tests>]
let tests =
    testList
        "Shared subspace"
        [
            onEach "fitting" fitting
            onEach "kinds" kinds
            onEach "doors" doors
            onEach "rounding" rounding
            spectrum
        ]
