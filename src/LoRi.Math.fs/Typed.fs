namespace LoRi.Math

open MathError

/// A number per example: the leading axes alone.
[<Struct>]
type Scalar = internal | Scalar of RawTensor

/// Values along one axis; leading axes are a batch.
[<Struct>]
type Vector<'axis> = internal | Vector of RawTensor

/// Rows by columns; leading axes are a batch.
[<Struct>]
type Matrix<'row, 'column> = internal | Matrix of RawTensor

/// An order-3 tensor; leading axes are a batch. Modes are numbered from 1 and storage is row-major; the columns of an
/// unfolding keep the order of the other two modes, the earlier one slow (Kolda and Bader 2009 let the earlier one vary fastest:
/// the columns are permuted, singular values and left singular vectors are the same).
[<Struct>]
type Tensor3<'m1, 'm2, 'm3> = internal | Tensor3 of RawTensor

module private Raw =
    let checkTrailing what (expected: int list) (tensor: RawTensor) =
        let found = List.ofArray tensor.Shape

        if found.Length < expected.Length || List.skip (found.Length - expected.Length) found <> expected then
            Error(WrongShape(what, expected, found))
        else
            Ok tensor

    let finite what (values: float[]) =
        if Array.forall System.Double.IsFinite values then Ok values else Error(NotFinite what)

    let size fromEnd (tensor: RawTensor) = tensor.Shape[tensor.Shape.Length - fromEnd]

    /// Sizes of the leading axes, then the given trailing ones.
    let withTrailing count (trailing: int[]) (tensor: RawTensor) =
        Array.append tensor.Shape[.. tensor.Shape.Length - 1 - count] trailing

    let agree operation axis fromEndLeft (left: RawTensor) fromEndRight (right: RawTensor) =
        if size fromEndLeft left <> size fromEndRight right then
            invariant (describe (ShapeMismatch(operation, axis, List.ofArray left.Shape, List.ofArray right.Shape)))

module Scalar =
    let ofRaw raw = Scalar raw
    let raw (Scalar raw) = raw
    let add (Scalar a) (Scalar b) = Scalar(a.Add b)
    let multiply (Scalar a) (Scalar b) = Scalar(a.Multiply b)
    let scale factor (Scalar a) = Scalar(a.Scale factor)

module Vector =
    /// Checks the trailing size. Errors: WrongShape.
    let ofRaw (dim: Dim<'axis>) raw : Result<Vector<'axis>, MathError> =
        Raw.checkTrailing typeof<'axis>.Name [ dim.Size ] raw |> Result.map Vector

    let raw (Vector raw) = raw
    let dim (Vector raw: Vector<'axis>) : Dim<'axis> = Dim.trusted (Raw.size 1 raw)
    let subtract (Vector a: Vector<'axis>) (Vector b: Vector<'axis>) : Vector<'axis> = Vector(a.Subtract b)

    /// Sum of squares over the axis.
    let squaredNorm (Vector a) = Scalar((a.Multiply a).SumTrailing 1)

module Matrix =
    /// Checks the trailing sizes. Errors: WrongShape.
    let ofRaw (rows: Dim<'row>) (columns: Dim<'column>) raw : Result<Matrix<'row, 'column>, MathError> =
        Raw.checkTrailing "the matrix" [ rows.Size; columns.Size ] raw |> Result.map Matrix

    let raw (Matrix raw) = raw
    let rows (Matrix raw: Matrix<'row, 'column>) : Dim<'row> = Dim.trusted (Raw.size 2 raw)
    let columns (Matrix raw: Matrix<'row, 'column>) : Dim<'column> = Dim.trusted (Raw.size 1 raw)
    let transpose (Matrix a: Matrix<'r, 'c>) : Matrix<'c, 'r> = Matrix(a.SwapAxes(-1, -2))

    /// a : r k times b : k c.
    let product (Matrix a: Matrix<'r, 'k>) (Matrix b: Matrix<'k, 'c>) : Matrix<'r, 'c> =
        Raw.agree "matrix product" typeof<'k>.Name 1 a 2 b
        Matrix(a.MatMul b)

    let add (Matrix a: Matrix<'r, 'c>) (Matrix b: Matrix<'r, 'c>) : Matrix<'r, 'c> = Matrix(a.Add b)
    let subtract (Matrix a: Matrix<'r, 'c>) (Matrix b: Matrix<'r, 'c>) : Matrix<'r, 'c> = Matrix(a.Subtract b)
    let scale factor (Matrix a: Matrix<'r, 'c>) : Matrix<'r, 'c> = Matrix(a.Scale factor)

    /// Squared Frobenius norm.
    let squaredNorm (Matrix a) = Scalar((a.Multiply a).SumTrailing 2)

module Tensor3 =
    /// Checks the trailing sizes. Errors: WrongShape.
    let ofRaw (d1: Dim<'a>) (d2: Dim<'b>) (d3: Dim<'c>) raw : Result<Tensor3<'a, 'b, 'c>, MathError> =
        Raw.checkTrailing "the tensor" [ d1.Size; d2.Size; d3.Size ] raw |> Result.map Tensor3

    let raw (Tensor3 raw) = raw
    let dim1 (Tensor3 raw: Tensor3<'a, 'b, 'c>) : Dim<'a> = Dim.trusted (Raw.size 3 raw)
    let dim2 (Tensor3 raw: Tensor3<'a, 'b, 'c>) : Dim<'b> = Dim.trusted (Raw.size 2 raw)
    let dim3 (Tensor3 raw: Tensor3<'a, 'b, 'c>) : Dim<'c> = Dim.trusted (Raw.size 1 raw)

    let private flattened sizes (raw: RawTensor) = raw.Reshape(Raw.withTrailing 3 sizes raw)

    /// Mode-1 unfolding: rows m1, columns (m2 slow, m3 fast).
    let unfold1 (Tensor3 raw: Tensor3<'a, 'b, 'c>) : Matrix<'a, Merged<'b, 'c>> =
        Matrix(flattened [| Raw.size 3 raw; Raw.size 2 raw * Raw.size 1 raw |] raw)

    /// Mode-2 unfolding: rows m2, columns (m1 slow, m3 fast).
    let unfold2 (Tensor3 raw: Tensor3<'a, 'b, 'c>) : Matrix<'b, Merged<'a, 'c>> =
        Matrix(flattened [| Raw.size 2 raw; Raw.size 3 raw * Raw.size 1 raw |] (raw.SwapAxes(-3, -2)))

    /// Mode-3 unfolding: rows m3, columns (m1 slow, m2 fast).
    let unfold3 (Tensor3 raw: Tensor3<'a, 'b, 'c>) : Matrix<'c, Merged<'a, 'b>> =
        Matrix((flattened [| Raw.size 3 raw * Raw.size 2 raw; Raw.size 1 raw |] raw).SwapAxes(-1, -2))

    let private folded sizes (raw: RawTensor) = raw.Reshape(Raw.withTrailing 2 sizes raw)

    /// The inverse of `unfold1`.
    let fold1 (d2: Dim<'b>) (d3: Dim<'c>) (Matrix m: Matrix<'a, Merged<'b, 'c>>) : Tensor3<'a, 'b, 'c> =
        Tensor3(folded [| Raw.size 2 m; d2.Size; d3.Size |] m)

    /// The inverse of `unfold2`.
    let fold2 (d1: Dim<'a>) (d3: Dim<'c>) (Matrix m: Matrix<'b, Merged<'a, 'c>>) : Tensor3<'a, 'b, 'c> =
        Tensor3((folded [| Raw.size 2 m; d1.Size; d3.Size |] m).SwapAxes(-3, -2))

    /// The inverse of `unfold3`.
    let fold3 (d1: Dim<'a>) (d2: Dim<'b>) (Matrix m: Matrix<'c, Merged<'a, 'b>>) : Tensor3<'a, 'b, 'c> =
        Tensor3(folded [| d1.Size; d2.Size; Raw.size 2 m |] (m.SwapAxes(-1, -2)))

    /// Mode-1 product x x_1 u: u : j m1, x : m1 m2 m3, result : j m2 m3.
    let modeProduct1 (u: Matrix<'j, 'a>) (x: Tensor3<'a, 'b, 'c>) : Tensor3<'j, 'b, 'c> =
        fold1 (dim2 x) (dim3 x) (Matrix.product u (unfold1 x))

    /// Mode-2 product x x_2 u: u : j m2, result : m1 j m3.
    let modeProduct2 (u: Matrix<'j, 'b>) (Tensor3 x: Tensor3<'a, 'b, 'c>) : Tensor3<'a, 'j, 'c> =
        let matrix = Matrix.raw u
        Raw.agree "mode-2 product" typeof<'b>.Name 1 matrix 2 x
        Tensor3(matrix.MatMul x)

    /// Mode-3 product x x_3 u: u : j m3, result : m1 m2 j.
    let modeProduct3 (u: Matrix<'j, 'c>) (x: Tensor3<'a, 'b, 'c>) : Tensor3<'a, 'b, 'j> =
        let matrix = Matrix.raw u
        Raw.agree "mode-3 product" typeof<'c>.Name 1 matrix 1 (raw x)
        let flat = flattened [| Raw.size 3 (raw x) * Raw.size 2 (raw x); Raw.size 1 (raw x) |] (raw x)
        let product = flat.MatMul(matrix.SwapAxes(-1, -2))
        Tensor3(folded [| Raw.size 3 (raw x); Raw.size 2 (raw x); Raw.size 2 matrix |] product)
