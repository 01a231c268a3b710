/// The theorems of proofs/Projection.v, on the code.
module LoRi.Math.Tests.Proofs.ProjectionProofTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators
open LoRi.Math.Tests.Proofs.Tensors

let private property = property<TensorCase> typeof<Cases>

/// Energy kept and energy lost make the whole.
let private shared (x: Tensor3<A, B, C>) kept what =
    close Tolerances.spectral [| energy x |] [| energy kept + energy (minus x kept) |] what

let private projections (backend: Backend) =
    [
        property "projector_symmetric_idempotent" (fun case ->
            let _, _, count = case.Sizes
            let u = basis<A> backend case.Seed 6 count
            let p = Subspace.projector u
            let turn = Matrix.raw (basis<J> backend (case.Seed + 1) count count)
            let turned = ofEntries<A, Truncated<A>>((Matrix.raw u).MatMul turn)
            close Tolerances.spectral (entries p) (entries (Matrix.transpose p)) "P' = P"
            close Tolerances.spectral (entries p) (entries (Matrix.product p p)) "P P = P"
            close Tolerances.spectral (entries p) (entries (Subspace.projector turned)) "another basis of the span")

        property "projection_never_longer" (fun case ->
            let x = tensor backend case
            let u, v, w = bases backend case
            let whole = energy x
            atMost whole whole (energy (project1 u x)) "mode 1"
            atMost whole whole (energy (project2 v x)) "mode 2"
            atMost whole whole (energy (project3 w x)) "mode 3"
            atMost whole whole (energy (x |> project1 u |> project3 w)) "modes 1 and 3")

        property "pythagoras_one_mode" (fun case ->
            let x = tensor backend case
            let u, v, w = bases backend case
            shared x (project1 u x) "mode 1"
            shared x (project2 v x) "mode 2"
            shared x (project3 w x) "mode 3")

        property "pythagoras_two_modes" (fun case ->
            let x = tensor backend case
            let u, _, w = bases backend case
            shared x (x |> project1 u |> project3 w) "any bases"
            let ranks = halves case.Sizes
            shared x (ok (MultilinearSvd.projectOuterModes backend.Spectral ranks.R1 ranks.R3 x)) "fitted bases")

        property "projection_is_nearest" (fun case ->
            let x = tensor backend case
            let u, _, w = bases backend case
            let project y = y |> project1 u |> project3 w
            let kept = project x

            for step in [ 1e-3; 1.0 ] do
                let noise =
                    normals (case.Seed + 1) (values x).Length |> Array.map (fun v -> v * step * case.Scale)

                let moved = Array.map2 (+) (values x) noise
                let other = project (ofValues backend case.Sizes moved)
                atMost (energy x) (energy (minus x other)) (energy (minus x kept)) $"against a point {step} away")
    ]

let private coordinates (backend: Backend) =
    [
        Backends.property<CorpusCase> typeof<Cases> "coordinates_keep_the_norm" (fun case ->
            let states = teacherStates backend case

            let subspace =
                fit backend (options case SubspaceKind.MultilinearSvd Standardisation.Full) states case.Counts

            let bound = BoundSubspace(subspace, backend.Like)

            let x =
                bound.Standardise(ok (bound.Trajectory<TeacherToken> states))
                |> StandardisedTrajectory.tensor

            let factor (basis: Matrix<'axis, Truncated<'axis>>) : Matrix<'axis, Truncated<'axis>> =
                let sizes = [ (Matrix.rows basis).Size; (Matrix.columns basis).Size ]
                ofEntries (backend.Tensor sizes (entries basis)) |> orthonormal

            let kept =
                x |> project1 (factor subspace.LayerBasis) |> project3 (factor subspace.HiddenBasis)

            let norms (t: Tensor3<'a, 'b, 'c>) =
                (Tensor3.squaredNorm t).PerExample.ToArray()

            let z =
                bound.Coordinates(bound.Standardise(ok (bound.Trajectory<TeacherToken> states)))

            close Tolerances.spectral (norms kept) (norms (Coordinates.tensor z)) "|Z|^2 = |P X|^2, example by example")
    ]

[<Tests>]
let tests =
    testList
        "Proofs"
        [
            onEach "Projection.v" (fun backend -> projections backend @ coordinates backend)
        ]
