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

/// Numbers per example, and sums and products of them.
module Scalar =

    /// <summary>The tensor behind.</summary>
    /// <param name="scalar">One number per example.</param>
    /// <returns>The numbers, with the leading axes alone.</returns>
    let raw (scalar: Scalar) = scalar.PerExample

    /// <summary>Elementwise sum.</summary>
    /// <param name="a">One number per example.</param>
    /// <param name="b">As many numbers.</param>
    let add (a: Scalar) (b: Scalar) = Scalar((raw a).Add(raw b))

    /// <summary>Elementwise product.</summary>
    /// <param name="a">One number per example.</param>
    /// <param name="b">As many numbers.</param>
    let multiply (a: Scalar) (b: Scalar) = Scalar((raw a).Multiply(raw b))

    /// <summary>Every number times one factor.</summary>
    /// <param name="factor">What every number is multiplied by.</param>
    /// <param name="a">One number per example.</param>
    let scale factor (a: Scalar) = Scalar((raw a).Scale factor)

/// Matrices whose axes are types.
module Matrix =

    /// <summary>Takes a tensor whose last two axes have the dimensions' sizes. Errors: WrongShape.</summary>
    /// <param name="rows">The size of the last axis but one.</param>
    /// <param name="columns">The size of the last axis.</param>
    /// <param name="raw"><c>.. row column</c>; leading axes are a batch.</param>
    let ofRaw (rows: Dim<'row>) (columns: Dim<'column>) raw : Result<Matrix<'row, 'column>, MathError> =
        Raw.checkTrailing "the matrix" [ Axis.name<'row>; Axis.name<'column> ] [ rows.Size; columns.Size ] raw
        |> Result.map Matrix

    /// <summary>The tensor behind.</summary>
    /// <param name="matrix">A matrix, or a batch of them.</param>
    /// <returns><c>.. row column</c>.</returns>
    let raw (matrix: Matrix<'row, 'column>) = let (Matrix raw) = matrix in raw

    /// <summary>The size of the rows' axis.</summary>
    /// <param name="matrix">A matrix, or a batch of them.</param>
    let rows (matrix: Matrix<'row, 'column>) : Dim<'row> = Dim.trusted (Raw.size 2 (raw matrix))

    /// <summary>The size of the columns' axis.</summary>
    /// <param name="matrix">A matrix, or a batch of them.</param>
    let columns (matrix: Matrix<'row, 'column>) : Dim<'column> = Dim.trusted (Raw.size 1 (raw matrix))

    /// <summary>The transpose.</summary>
    /// <param name="a"><c>.. r c</c>.</param>
    /// <returns><c>.. c r</c>.</returns>
    let transpose (a: Matrix<'r, 'c>) : Matrix<'c, 'r> = Matrix((raw a).SwapAxes(-1, -2))

    /// <summary>Matrix product. Inner sizes that differ under one tag stop with both shapes.</summary>
    /// <param name="a">The left factor, <c>.. r k</c>.</param>
    /// <param name="b">The right factor, <c>.. k c</c>.</param>
    /// <returns><c>.. r c</c>.</returns>
    let product (a: Matrix<'r, 'k>) (b: Matrix<'k, 'c>) : Matrix<'r, 'c> =
        Raw.agree "matrix product" Axis.name<'k> 1 (raw a) 2 (raw b)
        Matrix((raw a).MatMul(raw b))

    let private agree operation (a: Matrix<'r, 'c>) (b: Matrix<'r, 'c>) =
        Raw.agree operation Axis.name<'r> 2 (raw a) 2 (raw b)
        Raw.agree operation Axis.name<'c> 1 (raw a) 1 (raw b)

    /// <summary>Elementwise sum. Sizes that differ under one tag stop with both shapes.</summary>
    /// <param name="a">The left summand, <c>.. r c</c>.</param>
    /// <param name="b">The right summand, <c>.. r c</c>.</param>
    let add (a: Matrix<'r, 'c>) (b: Matrix<'r, 'c>) : Matrix<'r, 'c> =
        agree "sum" a b
        Matrix((raw a).Add(raw b))

    /// <summary>Elementwise difference. Sizes that differ under one tag stop with both shapes.</summary>
    /// <param name="a">What is reduced, <c>.. r c</c>.</param>
    /// <param name="b">What is taken away, <c>.. r c</c>.</param>
    let subtract (a: Matrix<'r, 'c>) (b: Matrix<'r, 'c>) : Matrix<'r, 'c> =
        agree "difference" a b
        Matrix((raw a).Subtract(raw b))

    /// <summary>Every entry times one factor.</summary>
    /// <param name="factor">What every entry is multiplied by.</param>
    /// <param name="a"><c>.. r c</c>.</param>
    let scale factor (a: Matrix<'r, 'c>) : Matrix<'r, 'c> = Matrix((raw a).Scale factor)

    /// <summary>The identity on a backend.</summary>
    /// <param name="size">n, the number of rows and of columns.</param>
    /// <param name="like">A tensor of the backend, device and dtype that the result is to have; its numbers are not read.</param>
    /// <returns><c>n n</c>.</returns>
    let identity (size: Dim<'axis>) (like: RawTensor) : Matrix<'axis, 'axis> =
        let n = size.Size
        Matrix(like.Constant([| n; n |], Array.init (n * n) (fun i -> if i / n = i % n then 1.0 else 0.0)))

    /// <summary>Squared Frobenius norm: the sum of squares, not divided.</summary>
    /// <param name="a">A matrix, or a batch of them.</param>
    /// <returns>One number per matrix.</returns>
    let squaredNorm (a: Matrix<'r, 'c>) = Scalar(Raw.squaredNorm 2 (raw a))
