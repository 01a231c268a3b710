namespace LoRi.Math

/// An order-3 tensor; leading axes are a batch. Dtype and device are those of the tensor inside.
/// Modes are numbered from 1 and storage is row-major. The columns of an unfolding keep the order of the other two modes,
/// the earlier one slow, the later one fast. Kolda and Bader (2009) let the earlier one vary fastest: the columns come in
/// another order, the singular values and left singular vectors are the same.
[<Struct>]
type Tensor3<'m1, 'm2, 'm3> = internal Tensor3 of RawTensor

/// Order-3 tensors whose modes are types: unfoldings, their inverses, mode products.
module Tensor3 =

    /// <summary>Takes a tensor whose last three axes have the dimensions' sizes. Errors: WrongShape.</summary>
    /// <param name="d1">The size of the last axis but two.</param>
    /// <param name="d2">The size of the last axis but one.</param>
    /// <param name="d3">The size of the last axis.</param>
    /// <param name="raw"><c>.. m1 m2 m3</c>; leading axes are a batch.</param>
    let ofRaw (d1: Dim<'a>) (d2: Dim<'b>) (d3: Dim<'c>) raw : Result<Tensor3<'a, 'b, 'c>, MathError> =
        let axes = [ Axis.name<'a>; Axis.name<'b>; Axis.name<'c> ]

        Raw.checkTrailing "the tensor" axes [ d1.Size; d2.Size; d3.Size ] raw
        |> Result.map Tensor3

    /// <summary>The tensor behind.</summary>
    /// <param name="tensor">An order-3 tensor, or a batch of them.</param>
    /// <returns><c>.. m1 m2 m3</c>.</returns>
    let raw (tensor: Tensor3<'a, 'b, 'c>) = let (Tensor3 raw) = tensor in raw

    /// <summary>The size of the first mode.</summary>
    /// <param name="tensor">An order-3 tensor, or a batch of them.</param>
    let dim1 (tensor: Tensor3<'a, 'b, 'c>) : Dim<'a> = Dim.trusted (Raw.size 3 (raw tensor))

    /// <summary>The size of the second mode.</summary>
    /// <param name="tensor">An order-3 tensor, or a batch of them.</param>
    let dim2 (tensor: Tensor3<'a, 'b, 'c>) : Dim<'b> = Dim.trusted (Raw.size 2 (raw tensor))

    /// <summary>The size of the third mode.</summary>
    /// <param name="tensor">An order-3 tensor, or a batch of them.</param>
    let dim3 (tensor: Tensor3<'a, 'b, 'c>) : Dim<'c> = Dim.trusted (Raw.size 1 (raw tensor))

    /// <summary>Sum of squares over the three modes.</summary>
    /// <param name="tensor">An order-3 tensor, or a batch of them.</param>
    /// <returns>One number per tensor.</returns>
    let squaredNorm (tensor: Tensor3<'a, 'b, 'c>) = Scalar(Raw.squaredNorm 3 (raw tensor))

    /// <summary>Elementwise difference. Sizes that differ under one tag stop with both shapes.</summary>
    /// <param name="a">What is reduced, <c>.. m1 m2 m3</c>.</param>
    /// <param name="b">What is taken away, <c>.. m1 m2 m3</c>.</param>
    let subtract (a: Tensor3<'a, 'b, 'c>) (b: Tensor3<'a, 'b, 'c>) : Tensor3<'a, 'b, 'c> =
        let left, right = raw a, raw b
        Raw.agree "difference" Axis.name<'a> 3 left 3 right
        Raw.agree "difference" Axis.name<'b> 2 left 2 right
        Raw.agree "difference" Axis.name<'c> 1 left 1 right
        Tensor3(left.Subtract right)

    /// <summary>Every entry times one factor.</summary>
    /// <param name="factor">What every entry is multiplied by.</param>
    /// <param name="a"><c>.. m1 m2 m3</c>.</param>
    let scale factor (a: Tensor3<'a, 'b, 'c>) : Tensor3<'a, 'b, 'c> = Tensor3((raw a).Scale factor)

    let private flattened sizes (raw: RawTensor) =
        raw.Reshape(Raw.withTrailing 3 sizes raw)

    /// <summary>Mode-1 unfolding.</summary>
    /// <param name="x"><c>.. m1 m2 m3</c>.</param>
    /// <returns><c>.. m1 (m2 m3)</c>: rows are the first mode, the third runs fastest along the columns.</returns>
    let unfold1 (x: Tensor3<'a, 'b, 'c>) : Matrix<'a, Merged<'b, 'c>> =
        Matrix(flattened [| (dim1 x).Size; (dim2 x).Size * (dim3 x).Size |] (raw x))

    /// <summary>Mode-2 unfolding.</summary>
    /// <param name="x"><c>.. m1 m2 m3</c>.</param>
    /// <returns><c>.. m2 (m1 m3)</c>: rows are the second mode, the third runs fastest along the columns.</returns>
    let unfold2 (x: Tensor3<'a, 'b, 'c>) : Matrix<'b, Merged<'a, 'c>> =
        Matrix(flattened [| (dim2 x).Size; (dim1 x).Size * (dim3 x).Size |] ((raw x).SwapAxes(-3, -2)))

    /// The transpose of the mode-3 unfolding, which lies in memory as the tensor does. Shapes: x : m1 m2 m3; result : (m1 m2) m3.
    let private rows3 (Tensor3 x: Tensor3<'a, 'b, 'c>) : Matrix<Merged<'a, 'b>, 'c> =
        Matrix(flattened [| Raw.size 3 x * Raw.size 2 x; Raw.size 1 x |] x)

    /// <summary>Mode-3 unfolding.</summary>
    /// <param name="x"><c>.. m1 m2 m3</c>.</param>
    /// <returns><c>.. m3 (m1 m2)</c>: rows are the third mode, the second runs fastest along the columns.</returns>
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

    /// <summary>The inverse of <c>unfold1</c>. Columns that are not d2 times d3 many stop with both shapes.</summary>
    /// <param name="d2">The size of the second mode.</param>
    /// <param name="d3">The size of the third mode.</param>
    /// <param name="m">The unfolding, <c>.. m1 (m2 m3)</c>.</param>
    /// <returns><c>.. m1 m2 m3</c>.</returns>
    let fold1 (d2: Dim<'b>) (d3: Dim<'c>) (m: Matrix<'a, Merged<'b, 'c>>) : Tensor3<'a, 'b, 'c> =
        Raw.orStop (checkFolds d2 d3 m)
        Tensor3(folded [| (Matrix.rows m).Size; d2.Size; d3.Size |] (Matrix.raw m))

    /// <summary>The inverse of <c>unfold2</c>. Columns that are not d1 times d3 many stop with both shapes.</summary>
    /// <param name="d1">The size of the first mode.</param>
    /// <param name="d3">The size of the third mode.</param>
    /// <param name="m">The unfolding, <c>.. m2 (m1 m3)</c>.</param>
    /// <returns><c>.. m1 m2 m3</c>.</returns>
    let fold2 (d1: Dim<'a>) (d3: Dim<'c>) (m: Matrix<'b, Merged<'a, 'c>>) : Tensor3<'a, 'b, 'c> =
        Raw.orStop (checkFolds d1 d3 m)
        Tensor3((folded [| (Matrix.rows m).Size; d1.Size; d3.Size |] (Matrix.raw m)).SwapAxes(-3, -2))

    /// <summary>The inverse of <c>unfold3</c>. Columns that are not d1 times d2 many stop with both shapes.</summary>
    /// <param name="d1">The size of the first mode.</param>
    /// <param name="d2">The size of the second mode.</param>
    /// <param name="m">The unfolding, <c>.. m3 (m1 m2)</c>.</param>
    /// <returns><c>.. m1 m2 m3</c>.</returns>
    let fold3 (d1: Dim<'a>) (d2: Dim<'b>) (m: Matrix<'c, Merged<'a, 'b>>) : Tensor3<'a, 'b, 'c> =
        Raw.orStop (checkFolds d1 d2 m)
        Tensor3(folded [| d1.Size; d2.Size; (Matrix.rows m).Size |] ((Matrix.raw m).SwapAxes(-1, -2)))

    /// <summary>Mode-1 product x x_1 u.</summary>
    /// <param name="u"><c>j m1</c>, or a batch of such.</param>
    /// <param name="x"><c>.. m1 m2 m3</c>.</param>
    /// <returns><c>.. j m2 m3</c>.</returns>
    let modeProduct1 (u: Matrix<'j, 'a>) (x: Tensor3<'a, 'b, 'c>) : Tensor3<'j, 'b, 'c> =
        fold1 (dim2 x) (dim3 x) (Matrix.product u (unfold1 x))

    /// <summary>Mode-2 product x x_2 u.</summary>
    /// <param name="u"><c>j m2</c>, or a batch of such.</param>
    /// <param name="x"><c>.. m1 m2 m3</c>.</param>
    /// <returns><c>.. m1 j m3</c>.</returns>
    let modeProduct2 (u: Matrix<'j, 'b>) (x: Tensor3<'a, 'b, 'c>) : Tensor3<'a, 'j, 'c> =
        fold2 (dim1 x) (dim3 x) (Matrix.product u (unfold2 x))

    /// <summary>Mode-3 product x x_3 u.</summary>
    /// <param name="u"><c>j m3</c>, or a batch of such.</param>
    /// <param name="x"><c>.. m1 m2 m3</c>.</param>
    /// <returns><c>.. m1 m2 j</c>.</returns>
    let modeProduct3 (u: Matrix<'j, 'c>) (x: Tensor3<'a, 'b, 'c>) : Tensor3<'a, 'b, 'j> =
        let (Matrix rows) = Matrix.product (rows3 x) (Matrix.transpose u)
        Tensor3(folded [| (dim1 x).Size; (dim2 x).Size; Raw.size 1 rows |] rows)
