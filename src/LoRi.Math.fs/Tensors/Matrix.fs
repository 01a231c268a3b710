namespace LoRi.Math

/// A number per example: the leading axes alone.
[<Struct>]
type Scalar =
    internal
    | Scalar of RawTensor

    /// The numbers, as a tensor with the leading axes.
    member this.PerExample = let (Scalar raw) = this in raw

/// Rows by columns; leading axes are a batch. Dtype and device are those of the tensor inside: tags say nothing about them.
[<Struct>]
type Matrix<'row, 'column> = internal Matrix of RawTensor

module Scalar =

    /// The tensor behind.
    let raw (Scalar raw) = raw

    /// Elementwise sum. Shapes: both .., the leading axes.
    let add (Scalar a) (Scalar b) = Scalar(a.Add b)
    /// Elementwise product. Shapes: both .., the leading axes.
    let multiply (Scalar a) (Scalar b) = Scalar(a.Multiply b)
    /// Every number times one factor.
    let scale factor (Scalar a) = Scalar(a.Scale factor)

module Matrix =

    /// Takes a tensor whose last two axes have the dimensions' sizes. Errors: WrongShape.
    let ofRaw (rows: Dim<'row>) (columns: Dim<'column>) raw : Result<Matrix<'row, 'column>, MathError> =
        Raw.checkTrailing "the matrix" [ Axis.name<'row>; Axis.name<'column> ] [ rows.Size; columns.Size ] raw
        |> Result.map Matrix

    /// The tensor behind: .. row column.
    let raw (Matrix raw) = raw

    /// The size of the rows' axis.
    let rows (Matrix raw: Matrix<'row, 'column>) : Dim<'row> = Dim.trusted (Raw.size 2 raw)
    /// The size of the columns' axis.
    let columns (Matrix raw: Matrix<'row, 'column>) : Dim<'column> = Dim.trusted (Raw.size 1 raw)
    /// Shapes: a : r c; result : c r.
    let transpose (Matrix a: Matrix<'r, 'c>) : Matrix<'c, 'r> = Matrix(a.SwapAxes(-1, -2))

    /// Matrix product. Shapes: a : r k; b : k c; result : r c.
    let product (Matrix a: Matrix<'r, 'k>) (Matrix b: Matrix<'k, 'c>) : Matrix<'r, 'c> =
        Raw.agree "matrix product" Axis.name<'k> 1 a 2 b
        Matrix(a.MatMul b)

    let private agree operation (a: RawTensor) (b: RawTensor) row column =
        Raw.agree operation row 2 a 2 b
        Raw.agree operation column 1 a 1 b

    /// Elementwise sum. Shapes: all r c.
    let add (Matrix a: Matrix<'r, 'c>) (Matrix b: Matrix<'r, 'c>) : Matrix<'r, 'c> =
        agree "sum" a b Axis.name<'r> Axis.name<'c>
        Matrix(a.Add b)

    /// Elementwise difference. Shapes: all r c.
    let subtract (Matrix a: Matrix<'r, 'c>) (Matrix b: Matrix<'r, 'c>) : Matrix<'r, 'c> =
        agree "difference" a b Axis.name<'r> Axis.name<'c>
        Matrix(a.Subtract b)

    /// Every entry times one factor.
    let scale factor (Matrix a: Matrix<'r, 'c>) : Matrix<'r, 'c> = Matrix(a.Scale factor)

    /// The identity on the backend of `like`. Shape: n n.
    let identity (size: Dim<'axis>) (like: RawTensor) : Matrix<'axis, 'axis> =
        let n = size.Size
        Matrix(like.Constant([| n; n |], Array.init (n * n) (fun i -> if i / n = i % n then 1.0 else 0.0)))

    /// Squared Frobenius norm: the sum of squares, not divided.
    let squaredNorm (Matrix a) = Scalar(Raw.squaredNorm 2 a)
