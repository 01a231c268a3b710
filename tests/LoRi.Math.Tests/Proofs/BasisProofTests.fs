/// The theorems of proofs/Objective.v on changes of basis, on the code.
module LoRi.Math.Tests.Proofs.BasisProofTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators
open LoRi.Math.Tests.Proofs.Tensors
open LoRi.Math.Tests.Proofs.Trajectories

let private property = property<ObjectiveCase> typeof<Cases>

let private withoutAnchor rationale =
    {
        Rationale = rationale
        Anchor = AnchorForm.Off
        AnchorScale = AnchorScale.Corpus
    }

/// The fitted subspace with its bases in other coordinates, its variances measured anew, and the terms in it.
let private after (backend: Backend) (case: ObjectiveCase) layers hidden =
    let corpus = case.Corpus
    let states = teacherStates backend corpus

    let subspace =
        fit backend (options corpus SubspaceKind.MultilinearSvd case.Standardisation) states corpus.Counts

    let times size rank (basis: float[]) (turn: RawTensor) =
        ((backend.Tensor [ size; rank ] basis).MatMul turn).ToArray()

    let moved =
        { subspace with
            LayerBasis = times corpus.Levels subspace.LayerRank subspace.LayerBasis (layers subspace.LayerRank)
            HiddenBasis = times corpus.Width subspace.HiddenRank subspace.HiddenBasis (hidden subspace.HiddenRank)
        }
        |> measured backend corpus case.Options.Weighting

    let objective =
        ok (BoundObjective.Create moved (withoutAnchor case.Options) backend.Like)

    numbers ((against objective states corpus.Counts corpus.Steps).Terms(studentStates backend corpus))

let private diagonal (backend: Backend) size entry =
    backend.Tensor
        [ size; size ]
        (Array.init (size * size) (fun i -> if i / size = i % size then entry (i / size) else 0.0))

let private still backend size = diagonal backend size (fun _ -> 1.0)

let private rotation backend seed size =
    Matrix.raw (basis<A> backend (seed + size) size size)

let private compares covariance order (case: ObjectiveCase) =
    { case with
        Options = compared covariance order
    }

let private survive (backend: Backend) =
    [
        property "rationale_survives_rotations_of_both_modes" (fun case ->
            let turn = rotation backend case.Corpus.Seed

            for covariance in [ Covariance.Modewise; Covariance.Full ] do
                for order in [ Order.Off; Order.Lag1 ] do
                    let case = compares covariance order case
                    let expected = after backend case (still backend) (still backend)
                    closeOn 1.0 Tolerances.loss expected (after backend case turn turn) $"{covariance} {order}")

        property "per_layer_survives_rotations_of_the_hidden_mode" (fun case ->
            let case = compares Covariance.PerLayer Order.Off case
            let expected = after backend case (still backend) (still backend)
            let found = after backend case (still backend) (rotation backend case.Corpus.Seed)
            closeOn 1.0 Tolerances.loss expected found "terms")

        property "rationale_survives_sign_changes" (fun case ->
            let flip size =
                diagonal backend size (fun i -> if i % 2 = 0 then -1.0 else 1.0)

            let expected = after backend case (still backend) (still backend)
            closeOn 1.0 Tolerances.loss expected (after backend case flip flip) "terms")
    ]

/// The rotation by cos = 3/5, sin = 4/5.
let private turn (backend: Backend) =
    backend.Tensor [ 2; 2 ] [| 0.6; -0.8; 0.8; 0.6 |]

let private one (backend: Backend) = backend.Tensor [ 1; 1 ] [| 1.0 |]

/// 2, -1, -1 times the first of two axes.
let private pulse: Slices = [| for z in [ 2.0; -1.0; -1.0 ] -> [| z; 0.0 |] |]

/// One step along the first axis.
let private step: Slices = [| [| 1.0; 0.0 |] |]

/// The terms of the pulse against the step after a rotation of the mode of two, and before it.
let private turned (backend: Backend) sizes options =
    let layers, hidden =
        if fst sizes = 2 then
            turn backend, one backend
        else
            one backend, turn backend

    let move = projected backend sizes (ofEntries<A, J> layers) (ofEntries<C, J> hidden)

    let terms = termsOf backend sizes options undivided
    terms (move pulse) (move step), terms pulse step

let private differ (backend: Backend) sizes options term (after: float) (before: float) =
    let found, unturned = turned backend sizes options
    close Tolerances.algebra [| after; before |] [| Array.item term found; Array.item term unturned |] $"{options}"

/// 2 (x^n + y^n) for the coordinates x, y of the first axis.
let private powers n = 2.0 * (0.6 ** n + 0.8 ** n)

/// The mean term with divisors from the variances 2 x^2 of a family of slices along the axes.
let private divided (backend: Backend) (move: Slices -> Slices) =
    let centredPulse: Centred<TeacherToken> = centred backend (2, 1) (move pulse)

    let divisors =
        numbersOf (Moments.covariance Covariance.Diagonal centredPulse) |> Weighting.divisors

    let divisor (_: Statistic) = Some(backend.Tensor [ 2; 1 ] divisors)

    (termsOf backend (2, 1) (compared Covariance.Off Order.Off) divisor (move pulse) (move step))[0]

let private doNotSurvive (backend: Backend) =
    [
        example "per_layer_and_diagonal_change_under_rotations_of_the_layer_mode" (fun () ->
            differ backend (2, 1) (compared Covariance.PerLayer Order.Off) 1 (powers 4.0) 2.0
            differ backend (2, 1) (compared Covariance.Diagonal Order.Off) 1 (powers 4.0) 2.0)

        example "diagonal_and_third_change_under_rotations_of_the_hidden_mode" (fun () ->
            differ backend (1, 2) (compared Covariance.Diagonal Order.Off) 1 (powers 4.0) 2.0
            differ backend (1, 2) (compared Covariance.Off Order.Third) 2 (powers 6.0) 2.0)

        example "weightings_change_under_rotations" (fun () ->
            let move =
                projected backend (2, 1) (ofEntries<A, J>(turn backend)) (ofEntries<C, J>(one backend))

            let found = [| divided backend id; divided backend move |]
            close Tolerances.algebra [| 25.0 / 101.0; 9.0 / 37.0 + 16.0 / 65.0 |] found "mean term"

            // The same through a fitted objective, whose variances are measured in the turned basis.
            for weighting in [ Weighting.Variance; Weighting.Statistic ] do
                let case =
                    {
                        Corpus =
                            {
                                Levels = 3
                                Width = 3
                                Counts = [| 5; 4; 3 |]
                                Steps = 3
                                Seed = 2
                            }
                        Options =
                            {
                                Covariance = Covariance.Modewise
                                Order = Order.Off
                                Weighting = weighting
                            }
                        Kind = SubspaceKind.MultilinearSvd
                        Standardisation = Standardisation.Full
                    }

                let unturned = after backend case (still backend) (still backend)
                let turned = after backend case (rotation backend 3) (rotation backend 4)

                for term in [ 0; 1 ] do
                    let of' (terms: float[]) = terms[term * 3 .. term * 3 + 2]
                    let apart = largest (Array.map2 (-) (of' unturned) (of' turned))
                    Expect.isGreaterThan apart (1e-3 * largest (of' unturned)) $"{weighting}, term {term}")
    ]

let theorems (backend: Backend) : Test list = survive backend @ doNotSurvive backend
