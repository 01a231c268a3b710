module LoRi.Math.Tests.SubspaceTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators

type private N = interface end

let private columns (backend: Backend) rows count (numbers: float[]) : Matrix<N, Truncated<N>> =
    ok (Matrix.ofRaw (ok (Dim.create rows)) (ok (Dim.create count)) (backend.Tensor [ rows; count ] numbers))

/// Orthonormal columns of a seed.
let private basis (backend: Backend) seed rows count : Matrix<N, Truncated<N>> =
    let svd =
        Svd.thin backend.Spectral (columns backend rows rows (normals seed (rows * rows)))

    let left = (Matrix.raw svd.Left).Slice(-1, 0, count)
    ok (Matrix.ofRaw (ok (Dim.create rows)) (ok (Dim.create count)) left)

let private norm (x: Matrix<'r, 'c>) =
    (Matrix.squaredNorm x).PerExample.ToArray()[0]

let private entries (x: Matrix<'r, 'c>) = (Matrix.raw x).ToArray()
let private property = property<TensorCase> typeof<Cases>

let private projection (backend: Backend) =
    [
        example "columns that are not orthonormal are refused with their defect" (fun () ->
            let skewed = columns backend 2 2 [| 1.0; 0.5; 0.0; 1.0 |]

            Expect.equal
                (errorText (Subspace.checkOrthonormal "the basis" 1e-6 skewed))
                "the columns of the basis are not orthonormal: their products differ from the identity by up to 0.5"
                "text")
    ]

let private angles (backend: Backend) =
    let between u v =
        Subspace.principalAngles backend.Spectral u v

    [
        property "principal_angles_do_not_depend_on_the_bases" (fun case ->
            let u, v = basis backend case.Seed 6 3, basis backend (case.Seed + 1) 6 2
            // Another basis of the span of u: its columns turned among themselves.
            let turn = Matrix.raw (basis backend (case.Seed + 2) 3 3)
            let turned = columns backend 6 3 (((Matrix.raw u).MatMul turn).ToArray())
            let expected = between u v
            close 1e-8 expected (between turned v) "after a rotation of the basis"
            close 1e-8 expected (between v u) "in the other order"
            Expect.isTrue (expected |> Array.pairwise |> Array.forall (fun (a, b) -> a <= b)) "ascending"
            Expect.hasLength expected 2 "as many as the smaller dimension")

        example "a plane with itself has angles 0, orthogonal lines pi / 2" (fun () ->
            let u = basis backend 4 5 2
            closeOn 1.0 1e-12 [| 0.0; 0.0 |] (between u u) "itself"

            let first, second =
                columns backend 2 1 [| 1.0; 0.0 |], columns backend 2 1 [| 0.0; 1.0 |]

            close 1e-12 [| System.Math.PI / 2.0 |] (between first second) "orthogonal")

        example "tiny angles keep their digits" (fun () ->
            let angle = 1e-9
            let first = columns backend 2 1 [| 1.0; 0.0 |]
            let second = columns backend 2 1 [| cos angle; sin angle |]
            close 1e-6 [| angle |] (between first second) "1e-9 rad")
    ]

[<Tests>]
let tests =
    testList "Subspace" [ onEach "projection" projection; onEach "principal angles" angles ]
