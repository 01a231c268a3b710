namespace LoRi.Math

open MathError

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

/// Sizes and checks of tensors that have no types yet.
module internal Raw =

    /// The size of an axis, counted from the end: 1 is the last.
    let size fromEnd (tensor: RawTensor) =
        tensor.Shape[tensor.Shape.Length - fromEnd]

    /// Sizes of all axes but the last `count`.
    let leading count (tensor: RawTensor) =
        tensor.Shape[.. tensor.Shape.Length - 1 - count]

    /// The same leading axes, other trailing ones.
    let withTrailing count (trailing: int[]) (tensor: RawTensor) =
        Array.append (leading count tensor) trailing

    /// The tensor, if its last axes have the sizes expected. Errors: WrongShape.
    let checkTrailing what (axes: string list) (expected: int list) (tensor: RawTensor) =
        let found = List.ofArray tensor.Shape

        if found.Length < expected.Length then
            Error(WrongShape(what, axes.Head, expected, found))
        else
            List.zip3 axes expected (List.skip (found.Length - expected.Length) found)
            |> List.tryFind (fun (_, wanted, size) -> wanted <> size)
            |> function
                | Some(axis, _, _) -> Error(WrongShape(what, axis, expected, found))
                | None -> Ok tensor

    /// The axes are these and no more: no batch. Errors: WrongAxes.
    let checkAxes what (axes: string list) (tensor: RawTensor) =
        if tensor.Shape.Length = axes.Length then
            Ok()
        else
            Error(WrongAxes(what, axes, List.ofArray tensor.Shape))

    /// Every number is one. Errors: NotFinite.
    let checkFinite what (tensor: RawTensor) =
        if Array.forall System.Double.IsFinite (tensor.ToArray()) then
            Ok()
        else
            Error(NotFinite what)

    /// Sizes that share a tag are one size. Errors: ShapeMismatch.
    let checkAgree operation axis fromEndLeft (left: RawTensor) fromEndRight (right: RawTensor) =
        if size fromEndLeft left = size fromEndRight right then
            Ok()
        else
            Error(ShapeMismatch(operation, axis, List.ofArray left.Shape, List.ofArray right.Shape))

    /// Stops where a check failed that types would have made needless.
    let orStop (checked': Result<unit, MathError>) =
        match checked' with
        | Ok() -> ()
        | Error error -> invariant (describe error)

    /// Stops where sizes that share a tag differ.
    let agree operation axis fromEndLeft left fromEndRight right =
        orStop (checkAgree operation axis fromEndLeft left fromEndRight right)

    /// Stops where the last axes of a tensor do not have the sizes that they must have.
    let expect operation (axes: string list) (sizes: int list) (tensor: RawTensor) =
        checkTrailing operation axes sizes tensor |> Result.map ignore |> orStop

    /// Sum of squares over the last `count` axes.
    let squaredNorm count (tensor: RawTensor) =
        (tensor.Multiply tensor).SumTrailing count

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

    /// Squared Frobenius norm: the sum of squares, not divided.
    let squaredNorm (Matrix a) = Scalar(Raw.squaredNorm 2 a)
