/// The theorems of proofs/Unfold.v, on the code.
module LoRi.Math.Tests.Proofs.UnfoldProofTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators
open LoRi.Math.Tests.Proofs.Tensors

let private property = property<TensorCase> typeof<Cases>

/// The outer matrix at one index of the second mode.
let private slice index (x: Tensor3<'a, 'b, 'c>) : Matrix<'a, 'c> =
    let rows, columns = (Tensor3.dim1 x).Size, (Tensor3.dim3 x).Size
    ofEntries ((Tensor3.raw x).Slice(-2, index, 1).Reshape [| rows; columns |])

/// Sums of numbers that may cancel are compared on the scale of what they are made of.
let private agree (case: TensorCase) expected found what =
    closeOn (case.Scale * 1e-3) Tolerances.algebra expected found what

let private unfoldings (backend: Backend) =
    [
        property "fold_unfold_id" (fun case ->
            let x = tensor backend case
            let a, b, c = Tensor3.dim1 x, Tensor3.dim2 x, Tensor3.dim3 x
            close 0.0 (values x) (values (Tensor3.fold1 b c (Tensor3.unfold1 x))) "mode 1"
            close 0.0 (values x) (values (Tensor3.fold2 a c (Tensor3.unfold2 x))) "mode 2"
            close 0.0 (values x) (values (Tensor3.fold3 a b (Tensor3.unfold3 x))) "mode 3")

        property "unfold_fold_id" (fun case ->
            let a, b, c = case.Sizes
            let m = matrix<A, Merged<B, C>> backend 1 a (b * c)
            let n = matrix<B, Merged<A, C>> backend 2 b (a * c)
            let p = matrix<C, Merged<A, B>> backend 3 c (a * b)
            close 0.0 (entries m) (entries (Tensor3.unfold1 (Tensor3.fold1 (dim b) (dim c) m))) "mode 1"
            close 0.0 (entries n) (entries (Tensor3.unfold2 (Tensor3.fold2 (dim a) (dim c) n))) "mode 2"
            close 0.0 (entries p) (entries (Tensor3.unfold3 (Tensor3.fold3 (dim a) (dim b) p))) "mode 3")

        property "unfold_norm" (fun case ->
            let x = tensor backend case

            let norm (m: Matrix<'r, 'c>) =
                (Matrix.squaredNorm m).PerExample.ToArray()

            let whole = [| energy x |]
            close Tolerances.algebra whole (norm (Tensor3.unfold1 x)) "mode 1"
            close Tolerances.algebra whole (norm (Tensor3.unfold2 x)) "mode 2"
            close Tolerances.algebra whole (norm (Tensor3.unfold3 x)) "mode 3")
    ]

let private products (backend: Backend) =
    [
        property "unfold_mode_product" (fun case ->
            let x = tensor backend case
            let a, b, c = case.Sizes
            let u, v = matrix<J, A> backend 1 3 a, matrix<J, B> backend 2 3 b
            let w = matrix<J, C> backend 3 3 c
            // Entry by entry, as the theorem defines the product.
            let at = values x

            let sum rows columns (m: Matrix<J, 'axis>) (entry: int -> int -> float) =
                let numbers = entries m
                let size = (Matrix.columns m).Size

                Array.init (rows * columns) (fun index ->
                    Seq.sum (
                        seq {
                            for i in 0 .. size - 1 -> numbers[index / columns * size + i] * entry i (index % columns)
                        }
                    ))

            agree
                case
                (sum 3 (b * c) u (fun i s -> at[i * b * c + s]))
                (entries (Tensor3.unfold1 (Tensor3.modeProduct1 u x)))
                "mode 1"

            agree
                case
                (sum 3 (a * c) v (fun j s -> at[(s / c * b + j) * c + s % c]))
                (entries (Tensor3.unfold2 (Tensor3.modeProduct2 v x)))
                "mode 2"

            agree
                case
                (sum 3 (a * b) w (fun k s -> at[s * c + k]))
                (entries (Tensor3.unfold3 (Tensor3.modeProduct3 w x)))
                "mode 3")

        property "mode_products_of_different_modes_commute" (fun case ->
            let x = tensor backend case
            let a, b, c = case.Sizes
            let u, v = matrix<J, A> backend 1 2 a, matrix<J, B> backend 2 3 b
            let w = matrix<J, C> backend 3 2 c

            let one, two, three =
                Tensor3.modeProduct1 u, Tensor3.modeProduct2 v, Tensor3.modeProduct3 w

            agree
                case
                (values (x |> one |> Tensor3.modeProduct2 v))
                (values (x |> two |> Tensor3.modeProduct1 u))
                "1, 2"

            agree
                case
                (values (x |> one |> Tensor3.modeProduct3 w))
                (values (x |> three |> Tensor3.modeProduct1 u))
                "1, 3"

            agree
                case
                (values (x |> two |> Tensor3.modeProduct3 w))
                (values (x |> three |> Tensor3.modeProduct2 v))
                "2, 3")

        property "mode_products_of_one_mode_compose" (fun case ->
            let x = tensor backend case
            let a, b, c = case.Sizes
            let v = matrix<J, J> backend 4 3 2
            let u1, u2 = matrix<J, A> backend 1 2 a, matrix<J, B> backend 2 2 b
            let u3 = matrix<J, C> backend 3 2 c

            agree
                case
                (values (x |> Tensor3.modeProduct1 (Matrix.product v u1)))
                (values (x |> Tensor3.modeProduct1 u1 |> Tensor3.modeProduct1 v))
                "mode 1"

            agree
                case
                (values (x |> Tensor3.modeProduct2 (Matrix.product v u2)))
                (values (x |> Tensor3.modeProduct2 u2 |> Tensor3.modeProduct2 v))
                "mode 2"

            agree
                case
                (values (x |> Tensor3.modeProduct3 (Matrix.product v u3)))
                (values (x |> Tensor3.modeProduct3 u3 |> Tensor3.modeProduct3 v))
                "mode 3")
    ]

let private slices (backend: Backend) =
    [
        property "mode_products_act_on_slices" (fun case ->
            let x = tensor backend case
            let a, b, c = case.Sizes
            let u, w = matrix<J, A> backend 1 2 a, matrix<J, C> backend 3 3 c
            let cut = x |> Tensor3.modeProduct1 u |> Tensor3.modeProduct3 w

            for token in 0 .. b - 1 do
                let expected =
                    Matrix.product (Matrix.product u (slice token x)) (Matrix.transpose w)

                agree case (entries expected) (entries (slice token cut)) $"slice {token}")

        property "unfolding_grams_are_sums_over_slices" (fun case ->
            let x = tensor backend case
            let a, b, c = case.Sizes

            let total products =
                products |> List.reduce Matrix.add |> entries

            let own = [ for token in 0 .. b - 1 -> slice token x ]
            let layer = total [ for m in own -> gram m ]
            let hidden = total [ for m in own -> gram (Matrix.transpose m) ]
            close Tolerances.algebra layer (entries (gram (Tensor3.unfold1 x))) "mode 1"
            close Tolerances.algebra hidden (entries (gram (Tensor3.unfold3 x))) "mode 3"
            // The same sums as a corpus of one example keeps them.
            let states = backend.Tensor [ 1; a; b; c ] case.Values

            let corpus =
                CorpusStatistics.Start states [| b |]
                |> Result.bind (StandardisedCorpus.ofStatistics Standardisation.Off)
                |> ok

            close Tolerances.spectral layer (entries corpus.LayerGram) "layer Gram"
            close Tolerances.spectral hidden (entries corpus.HiddenGram) "hidden Gram")
    ]

[<Tests>]
let tests =
    let theorems backend =
        List.concat [ unfoldings backend; products backend; slices backend ]

    testList "Proofs" [ onEach "Unfold.v" theorems ]
