namespace LoRi.Math

/// An order-3 tensor; leading axes are a batch. Dtype and device are those of the tensor inside.
/// Modes are numbered from 1 and storage is row-major. The columns of an unfolding keep the order of the other two modes,
/// the earlier one slow, the later one fast. Kolda and Bader (2009) let the earlier one vary fastest: the columns come in
/// another order, the singular values and left singular vectors are the same.
[<Struct>]
type Tensor3<'m1, 'm2, 'm3> = internal Tensor3 of RawTensor

module Tensor3 =

    /// Takes a tensor whose last three axes have the dimensions' sizes. Errors: WrongShape.
    let ofRaw (d1: Dim<'a>) (d2: Dim<'b>) (d3: Dim<'c>) raw : Result<Tensor3<'a, 'b, 'c>, MathError> =
        let axes = [ Axis.name<'a>; Axis.name<'b>; Axis.name<'c> ]

        Raw.checkTrailing "the tensor" axes [ d1.Size; d2.Size; d3.Size ] raw
        |> Result.map Tensor3

    /// The tensor behind: .. m1 m2 m3.
    let raw (Tensor3 raw) = raw

    /// The size of the first mode.
    let dim1 (Tensor3 raw: Tensor3<'a, 'b, 'c>) : Dim<'a> = Dim.trusted (Raw.size 3 raw)
    /// The size of the second mode.
    let dim2 (Tensor3 raw: Tensor3<'a, 'b, 'c>) : Dim<'b> = Dim.trusted (Raw.size 2 raw)
    /// The size of the third mode.
    let dim3 (Tensor3 raw: Tensor3<'a, 'b, 'c>) : Dim<'c> = Dim.trusted (Raw.size 1 raw)

    /// Sum of squares over the three modes.
    let squaredNorm (Tensor3 raw) = Scalar(Raw.squaredNorm 3 raw)

    /// Elementwise difference. Shapes: all m1 m2 m3.
    let subtract (Tensor3 a: Tensor3<'a, 'b, 'c>) (Tensor3 b: Tensor3<'a, 'b, 'c>) : Tensor3<'a, 'b, 'c> =
        Raw.agree "difference" Axis.name<'a> 3 a 3 b
        Raw.agree "difference" Axis.name<'b> 2 a 2 b
        Raw.agree "difference" Axis.name<'c> 1 a 1 b
        Tensor3(a.Subtract b)

    /// Every entry times one factor.
    let scale factor (Tensor3 a: Tensor3<'a, 'b, 'c>) : Tensor3<'a, 'b, 'c> = Tensor3(a.Scale factor)

    let private flattened sizes (raw: RawTensor) =
        raw.Reshape(Raw.withTrailing 3 sizes raw)

    /// Mode-1 unfolding. Shapes: x : m1 m2 m3; result : m1 (m2 m3).
    let unfold1 (Tensor3 x: Tensor3<'a, 'b, 'c>) : Matrix<'a, Merged<'b, 'c>> =
        Matrix(flattened [| Raw.size 3 x; Raw.size 2 x * Raw.size 1 x |] x)

    /// Mode-2 unfolding. Shapes: x : m1 m2 m3; result : m2 (m1 m3).
    let unfold2 (Tensor3 x: Tensor3<'a, 'b, 'c>) : Matrix<'b, Merged<'a, 'c>> =
        Matrix(flattened [| Raw.size 2 x; Raw.size 3 x * Raw.size 1 x |] (x.SwapAxes(-3, -2)))

    /// The transpose of the mode-3 unfolding, which lies in memory as the tensor does. Shapes: x : m1 m2 m3; result : (m1 m2) m3.
    let private rows3 (Tensor3 x: Tensor3<'a, 'b, 'c>) : Matrix<Merged<'a, 'b>, 'c> =
        Matrix(flattened [| Raw.size 3 x * Raw.size 2 x; Raw.size 1 x |] x)

    /// Mode-3 unfolding. Shapes: x : m1 m2 m3; result : m3 (m1 m2).
    let unfold3 (x: Tensor3<'a, 'b, 'c>) : Matrix<'c, Merged<'a, 'b>> = Matrix.transpose (rows3 x)

    let private folded sizes (raw: RawTensor) =
        raw.Reshape(Raw.withTrailing 2 sizes raw)

    /// The columns are those of an unfolding over two modes of these sizes. Errors: ShapeMismatch.
    let internal checkFolds (slow: Dim<'s>) (fast: Dim<'f>) (Matrix columns: Matrix<'r, Merged<'s, 'f>>) =
        if slow.Size * fast.Size = Raw.size 1 columns then
            Ok()
        else
            let wanted = [ Raw.size 2 columns; slow.Size; fast.Size ]
            Error(ShapeMismatch("fold", Axis.name<Merged<'s, 'f>>, List.ofArray columns.Shape, wanted))

    /// The inverse of `unfold1`.
    let fold1 (d2: Dim<'b>) (d3: Dim<'c>) (Matrix m: Matrix<'a, Merged<'b, 'c>>) : Tensor3<'a, 'b, 'c> =
        Raw.orStop (checkFolds d2 d3 (Matrix m: Matrix<'a, Merged<'b, 'c>>))
        Tensor3(folded [| Raw.size 2 m; d2.Size; d3.Size |] m)

    /// The inverse of `unfold2`.
    let fold2 (d1: Dim<'a>) (d3: Dim<'c>) (Matrix m: Matrix<'b, Merged<'a, 'c>>) : Tensor3<'a, 'b, 'c> =
        Raw.orStop (checkFolds d1 d3 (Matrix m: Matrix<'b, Merged<'a, 'c>>))
        Tensor3((folded [| Raw.size 2 m; d1.Size; d3.Size |] m).SwapAxes(-3, -2))

    /// The inverse of `unfold3`.
    let fold3 (d1: Dim<'a>) (d2: Dim<'b>) (Matrix m: Matrix<'c, Merged<'a, 'b>>) : Tensor3<'a, 'b, 'c> =
        Raw.orStop (checkFolds d1 d2 (Matrix m: Matrix<'c, Merged<'a, 'b>>))
        Tensor3(folded [| d1.Size; d2.Size; Raw.size 2 m |] (m.SwapAxes(-1, -2)))

    /// Mode-1 product x x_1 u. Shapes: u : j m1; x : m1 m2 m3; result : j m2 m3.
    let modeProduct1 (u: Matrix<'j, 'a>) (x: Tensor3<'a, 'b, 'c>) : Tensor3<'j, 'b, 'c> =
        fold1 (dim2 x) (dim3 x) (Matrix.product u (unfold1 x))

    /// Mode-2 product x x_2 u. Shapes: u : j m2; x : m1 m2 m3; result : m1 j m3.
    let modeProduct2 (u: Matrix<'j, 'b>) (x: Tensor3<'a, 'b, 'c>) : Tensor3<'a, 'j, 'c> =
        fold2 (dim1 x) (dim3 x) (Matrix.product u (unfold2 x))

    /// Mode-3 product x x_3 u. Shapes: u : j m3; x : m1 m2 m3; result : m1 m2 j.
    let modeProduct3 (u: Matrix<'j, 'c>) (x: Tensor3<'a, 'b, 'c>) : Tensor3<'a, 'b, 'j> =
        let (Matrix rows) = Matrix.product (rows3 x) (Matrix.transpose u)
        Tensor3(folded [| (dim1 x).Size; (dim2 x).Size; Raw.size 1 rows |] rows)
