/// Tensors, matrices and orthonormal columns for the properties that are paired with proofs.
module LoRi.Math.Tests.Proofs.Tensors

open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators

type A = interface end

type B = interface end

type C = interface end

type J = interface end

let dim<'axis> size : Dim<'axis> = ok (Dim.create size)

/// A tensor from row-major values.
let ofValues (backend: Backend) (a, b, c) numbers : Tensor3<A, B, C> =
    ok (Tensor3.ofRaw (dim a) (dim b) (dim c) (backend.Tensor [ a; b; c ] numbers))

/// The tensor of a case.
let tensor (backend: Backend) (case: TensorCase) : Tensor3<A, B, C> =
    ofValues backend case.Sizes case.Values

/// Normal numbers of a seed.
let matrix<'row, 'column> (backend: Backend) seed rows columns : Matrix<'row, 'column> =
    ok (Matrix.ofRaw (dim rows) (dim columns) (backend.Tensor [ rows; columns ] (normals seed (rows * columns))))

let values (x: Tensor3<'a, 'b, 'c>) = (Tensor3.raw x).ToArray()
let entries (x: Matrix<'r, 'c>) = (Matrix.raw x).ToArray()
