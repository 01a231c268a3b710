module LoRi.Math.Tests.Tensor3Tests

open Expecto
open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators

type private A = interface end

type private B = interface end

type private C = interface end

type private J = interface end

let private dim<'axis> size : Dim<'axis> = ok (Dim.create size)

let private tensor (backend: Backend) (case: TensorCase) : Tensor3<A, B, C> =
    let a, b, c = case.Sizes
    ok (Tensor3.ofRaw (dim a) (dim b) (dim c) (backend.Tensor [ a; b; c ] case.Values))

let private matrix<'row, 'column> (backend: Backend) seed rows columns : Matrix<'row, 'column> =
    ok (Matrix.ofRaw (dim rows) (dim columns) (backend.Tensor [ rows; columns ] (normals seed (rows * columns))))

let private values (x: Tensor3<'a, 'b, 'c>) = (Tensor3.raw x).ToArray()
let private entries (x: Matrix<'r, 'c>) = (Matrix.raw x).ToArray()
let private start count (x: Matrix<'r, 'c>) = Array.truncate count (entries x)

let private property = property<TensorCase> typeof<Cases>

let private unfoldings (backend: Backend) =
    [
        property "fold_unfold_id" (fun case ->
            let x = tensor backend case
            let a, b, c = Tensor3.dim1 x, Tensor3.dim2 x, Tensor3.dim3 x
            close 0.0 (values x) (values (Tensor3.fold1 b c (Tensor3.unfold1 x))) "mode 1"
            close 0.0 (values x) (values (Tensor3.fold2 a c (Tensor3.unfold2 x))) "mode 2"
            close 0.0 (values x) (values (Tensor3.fold3 a b (Tensor3.unfold3 x))) "mode 3")

        property "unfold_norm" (fun case ->
            let x = tensor backend case
            let norm = (Tensor3.squaredNorm x).PerExample.ToArray()
            let unfolded = Tensor3.unfold1 x, Tensor3.unfold2 x, Tensor3.unfold3 x
            let first, second, third = unfolded
            close Tolerances.algebra norm ((Matrix.squaredNorm first).PerExample.ToArray()) "mode 1"
            close Tolerances.algebra norm ((Matrix.squaredNorm second).PerExample.ToArray()) "mode 2"
            close Tolerances.algebra norm ((Matrix.squaredNorm third).PerExample.ToArray()) "mode 3")

        example "columns of an unfolding keep the other modes' order, the earlier one slow" (fun () ->
            // x[i, j, k] = 100 i + 10 j + k
            let x: Tensor3<A, B, C> =
                let numbers =
                    [|
                        for i in 0..1 do
                            for j in 0..2 do
                                for k in 0..1 -> float (100 * i + 10 * j + k)
                    |]

                ok (Tensor3.ofRaw (dim 2) (dim 3) (dim 2) (backend.Tensor [ 2; 3; 2 ] numbers))

            Expect.equal (start 6 (Tensor3.unfold1 x)) [| 0.0; 1.0; 10.0; 11.0; 20.0; 21.0 |] "mode 1, first row"
            Expect.equal (start 4 (Tensor3.unfold2 x)) [| 0.0; 1.0; 100.0; 101.0 |] "mode 2, first row"

            Expect.equal (start 6 (Tensor3.unfold3 x)) [| 0.0; 10.0; 20.0; 100.0; 110.0; 120.0 |] "mode 3, first row")
    ]

let private products (backend: Backend) =
    [
        property "mode_products_of_different_modes_commute" (fun case ->
            let x = tensor backend case
            let a, b, c = case.Sizes
            let u = matrix<J, A> backend 1 2 a
            let v = matrix<J, B> backend 2 3 b
            let w = matrix<J, C> backend 3 2 c

            let one =
                x |> Tensor3.modeProduct1 u |> Tensor3.modeProduct2 v |> Tensor3.modeProduct3 w

            let two =
                x |> Tensor3.modeProduct3 w |> Tensor3.modeProduct2 v |> Tensor3.modeProduct1 u

            close Tolerances.algebra (values one) (values two) "x_1 x_2 x_3 against x_3 x_2 x_1")

        property "mode_products_of_one_mode_compose" (fun case ->
            let x = tensor backend case
            let a, b, c = case.Sizes
            let compose (u: Matrix<J, 'axis>) (v: Matrix<J, J>) = Matrix.product v u
            let v = matrix<J, J> backend 4 3 2

            let u1, u2, u3 =
                matrix<J, A> backend 1 2 a, matrix<J, B> backend 2 2 b, matrix<J, C> backend 3 2 c

            let agree one two what =
                closeOn (case.Scale * 1e-3) Tolerances.algebra (values one) (values two) what

            agree
                (x |> Tensor3.modeProduct1 (compose u1 v))
                (x |> Tensor3.modeProduct1 u1 |> Tensor3.modeProduct1 v)
                "mode 1"

            agree
                (x |> Tensor3.modeProduct2 (compose u2 v))
                (x |> Tensor3.modeProduct2 u2 |> Tensor3.modeProduct2 v)
                "mode 2"

            agree
                (x |> Tensor3.modeProduct3 (compose u3 v))
                (x |> Tensor3.modeProduct3 u3 |> Tensor3.modeProduct3 v)
                "mode 3")

        property "mode_product_is_the_matrix_times_the_unfolding" (fun case ->
            let x = tensor backend case
            let _, b, _ = case.Sizes
            let u = matrix<J, B> backend 5 3 b
            let left = entries (Tensor3.unfold2 (Tensor3.modeProduct2 u x))
            let right = entries (Matrix.product u (Tensor3.unfold2 x))
            close Tolerances.algebra right left "unfold2 (x x_2 u) against u unfold2 x")

        property "batched_equals_stacked_singles" (fun case ->
            let a, b, c = case.Sizes
            let count = a * b * c
            let all = normals case.Seed (3 * count)

            let batched: Tensor3<A, B, C> =
                ok (Tensor3.ofRaw (dim a) (dim b) (dim c) (backend.Tensor [ 3; a; b; c ] all))

            let u, w = matrix<J, A> backend 6 2 a, matrix<J, C> backend 7 2 c

            let apply (x: Tensor3<A, B, C>) =
                x |> Tensor3.modeProduct1 u |> Tensor3.modeProduct3 w

            let single index : Tensor3<A, B, C> =
                let own = all[index * count .. (index + 1) * count - 1]
                ok (Tensor3.ofRaw (dim a) (dim b) (dim c) (backend.Tensor [ a; b; c ] own))

            let stacked = Array.collect (fun index -> values (apply (single index))) [| 0..2 |]
            close Tolerances.algebra stacked (values (apply batched)) "mode products of a batch")
    ]

let private doors (backend: Backend) =
    [
        example "a tensor of another shape is refused, with both shapes and the axis" (fun () ->
            let found: Result<Tensor3<A, B, C>, MathError> =
                Tensor3.ofRaw (dim 2) (dim 3) (dim 4) (backend.Tensor [ 2; 3; 5 ] (normals 0 30))

            Expect.equal
                (errorText found)
                "the tensor: found shape 2 x 3 x 5, expected 2 x 3 x 4 for the last axes; they disagree along axis C"
                "text")

        example "one tag with two sizes stops with both shapes" (fun () ->
            let x = matrix<A, B> backend 1 2 3
            let y = matrix<B, C> backend 2 4 2

            Expect.throwsC (fun () -> Matrix.product x y |> ignore) (fun (error: exn) ->
                Expect.equal
                    error.Message
                    "invariant: matrix product: the operands disagree along axis B: 2 x 3 against 4 x 2"
                    "text"))
    ]

[<Tests>]
let tests =
    testList
        "Tensor3"
        [
            onEach "unfolding" unfoldings
            onEach "mode products" products
            onEach "doors" doors
            test "a fresh dimension carries its size to the receiver" {
                let sizeOf =
                    { new IDimReceiver<int> with
                        member _.Receive<'fresh>(dim: Dim<'fresh>) = dim.Size
                    }

                Expect.equal (ok (Dim.fresh 7 sizeOf)) 7 "size"

                Expect.equal
                    (errorText (Dim.fresh 0 sizeOf))
                    "the size of axis Fresh is 0; it must be at least 1"
                    "text"
            }
        ]
