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

let private matrix<'row, 'column> (backend: Backend) seed rows columns : Matrix<'row, 'column> =
    ok (Matrix.ofRaw (dim rows) (dim columns) (backend.Tensor [ rows; columns ] (normals seed (rows * columns))))

let private values (x: Tensor3<'a, 'b, 'c>) = (Tensor3.raw x).ToArray()
let private entries (x: Matrix<'r, 'c>) = (Matrix.raw x).ToArray()
let private start count (x: Matrix<'r, 'c>) = Array.truncate count (entries x)

let private property = property<TensorCase> typeof<Cases>

let private unfoldings (backend: Backend) =
    [
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
