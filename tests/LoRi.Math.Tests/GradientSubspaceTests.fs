/// Subspaces of gradients: the directions that an answer depends on.
module LoRi.Math.Tests.GradientSubspaceTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators

let private statistics states counts =
    ok (CorpusStatistics.Start states counts)

let private corporaOf states counts =
    ok (StandardisedCorpora.ofStatistics (statistics states counts))

let private byGradients (backend: Backend) (case: CorpusCase) standardisation (gradients: RawTensor) =
    let corpora = corporaOf (teacherStates backend case) case.Counts

    FittedSubspace.fitByGradients
        backend.Spectral
        (options case SubspaceKind.Gradient standardisation)
        (statistics gradients case.Counts)
        corpora

/// Made-up gradients of the shape of the states.
let private gradients (backend: Backend) (case: CorpusCase) =
    let sizes = [ case.Counts.Length; case.Levels; case.Longest; case.Width ]
    backend.Tensor sizes (normals (case.Seed + 9) (List.fold (*) 1 sizes))

let private projectorOf (basis: Matrix<'a, Truncated<'a>>) =
    (Matrix.raw (Subspace.projector basis)).ToArray()

/// Energy that both bases keep of gradients with respect to standardised states, rms dL/dH.
let private keptBy (subspace: FittedSubspace) (backend: Backend) (case: CorpusCase) =
    let scale = backend.Tensor [ case.Levels; 1; 1 ] subspace.Rms
    let scaled = (gradients backend case).Multiply scale

    let onBackend (basis: Matrix<'a, 'b>) : RawTensor =
        backend.Like.Constant((Matrix.raw basis).Shape, (Matrix.raw basis).ToArray())

    [
        for row in 0 .. case.Counts.Length - 1 do
            if case.Counts[row] > 0 then
                let own = scaled.Slice(-4, row, 1).Slice(-2, 0, case.Counts[row])
                let hidden = own.MatMul(onBackend subspace.HiddenBasis)
                Array.sumBy (fun x -> x * x) (hidden.ToArray())
    ]
    |> List.sum

let private properties (backend: Backend) =
    [
        property<CorpusCase>
            typeof<Cases>
            "gradients that are the standardised states over their scale give the multilinear SVD"
            (fun case ->
                let states = teacherStates backend case

                let svd =
                    fit backend (options case SubspaceKind.MultilinearSvd Standardisation.Full) states case.Counts

                let bound = BoundSubspace(svd, backend.Like)
                let standardised = bound.Standardise(ok (bound.Trajectory<TeacherToken> states))

                let made =
                    (Tensor3.raw (StandardisedTrajectory.tensor standardised))
                        .Divide(backend.Tensor [ case.Levels; 1; 1 ] svd.Rms)

                let found = ok (byGradients backend case Standardisation.Full made)
                let spectrum = svd.Spectra[Standardisation.Full]

                // A gap between eigenvalues is what makes a subspace.
                let gap rank (values: float[]) =
                    rank = values.Length || values[rank - 1] - values[rank] > 1e-3 * values[0]

                if gap svd.LayerRank spectrum.Layer && gap svd.HiddenRank spectrum.Hidden then
                    close Tolerances.projector (projectorOf svd.LayerBasis) (projectorOf found.LayerBasis) "layer"
                    close Tolerances.projector (projectorOf svd.HiddenBasis) (projectorOf found.HiddenBasis) "hidden")

        property<CorpusCase> typeof<Cases> "no other directions of as many keep more of the gradients" (fun case ->
            let own =
                ok (byGradients backend case Standardisation.Full (gradients backend case))

            let random =
                fit
                    backend
                    (options case (SubspaceKind.Random 5L) Standardisation.Full)
                    (teacherStates backend case)
                    case.Counts

            let kept, other = keptBy own backend case, keptBy random backend case
            Expect.isTrue (kept >= other * (1.0 - 1e-9)) $"{kept} by its own, {other} by random ones")

        property<CorpusCase> typeof<Cases> "its ranks, standardisation and spectra are those of the states" (fun case ->
            let own =
                ok (byGradients backend case Standardisation.Full (gradients backend case))

            let svd =
                fit
                    backend
                    (options case SubspaceKind.MultilinearSvd Standardisation.Full)
                    (teacherStates backend case)
                    case.Counts

            Expect.equal
                (own.LayerRank, own.HiddenRank, own.Rms, own.Energy, own.Spectra, own.Tokens)
                (svd.LayerRank, svd.HiddenRank, svd.Rms, svd.Energy, svd.Spectra, svd.Tokens)
                "as the states say"

            Expect.equal
                (FittedSubspace.validate own |> Result.map _.Kind |> Result.mapError MathError.describe)
                (Ok SubspaceKind.Gradient)
                "valid")

        property<CorpusCase> typeof<Cases> "gradients of any scale give the same directions" (fun case ->
            let once =
                ok (byGradients backend case Standardisation.Scale (gradients backend case))

            let more =
                ok (byGradients backend case Standardisation.Scale ((gradients backend case).Scale 1e-6))

            close 1e-5 (projectorOf once.LayerBasis) (projectorOf more.LayerBasis) "layer")
    ]

let private feedback (backend: Backend) =
    [
        property<ObjectiveCase>
            typeof<Cases>
            "a feedback in the subspace projects, and keeps the directions and the mean"
            (fun case ->
                let corpus = case.Corpus

                let subspace =
                    fit
                        backend
                        (options corpus case.Kind case.Standardisation)
                        (teacherStates backend corpus)
                        corpus.Counts

                let width = subspace.Width
                let projector = FittedSubspace.feedback subspace
                let values = (Matrix.raw projector).ToArray()
                let twice = (Matrix.raw (Matrix.product projector projector)).ToArray()
                closeOn 1.0 Tolerances.loss values twice "idempotent"
                closeOn 1.0 Tolerances.algebra values ((Matrix.raw (Matrix.transpose projector)).ToArray()) "symmetric"
                let kept = (Matrix.raw (Matrix.product projector subspace.HiddenBasis)).ToArray()
                closeOn 1.0 Tolerances.spectral ((Matrix.raw subspace.HiddenBasis).ToArray()) kept "the directions"
                let mean = (Matrix.raw subspace.Mean).ToArray()[(subspace.Levels - 1) * width ..]

                let own =
                    Array.init width (fun row ->
                        Array.fold2 (fun sum a b -> sum + a * b) 0.0 values[row * width .. (row + 1) * width - 1] mean)

                closeOn 1.0 Tolerances.spectral mean own "the mean"
                let rank = Array.init width (fun index -> values[index * (width + 1)]) |> Array.sum
                Expect.isLessThan rank (float subspace.HiddenRank + 1.0 + 1e-6) "one direction more at most")
    ]

let private case =
    {
        Levels = 2
        Width = 3
        Counts = [| 2; 1 |]
        Steps = 1
        Seed = 4
    }

let private refusals =
    [
        example "without gradients there is no subspace of them" (fun () ->
            Expect.stringContains
                (errorText (
                    FittedSubspace.fit
                        reference.Spectral
                        (options case SubspaceKind.Gradient Standardisation.Full)
                        (corporaOf (teacherStates reference case) case.Counts)
                ))
                "a subspace of gradients needs those of the answer's loss"
                "message")
        example "gradients that are zero throughout have no directions" (fun () ->
            Expect.stringContains
                (errorText (byGradients reference case Standardisation.Full ((gradients reference case).Scale 0.0)))
                "are all zero"
                "message")
        example "gradients of another width are refused with both shapes" (fun () ->
            let wider = { case with Width = 4 }

            Expect.stringContains
                (errorText (byGradients reference case Standardisation.Full (gradients reference wider)))
                "the gradients: found shape 2 x 4, expected 2 x 3"
                "message")
    ]

[<Tests>]
let tests =
    testList
        "Gradient subspace"
        [
            onEach "properties" (fun backend -> properties backend @ feedback backend)
            testList "refusals" refusals
        ]
