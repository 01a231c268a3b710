/// What meets where types cannot tell sizes apart, and what no door may let in.
module LoRi.Math.Tests.DoorTests

open System
open Expecto
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators

let private case =
    {
        Levels = 2
        Width = 3
        Counts = [| 4; 3 |]
        Steps = 2
        Seed = 1
    }

let private rationale weighting =
    {
        Covariance = Covariance.Modewise
        Order = Order.Lag1
        Weighting = weighting
    }

/// The objective of the case in a subspace of these ranks.
let private objective (backend: Backend) layerRank hiddenRank weighting =
    let wanted: SubspaceOptions =
        { options case SubspaceKind.MultilinearSvd Standardisation.Full with
            LayerRank = RankChoice.Exactly layerRank
            HiddenRank = RankChoice.Exactly hiddenRank
        }

    let subspace =
        fit backend wanted (teacherStates backend case) case.Counts
        |> measured backend case weighting

    let form =
        {
            Rationale = rationale weighting
            Anchor = AnchorForm.Full
            AnchorScale = AnchorScale.Corpus
        }

    ok (BoundObjective.Create subspace form backend.Like)

let private batchOf backend layerRank hiddenRank weighting =
    against (objective backend layerRank hiddenRank weighting) (teacherStates backend case) case.Counts case.Steps

/// Stops for a broken promise, with these shapes in its text.
let private stops (shapes: string list) what (body: unit -> 'a) =
    Expect.throwsC (fun () -> body () |> ignore) (fun (error: exn) ->
        Expect.isTrue (error :? InvalidOperationException) $"{what}: {error.GetType().Name}"
        Expect.stringStarts error.Message "invariant: " what

        for shape in shapes do
            Expect.stringContains error.Message shape what)

let private weights: RationaleWeights =
    {
        Mean = 1.0
        Covariance = 1.0
        Order = 1.0
    }

let private ranks (backend: Backend) =
    [
        example "teacher coordinates of another rank stop the objective and its gradient, with both shapes" (fun () ->
            let student = studentStates backend case

            for weighting in [ Weighting.Off; Weighting.Variance; Weighting.Statistic ] do
                let large = batchOf backend 2 2 weighting

                for layers, width, shapes in
                    [
                        1, 2, [ "2 x 1 x 4 x 2"; "2 x 4 x 2" ]
                        2, 1, [ "2 x 2 x 4 x 1"; "2 x 4 x 2" ]
                    ] do
                    let mixed =
                        { large with
                            Teacher = (batchOf backend layers width weighting).Teacher
                        }

                    let what = $"{weighting}, ranks {layers} and {width}"
                    stops shapes what (fun () -> mixed.Terms student)

                    stops shapes $"gradient, {what}" (fun () ->
                        mixed.Objective.RationaleGradient
                            weights
                            mixed.TeacherWeights
                            mixed.Teacher
                            mixed.StudentWeights
                            (mixed.Student student)))

        example "moments of another rank stop the comparison and its gradient, with both shapes" (fun () ->
            let centredTeacher (batch: Batch) =
                Moments.centre batch.TeacherWeights batch.Teacher

            let large = batchOf backend 2 2 Weighting.Off
            let bound = large.Objective.Subspace

            let student =
                Moments.centre
                    large.StudentWeights
                    (bound.Coordinates(bound.Standardise(large.Student(studentStates backend case))))

            let free = rationale Weighting.Off

            for layers, width in [ 1, 2; 2, 1; 1, 1 ] do
                let teacher = centredTeacher (batchOf backend layers width Weighting.Off)
                let shapes = [ $"2 x {layers} x 4 x {width}"; "2 x 2 x 2 x 2" ]
                stops shapes "terms" (fun () -> MomentMatching.terms free (fun _ -> None) teacher student)
                stops shapes "token Grams" (fun () -> MomentMatching.fullCovarianceByGrams teacher student)

                stops shapes "gradient" (fun () ->
                    MomentMatching.gradient free weights (fun _ -> None) FullCovariances.EntryByEntry teacher student))
    ]

let private sizes (backend: Backend) =
    [
        example "trajectories of another subspace's size stop at standardisation and projection" (fun () ->
            let bound = (objective backend 2 2 Weighting.Off).Subspace
            let tokens: Dim<LatentStep> = ok (Dim.create 5)

            for levels, width in [ 1, 3; 2, 1 ] do
                let raw =
                    RawTrajectory.create
                        (ok (Dim.create levels))
                        tokens
                        (ok (Dim.create width))
                        (backend.Tensor [ 1; levels; 5; width ] (normals 3 (levels * 5 * width)))
                    |> ok

                let shapes = [ $"1 x {levels} x 5 x {width}"; "2 x 5 x 3" ]
                stops shapes "standardisation" (fun () -> bound.Standardise raw))

        example "standardised trajectories of another subspace stop at projection" (fun () ->
            let narrow = { case with Width = 2; Levels = 1 }

            let other =
                fit
                    backend
                    (options narrow SubspaceKind.Identity Standardisation.Off)
                    (teacherStates backend narrow)
                    narrow.Counts

            let foreign = BoundSubspace(other, backend.Like)

            let standardised =
                foreign.Standardise(ok (foreign.Trajectory<TeacherToken>(teacherStates backend narrow)))

            let identity =
                fit
                    backend
                    (options case SubspaceKind.Identity Standardisation.Off)
                    (teacherStates backend case)
                    case.Counts

            let bound = BoundSubspace(identity, backend.Like)
            let shapes = [ "2 x 1 x 4 x 2"; "2 x 4 x 3" ]
            stops shapes "projection" (fun () -> bound.Coordinates standardised)
            stops shapes "kept energy" (fun () -> bound.KeptEnergy standardised))

        example "anchors of another subspace's size stop the objective" (fun () ->
            let bound = objective backend 2 2 Weighting.Off

            for levels, width in [ 1, 3; 2, 1 ] do
                let anchors =
                    Anchors.create
                        (ok (Dim.create levels))
                        (ok (Dim.create width))
                        (backend.Tensor [ 2; levels; width ] (normals 3 (2 * levels * width)))
                    |> ok

                stops [ $"2 x {levels} x {width}"; "2 x 3" ] "anchors" (fun () -> bound.Anchor anchors anchors))
    ]

let private fits (backend: Backend) =
    [
        example "a largest rank below one is refused" (fun () ->
            let attempt change =
                CorpusStatistics.Start (teacherStates backend case) case.Counts
                |> Result.bind StandardisedCorpora.ofStatistics
                |> Result.bind (
                    FittedSubspace.fit
                        backend.Spectral
                        (change (options case SubspaceKind.MultilinearSvd Standardisation.Full))
                )
                |> errorText

            for largest in [ 0; -1 ] do
                Expect.equal
                    (attempt (fun o ->
                        { o with
                            LayerRank = RankChoice.Energy(0.9, largest)
                        }))
                    $"rank {largest} of the layer mode must lie between 1 and the mode's size, 2"
                    "layer"

            Expect.equal
                (attempt (fun o ->
                    { o with
                        HiddenRank = RankChoice.Energy(0.9, 0)
                    }))
                "rank 0 of the hidden mode must lie between 1 and the mode's size, 3"
                "hidden")

        example "a level whose anchors never vary does not stop the fit, but the term that divides by it" (fun () ->
            let states = teacherStates backend case
            // Two anchors: level 1 moves, level 2 does not.
            let anchors =
                backend.Tensor [ 2; 2; 3 ] [| 1.0; 2.0; 3.0; 5.0; 5.0; 5.0; 2.0; 1.0; 4.0; 5.0; 5.0; 5.0 |]

            for kind in [ SubspaceKind.MultilinearSvd; SubspaceKind.Identity ] do
                let subspace =
                    Subspaces.Fit(
                        backend.Spectral,
                        options case kind Standardisation.Full,
                        Weighting.Off,
                        states,
                        case.Counts,
                        anchors
                    )

                let deviations = Option.get subspace.AnchorDeviation
                Expect.isGreaterThan deviations[0] 0.0 "level 1"
                Expect.equal deviations[1] 0.0 "level 2"
                Expect.isOk (MeasuredSubspace.validate subspace) "the fit goes on"

                let bind anchor scale =
                    BoundObjective.Create
                        subspace
                        {
                            Rationale = rationale Weighting.Off
                            Anchor = anchor
                            AnchorScale = scale
                        }
                        backend.Like

                for form in [ AnchorForm.Full; AnchorForm.Subspace ] do
                    Expect.equal
                        (errorText (bind form AnchorScale.Corpus))
                        "the teacher's anchors at level 2 (of 2) are all the same number, so the anchor term cannot be divided by their deviation; leave the term off, trace other levels, or fit on more anchors"
                        "text"

                Expect.isOk (bind AnchorForm.Off AnchorScale.Corpus) "off"
                Expect.isOk (bind AnchorForm.Full AnchorScale.Batch) "over the batch")

        example "a deviation below zero is refused" (fun () ->
            let subspace = (objective backend 2 2 Weighting.Off).Measured

            Expect.equal
                (errorText (
                    MeasuredSubspace.validate
                        { subspace with
                            AnchorDeviation = Some [| 1.0; -1.0 |]
                        }
                ))
                "the deviations of the anchors holds -1; no value may be below 0"
                "text")

        example "the deviation over a batch of one number is zero, as over a corpus of one" (fun () ->
            let found = Anchor.batchDeviations (backend.Tensor [ 1; 2; 1 ] [| 3.0; -4.0 |])
            Expect.equal (found.ToArray()) [| 0.0; 0.0 |] "deviations")

        example "coordinates without anchors are measured through the facade" (fun () ->
            let batch = batchOf backend 2 2 Weighting.Off
            let subspace = batch.Objective.Measured

            let measures =
                SubspaceMeasures(
                    subspace.Fitted,
                    MeasuredVariances.every Weighting.Statistic subspace.Fitted,
                    backend.Like
                )

            let none = backend.Tensor [ 0; 2; 3 ] [||]
            Subspaces.MeasureCoordinates(measures, Coordinates.raw batch.Teacher, case.Counts, none)
            let found = measures.Finish()
            Expect.isNone found.AnchorDeviation "no anchors"
            close Tolerances.spectral [| keptOf subspace |] [| keptOf found |] "energy kept")
    ]

[<Tests>]
let tests =
    testList "Doors" [ onEach "ranks" ranks; onEach "sizes" sizes; onEach "fits" fits ]
