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
        ok (Svd.thin backend.Spectral (columns backend rows rows (normals seed (rows * rows))))

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

        example "the defect of a batch is the largest of the singles'" (fun () ->
            let numbers = [| 1.0; 0.5; 0.0; 1.0 |]
            let both = Array.append (entries (basis backend 3 2 2)) numbers

            let batch: Matrix<N, Truncated<N>> =
                ok (Matrix.ofRaw (ok (Dim.create 2)) (ok (Dim.create 2)) (backend.Tensor [ 2; 2; 2 ] both))

            close Tolerances.algebra [| 0.5 |] [| Subspace.orthonormalityDefect batch |] "defect")
    ]

let private angles (backend: Backend) =
    let between u v =
        ok (Subspace.principalAngles backend.Spectral u v)

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

        example "several bases at once, and bases of another space, are refused" (fun () ->
            let plane = basis backend 4 4 2

            let batch: Matrix<N, Truncated<N>> =
                ok (Matrix.ofRaw (ok (Dim.create 4)) (ok (Dim.create 2)) (backend.Tensor [ 3; 4; 2 ] (normals 1 24)))

            let angles u v =
                errorText (Subspace.principalAngles backend.Spectral u v)

            let text = "found shape 3 x 4 x 2, expected 2 axes: N x Truncated<N>"
            Expect.equal (angles batch plane) $"the first basis: {text}" "first"
            Expect.equal (angles plane batch) $"the second basis: {text}" "second"

            Expect.equal
                (angles plane (basis backend 4 5 2))
                "the second basis: found shape 5 x 2, expected 4 x 2 for the last axes; they disagree along axis N"
                "another space")

        example "tiny angles keep their digits" (fun () ->
            let angle = 1e-9
            let first = columns backend 2 1 [| 1.0; 0.0 |]
            let second = columns backend 2 1 [| cos angle; sin angle |]
            close 1e-6 [| angle |] (between first second) "1e-9 rad")
    ]

[<Tests>]
let tests =
    testList "Subspace" [ onEach "projection" projection; onEach "principal angles" angles ]
