/// The theorems of proofs/Bases.v, on the code.
module LoRi.Math.Tests.Proofs.BasisProofTests

open Expecto
open LoRi.Math
open LoRi.Math.Fluent
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
let after (backend: Backend) (case: ObjectiveCase) layers hidden =
    let corpus = case.Corpus
    let states = teacherStates backend corpus

    let subspace =
        fit backend (options corpus SubspaceKind.MultilinearSvd case.Standardisation) states corpus.Counts

    let times (basis: Matrix<'axis, Truncated<'axis>>) (turn: int -> RawTensor) : Matrix<'axis, Truncated<'axis>> =
        let size, rank = (Matrix.rows basis).Size, (Matrix.columns basis).Size
        Subspaces.Basis(size, rank, ((backend.Tensor [ size; rank ] (entries basis)).MatMul(turn rank)).ToArray())

    let moved =
        { subspace with
            LayerBasis = times subspace.LayerBasis layers
            HiddenBasis = times subspace.HiddenBasis hidden
        }
        |> measured backend corpus case.Options.Weighting

    let objective =
        ok (BoundObjective.Create moved (withoutAnchor case.Options) backend.Like)

    numbers ((against objective states corpus.Counts corpus.Steps).Terms(studentStates backend corpus))

let private diagonal (backend: Backend) size entry =
    backend.Tensor
        [ size; size ]
        (Array.init (size * size) (fun i -> if i / size = i % size then entry (i / size) else 0.0))

/// No change of basis.
let still backend size = diagonal backend size (fun _ -> 1.0)

let rotation backend seed size =
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

[<Tests>]
let tests = testList "Proofs" [ onEach "Bases.v" survive ]
