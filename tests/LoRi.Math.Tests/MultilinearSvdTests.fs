module LoRi.Math.Tests.MultilinearSvdTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators

type private A = interface end

type private B = interface end

type private C = interface end

let private ofValues (backend: Backend) (a, b, c) numbers : Tensor3<A, B, C> =
    ok (Tensor3.ofRaw (ok (Dim.create a)) (ok (Dim.create b)) (ok (Dim.create c)) (backend.Tensor [ a; b; c ] numbers))

let private values (x: Tensor3<'a, 'b, 'c>) = (Tensor3.raw x).ToArray()
let private entries (x: Matrix<'r, 'c>) = (Matrix.raw x).ToArray()

let private energy (x: Tensor3<'a, 'b, 'c>) =
    (Tensor3.squaredNorm x).PerExample.ToArray()[0]

let private property = property<TensorCase> typeof<Cases>

/// Sums of squared entries of the slices of a mode, and their inner products, from its unfolding.
let private slices (unfolded: Matrix<'row, 'column>) =
    let gram = Matrix.product unfolded (Matrix.transpose unfolded)
    (Matrix.rows gram).Size, entries gram

let private svd (backend: Backend) =
    [
        property "thin_svd: factors are orthonormal, values descend, the product is the matrix" (fun case ->
            let x = Tensor3.unfold1 (ofValues backend case.Sizes case.Values)
            let found = ok (Svd.thin backend.Spectral x)
            Expect.isLessThan (Subspace.orthonormalityDefect found.Left) Tolerances.spectral "left"
            Expect.isTrue (found.Singular |> Array.pairwise |> Array.forall (fun (a, b) -> a >= b)) "descending"
            Expect.isTrue (Array.forall (fun s -> s >= 0.0) found.Singular) "not negative"
            let count = found.Singular.Length

            let scaled =
                (Matrix.raw found.Left).Multiply(backend.Tensor [ 1; count ] found.Singular)

            let product = scaled.MatMul((Matrix.raw found.Right).SwapAxes(-1, -2))
            close Tolerances.spectral (entries x) (product.ToArray()) "left diag(singular) right'")

        property "thin_svd: in every left vector the entry of largest magnitude is positive" (fun case ->
            let found =
                ok (Svd.thin backend.Spectral (Tensor3.unfold2 (ofValues backend case.Sizes case.Values)))

            let rows, count = (Matrix.rows found.Left).Size, found.Singular.Length
            let left = entries found.Left

            for column in 0 .. count - 1 do
                let vector = Array.init rows (fun row -> left[row * count + column])
                Expect.isGreaterThan (Array.maxBy abs vector) 0.0 $"column {column}")
    ]

let private decomposition (backend: Backend) =
    let spectral = backend.Spectral

    [
        property "full_rank_reconstructs" (fun case ->
            let x = ofValues backend case.Sizes case.Values
            let a, b, c = case.Sizes
            let tucker = ok (MultilinearSvd.truncated spectral { R1 = a; R2 = b; R3 = c } x)
            close Tolerances.spectral (values x) (values (MultilinearSvd.reconstruct tucker)) "reconstruction")

        property "core_is_all_orthogonal_with_ordered_slices" (fun case ->
            let x = ofValues backend case.Sizes case.Values
            let a, b, c = case.Sizes

            let core =
                (ok (MultilinearSvd.truncated spectral { R1 = a; R2 = b; R3 = c } x)).Core

            let check (size, gram: float[]) what =
                for i in 0 .. size - 1 do
                    for j in 0 .. i - 1 do
                        Expect.isLessThan
                            (abs gram[i * size + j])
                            (Tolerances.spectral * energy x)
                            $"{what}: slices {i}, {j}"

                    if i > 0 then
                        Expect.isLessThanOrEqual
                            gram[i * size + i]
                            (gram[(i - 1) * size + i - 1] + Tolerances.spectral * energy x)
                            $"{what}: norms descend at {i}"

            check (slices (Tensor3.unfold1 core)) "mode 1"
            check (slices (Tensor3.unfold2 core)) "mode 2"
            check (slices (Tensor3.unfold3 core)) "mode 3")

    ]

let private edges (backend: Backend) =
    let spectral = backend.Spectral

    let truncated ranks x =
        MultilinearSvd.truncated spectral ranks x

    [
        example "a zero tensor has zero core and orthonormal factors" (fun () ->
            let x = ofValues backend (3, 2, 4) (Array.zeroCreate 24)
            let tucker = ok (truncated { R1 = 2; R2 = 1; R3 = 2 } x)
            Expect.equal (energy (MultilinearSvd.reconstruct tucker)) 0.0 "reconstruction"
            Expect.isLessThan (Subspace.orthonormalityDefect tucker.Factor1) Tolerances.spectral "factor 1"
            Expect.isLessThan (Subspace.orthonormalityDefect tucker.Factor3) Tolerances.spectral "factor 3")

        example "a rank-one tensor is exact at rank one" (fun () ->
            let numbers =
                [|
                    for i in 1..3 do
                        for j in 1..4 do
                            for k in 1..2 -> float (i * j) / float k
                |]

            let x = ofValues backend (3, 4, 2) numbers
            let tucker = ok (truncated { R1 = 1; R2 = 1; R3 = 1 } x)
            close Tolerances.spectral numbers (values (MultilinearSvd.reconstruct tucker)) "reconstruction")

        example "equal singular values: the error is that of any choice among them" (fun () ->
            // x[i, i, i] = 1: every unfolding has three singular values 1.
            let numbers = Array.init 27 (fun index -> if index % 13 = 0 then 1.0 else 0.0)
            let x = ofValues backend (3, 3, 3) numbers
            let first, second, third = ok (MultilinearSvd.singularValues spectral x)

            for singular in [ first; second; third ] do
                close Tolerances.spectral [| 1.0; 1.0; 1.0 |] singular "singular values"

            let cut = ok (MultilinearSvd.projectOuterModes spectral 2 3 x)
            close Tolerances.spectral [| 2.0 |] [| energy cut |] "two of three kept")

        example "a rank above what the other modes allow keeps what there is" (fun () ->
            let x = ofValues backend (6, 1, 2) (normals 3 12)
            let tucker = ok (truncated { R1 = 5; R2 = 1; R3 = 2 } x)
            Expect.equal (Matrix.columns tucker.Factor1).Size 2 "only two columns exist"
            close Tolerances.spectral (values x) (values (MultilinearSvd.reconstruct tucker)) "reconstruction")

        example "a rank above the mode's size is refused by name" (fun () ->
            let x = ofValues backend (2, 2, 2) (normals 1 8)

            Expect.equal
                (errorText (truncated { R1 = 1; R2 = 1; R3 = 3 } x))
                "rank 3 of the third mode must lie between 1 and the mode's size, 2"
                "text")

        example "NaN is refused" (fun () ->
            let x = ofValues backend (2, 1, 2) [| 1.0; nan; 0.0; 2.0 |]

            Expect.equal
                (errorText (truncated { R1 = 1; R2 = 1; R3 = 1 } x))
                "the tensor holds NaN or infinity; every value must be finite"
                "text")
    ]

/// The decompositions of one tensor refuse several.
let private batches (backend: Backend) =
    let spectral = backend.Spectral
    let sizes = 3, 3, 3

    let batch: Tensor3<A, B, C> =
        ok (
            Tensor3.ofRaw
                (ok (Dim.create 3))
                (ok (Dim.create 3))
                (ok (Dim.create 3))
                (backend.Tensor [ 3; 3; 3; 3 ] (normals 5 81))
        )

    let refused what (result: Result<'a, MathError>) =
        Expect.equal (errorText result) "the tensor: found shape 3 x 3 x 3 x 3, expected 3 axes: A x B x C" what

    [
        example "several tensors at once are refused, also where all sizes agree" (fun () ->
            let ranks = { R1 = 2; R2 = 2; R3 = 2 }
            refused "truncated" (MultilinearSvd.truncated spectral ranks batch)
            refused "sequentially truncated" (MultilinearSvd.sequentiallyTruncated spectral ranks batch)
            refused "refined" (MultilinearSvd.refined spectral 1e-12 5 ranks batch)
            refused "outer modes" (MultilinearSvd.projectOuterModes spectral 2 2 batch)
            refused "bound" (MultilinearSvd.squaredErrorBound spectral ranks batch)
            refused "singular values" (MultilinearSvd.singularValues spectral batch))

        example "several matrices at once are refused, and so are numbers that are none" (fun () ->
            let matrix shape values : Matrix<A, B> =
                ok (Matrix.ofRaw (ok (Dim.create 3)) (ok (Dim.create 4)) (backend.Tensor shape values))

            Expect.equal
                (errorText (Svd.thin spectral (matrix [ 5; 3; 4 ] (normals 2 60))))
                "the matrix: found shape 5 x 3 x 4, expected 2 axes: A x B"
                "batch"

            Expect.equal
                (errorText (Svd.thin spectral (matrix [ 3; 4 ] (Array.create 12 nan))))
                "the matrix holds NaN or infinity; every value must be finite"
                "NaN")

        example "the squared error of a batch is the sum of the singles'" (fun () ->
            let one = ofValues backend sizes (Array.truncate 27 (normals 5 81))
            let tucker = ok (MultilinearSvd.truncated spectral { R1 = 2; R2 = 2; R3 = 2 } one)

            let singles =
                normals 5 81
                |> Array.chunkBySize 27
                |> Array.sumBy (fun values -> MultilinearSvd.squaredError (ofValues backend sizes values) tucker)

            close Tolerances.algebra [| singles |] [| MultilinearSvd.squaredError batch tucker |] "sum")
    ]

[<Tests>]
let tests =
    testList
        "MultilinearSvd"
        [
            onEach "thin SVD" svd
            onEach "decomposition" decomposition
            onEach "edges" edges
            onEach "batches" batches
        ]
