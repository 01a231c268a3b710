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

let private theorems (backend: Backend) =
    [
        property "fold_unfold_id" (fun case ->
            let x = tensor backend case
            let a, b, c = Tensor3.dim1 x, Tensor3.dim2 x, Tensor3.dim3 x
            close 0.0 (values x) (values (Tensor3.fold1 b c (Tensor3.unfold1 x))) "mode 1"
            close 0.0 (values x) (values (Tensor3.fold2 a c (Tensor3.unfold2 x))) "mode 2"
            close 0.0 (values x) (values (Tensor3.fold3 a b (Tensor3.unfold3 x))) "mode 3")

        property "unfold_fold_id" (fun case ->
            let x = tensor backend case
            let a, b, c = Tensor3.dim1 x, Tensor3.dim2 x, Tensor3.dim3 x
            let m = matrix<A, Merged<B, C>> backend 1 a.Size (b.Size * c.Size)
            let n = matrix<B, Merged<A, C>> backend 2 b.Size (a.Size * c.Size)
            let p = matrix<C, Merged<A, B>> backend 3 c.Size (a.Size * b.Size)
            close 0.0 (entries m) (entries (Tensor3.unfold1 (Tensor3.fold1 b c m))) "mode 1"
            close 0.0 (entries n) (entries (Tensor3.unfold2 (Tensor3.fold2 a c n))) "mode 2"
            close 0.0 (entries p) (entries (Tensor3.unfold3 (Tensor3.fold3 a b p))) "mode 3")
    ]

[<Tests>]
let tests = testList "Proofs" [ onEach "Unfold.v" theorems ]
