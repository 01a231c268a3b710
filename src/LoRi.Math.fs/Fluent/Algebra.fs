/// The door for C#: tupled static methods that forward to the modules of `LoRi.Math`. What is a `Result` there is a value
/// here, and its error a `MathException`, an `ArgumentException` with the same text.
namespace LoRi.Math.Fluent

open System.Collections.Generic
open LoRi.Math

/// <summary>Bad input: what was wrong, and the same in words.</summary>
/// <param name="error">What is wrong, with the sizes or values that were found.</param>
[<Sealed>]
type MathException(error: MathError) =
    inherit System.ArgumentException(MathError.describe error)

    /// What was wrong.
    member _.Error = error

module internal Door =

    let orThrow result =
        match result with
        | Ok value -> value
        | Error error -> raise (MathException error)

/// Sizes and tensors of the core's own types.
[<AbstractClass; Sealed>]
type Tensors =

    /// <summary>A dimension of a given size. <c>Dim.create</c>.</summary>
    /// <param name="size">How long the axis is, at least 1.</param>
    static member Dim<'axis>(size: int) : Dim<'axis> = Dim.create<'axis> size |> Door.orThrow

    /// <summary>A float64 tensor of the reference backend, from row-major values.</summary>
    /// <param name="shape">Sizes of the axes.</param>
    /// <param name="values">As many numbers as the shape asks for.</param>
    static member Reference(shape: IReadOnlyList<int>, values: IReadOnlyList<float>) : RawTensor =
        let sizes, numbers = Array.ofSeq shape, Array.ofSeq values
        let expected = Array.fold (*) 1 sizes

        match Array.tryFind (fun size -> size < 0) sizes with
        | Some size -> Door.orThrow (Error(Negative("the shape", float size)))
        | None when expected <> numbers.Length ->
            Door.orThrow (Error(WrongLength("the number of values", expected, numbers.Length)))
        | None -> ReferenceTensor(sizes, numbers)

    /// <summary>A tensor as a matrix with typed axes: <c>Matrix.ofRaw</c>.</summary>
    /// <param name="rows">The size of the rows' axis.</param>
    /// <param name="columns">The size of the columns' axis.</param>
    /// <param name="values">A tensor whose last two axes have these sizes.</param>
    static member Matrix(rows: Dim<'row>, columns: Dim<'column>, values: RawTensor) : Matrix<'row, 'column> =
        Matrix.ofRaw rows columns values |> Door.orThrow

    /// <summary>A tensor with three typed modes: <c>Tensor3.ofRaw</c>.</summary>
    /// <param name="d1">The size of the first mode.</param>
    /// <param name="d2">The size of the second mode.</param>
    /// <param name="d3">The size of the third mode.</param>
    /// <param name="values">A tensor whose last three axes have these sizes.</param>
    static member Tensor3(d1: Dim<'m1>, d2: Dim<'m2>, d3: Dim<'m3>, values: RawTensor) : Tensor3<'m1, 'm2, 'm3> =
        Tensor3.ofRaw d1 d2 d3 values |> Door.orThrow

/// Products and transposes of matrices.
[<AbstractClass; Sealed>]
type Matrices =

    /// <summary>Matrix product, r x c: <c>Matrix.product</c>.</summary>
    /// <param name="a">The left factor, r x k.</param>
    /// <param name="b">The right factor, k x c.</param>
    static member Product(a: Matrix<'r, 'k>, b: Matrix<'k, 'c>) : Matrix<'r, 'c> =
        Raw.checkAgree "matrix product" Axis.name<'k> 1 (Matrix.raw a) 2 (Matrix.raw b)
        |> Door.orThrow

        Matrix.product a b

    /// <summary>The transpose, c x r: <c>Matrix.transpose</c>.</summary>
    /// <param name="a">A matrix, r x c.</param>
    static member Transpose(a: Matrix<'r, 'c>) : Matrix<'c, 'r> = Matrix.transpose a

    /// <summary>The numbers, row-major, as float64 whatever the dtype.</summary>
    /// <param name="a">A matrix.</param>
    static member Values(a: Matrix<'r, 'c>) : float[] = (Matrix.raw a).ToArray()

/// Unfoldings, their inverses and mode products of order-3 tensors.
[<AbstractClass; Sealed>]
type Modes =

    /// The columns of u are the components of mode n.
    static member private Agree(mode: int, u: Matrix<'j, 'axis>, x: Tensor3<'m1, 'm2, 'm3>) : unit =
        Raw.checkAgree $"mode-{mode} product" Axis.name<'axis> 1 (Matrix.raw u) (4 - mode) (Tensor3.raw x)
        |> Door.orThrow

    /// <summary>Mode-1 unfolding, m1 x (m2 m3): <c>Tensor3.unfold1</c>.</summary>
    /// <param name="x">The tensor, m1 x m2 x m3.</param>
    static member Unfold1(x: Tensor3<'m1, 'm2, 'm3>) : Matrix<'m1, Merged<'m2, 'm3>> = Tensor3.unfold1 x

    /// <summary>Mode-2 unfolding, m2 x (m1 m3): <c>Tensor3.unfold2</c>.</summary>
    /// <param name="x">The tensor, m1 x m2 x m3.</param>
    static member Unfold2(x: Tensor3<'m1, 'm2, 'm3>) : Matrix<'m2, Merged<'m1, 'm3>> = Tensor3.unfold2 x

    /// <summary>Mode-3 unfolding, m3 x (m1 m2): <c>Tensor3.unfold3</c>.</summary>
    /// <param name="x">The tensor, m1 x m2 x m3.</param>
    static member Unfold3(x: Tensor3<'m1, 'm2, 'm3>) : Matrix<'m3, Merged<'m1, 'm2>> = Tensor3.unfold3 x

    /// <summary>The tensor of a mode-1 unfolding: <c>Tensor3.fold1</c>.</summary>
    /// <param name="d2">The size of the second mode.</param>
    /// <param name="d3">The size of the third mode.</param>
    /// <param name="x">The unfolding, m1 x (m2 m3).</param>
    static member Fold1(d2: Dim<'m2>, d3: Dim<'m3>, x: Matrix<'m1, Merged<'m2, 'm3>>) : Tensor3<'m1, 'm2, 'm3> =
        Tensor3.checkFolds d2 d3 x |> Door.orThrow
        Tensor3.fold1 d2 d3 x

    /// <summary>The tensor of a mode-2 unfolding: <c>Tensor3.fold2</c>.</summary>
    /// <param name="d1">The size of the first mode.</param>
    /// <param name="d3">The size of the third mode.</param>
    /// <param name="x">The unfolding, m2 x (m1 m3).</param>
    static member Fold2(d1: Dim<'m1>, d3: Dim<'m3>, x: Matrix<'m2, Merged<'m1, 'm3>>) : Tensor3<'m1, 'm2, 'm3> =
        Tensor3.checkFolds d1 d3 x |> Door.orThrow
        Tensor3.fold2 d1 d3 x

    /// <summary>The tensor of a mode-3 unfolding: <c>Tensor3.fold3</c>.</summary>
    /// <param name="d1">The size of the first mode.</param>
    /// <param name="d2">The size of the second mode.</param>
    /// <param name="x">The unfolding, m3 x (m1 m2).</param>
    static member Fold3(d1: Dim<'m1>, d2: Dim<'m2>, x: Matrix<'m3, Merged<'m1, 'm2>>) : Tensor3<'m1, 'm2, 'm3> =
        Tensor3.checkFolds d1 d2 x |> Door.orThrow
        Tensor3.fold3 d1 d2 x

    /// <summary>Mode-1 product, j x m2 x m3: <c>Tensor3.modeProduct1</c>.</summary>
    /// <param name="x">The tensor, m1 x m2 x m3.</param>
    /// <param name="u">The matrix, j x m1.</param>
    static member Product1(x: Tensor3<'m1, 'm2, 'm3>, u: Matrix<'j, 'm1>) : Tensor3<'j, 'm2, 'm3> =
        Modes.Agree(1, u, x)
        Tensor3.modeProduct1 u x

    /// <summary>Mode-2 product, m1 x j x m3: <c>Tensor3.modeProduct2</c>.</summary>
    /// <param name="x">The tensor, m1 x m2 x m3.</param>
    /// <param name="u">The matrix, j x m2.</param>
    static member Product2(x: Tensor3<'m1, 'm2, 'm3>, u: Matrix<'j, 'm2>) : Tensor3<'m1, 'j, 'm3> =
        Modes.Agree(2, u, x)
        Tensor3.modeProduct2 u x

    /// <summary>Mode-3 product, m1 x m2 x j: <c>Tensor3.modeProduct3</c>.</summary>
    /// <param name="x">The tensor, m1 x m2 x m3.</param>
    /// <param name="u">The matrix, j x m3.</param>
    static member Product3(x: Tensor3<'m1, 'm2, 'm3>, u: Matrix<'j, 'm3>) : Tensor3<'m1, 'm2, 'j> =
        Modes.Agree(3, u, x)
        Tensor3.modeProduct3 u x

/// Decompositions of one matrix or one order-3 tensor.
[<AbstractClass; Sealed>]
type Decompositions =

    /// <summary>The thin singular value decomposition: <c>Svd.thin</c>.</summary>
    /// <param name="spectral">Eigenvalues and singular values: <c>new ReferenceSpectral()</c>, or a backend's own.</param>
    /// <param name="matrix">One matrix, without axes of a batch.</param>
    static member Thin(spectral: ISpectral, matrix: Matrix<'row, 'column>) : Svd<'row, 'column> =
        Svd.thin spectral matrix |> Door.orThrow

    /// <summary>Those of the three unfoldings. <c>MultilinearSvd.singularValues</c>.</summary>
    /// <param name="spectral">Eigenvalues and singular values: <c>new ReferenceSpectral()</c>, or a backend's own.</param>
    /// <param name="x">The tensor, m1 x m2 x m3.</param>
    static member SingularValues
        (spectral: ISpectral, x: Tensor3<'m1, 'm2, 'm3>)
        : struct (float[] * float[] * float[]) =
        let first, second, third = MultilinearSvd.singularValues spectral x |> Door.orThrow
        struct (first, second, third)

    /// <summary>The truncated multilinear SVD: <c>MultilinearSvd.truncated</c>.</summary>
    /// <param name="spectral">Eigenvalues and singular values: <c>new ReferenceSpectral()</c>, or a backend's own.</param>
    /// <param name="ranks">The ranks of the three modes, each from 1 to the size of its mode.</param>
    /// <param name="x">The tensor, m1 x m2 x m3.</param>
    static member Truncated
        (spectral: ISpectral, ranks: MultilinearRank, x: Tensor3<'m1, 'm2, 'm3>)
        : Tucker3<'m1, 'm2, 'm3> =
        MultilinearSvd.truncated spectral ranks x |> Door.orThrow

    /// <summary>The sequentially truncated multilinear SVD: <c>MultilinearSvd.sequentiallyTruncated</c>.</summary>
    /// <param name="spectral">Eigenvalues and singular values: <c>new ReferenceSpectral()</c>, or a backend's own.</param>
    /// <param name="ranks">The ranks of the three modes, each from 1 to the size of its mode.</param>
    /// <param name="x">The tensor, m1 x m2 x m3.</param>
    static member SequentiallyTruncated
        (spectral: ISpectral, ranks: MultilinearRank, x: Tensor3<'m1, 'm2, 'm3>)
        : Tucker3<'m1, 'm2, 'm3> =
        MultilinearSvd.sequentiallyTruncated spectral ranks x |> Door.orThrow

    /// <summary><c>MultilinearSvd.refined</c>, to a relative growth of the core's energy below 1e-12 or 500 rounds.</summary>
    /// <param name="spectral">Eigenvalues and singular values: <c>new ReferenceSpectral()</c>, or a backend's own.</param>
    /// <param name="ranks">The ranks of the three modes, each from 1 to the size of its mode.</param>
    /// <param name="x">The tensor, m1 x m2 x m3.</param>
    static member Refined
        (spectral: ISpectral, ranks: MultilinearRank, x: Tensor3<'m1, 'm2, 'm3>)
        : Tucker3<'m1, 'm2, 'm3> =
        MultilinearSvd.refined spectral 1e-12 500 ranks x |> Door.orThrow

    /// <summary>The tensor that a Tucker form stands for: <c>MultilinearSvd.reconstruct</c>.</summary>
    /// <param name="tucker">Factor matrices and core.</param>
    static member Reconstruct(tucker: Tucker3<'m1, 'm2, 'm3>) : Tensor3<'m1, 'm2, 'm3> =
        MultilinearSvd.reconstruct tucker

    /// <summary>Squared Frobenius norm of a tensor minus its reconstruction: <c>MultilinearSvd.squaredError</c>.</summary>
    /// <param name="x">The tensor, m1 x m2 x m3.</param>
    /// <param name="tucker">Factor matrices and core.</param>
    static member SquaredError(x: Tensor3<'m1, 'm2, 'm3>, tucker: Tucker3<'m1, 'm2, 'm3>) : float =
        let sizes =
            [
                (Matrix.rows tucker.Factor1).Size
                (Matrix.rows tucker.Factor2).Size
                (Matrix.rows tucker.Factor3).Size
            ]

        Raw.checkTrailing "the tensor" [ Axis.name<'m1>; Axis.name<'m2>; Axis.name<'m3> ] sizes (Tensor3.raw x)
        |> Door.orThrow
        |> ignore

        MultilinearSvd.squaredError x tucker

    /// <summary>The bound on the squared error of <c>Truncated</c>: <c>MultilinearSvd.squaredErrorBound</c>.</summary>
    /// <param name="spectral">Eigenvalues and singular values: <c>new ReferenceSpectral()</c>, or a backend's own.</param>
    /// <param name="ranks">The ranks of the three modes, each from 1 to the size of its mode.</param>
    /// <param name="x">The tensor, m1 x m2 x m3.</param>
    static member SquaredErrorBound(spectral: ISpectral, ranks: MultilinearRank, x: Tensor3<'m1, 'm2, 'm3>) : float =
        MultilinearSvd.squaredErrorBound spectral ranks x |> Door.orThrow

/// Orthonormal bases of subspaces.
[<AbstractClass; Sealed>]
type Bases =

    /// <summary>U U'. <c>Subspace.projector</c>.</summary>
    /// <param name="u">A basis, n x r, with orthonormal columns.</param>
    static member Projector(u: Matrix<'axis, Truncated<'axis>>) : Matrix<'axis, 'axis> = Subspace.projector u

    /// <summary>Ascending, in radians. <c>Subspace.principalAngles</c>.</summary>
    /// <param name="spectral">Eigenvalues and singular values: <c>new ReferenceSpectral()</c>, or a backend's own.</param>
    /// <param name="u">A basis, n x r, with orthonormal columns.</param>
    /// <param name="v">A basis of the same space, n x s, with orthonormal columns.</param>
    static member PrincipalAngles
        (spectral: ISpectral, u: Matrix<'axis, Truncated<'axis>>, v: Matrix<'axis, Truncated<'axis>>)
        : float[] =
        Subspace.principalAngles spectral u v |> Door.orThrow

/// How many directions a spectrum fills, and the names of standardisations.
[<AbstractClass; Sealed>]
type Spectra =

    /// The three standardisations, in the order of reports. `Standardisation.all`.
    static member Standardisations: IReadOnlyList<Standardisation> =
        Standardisation.all :> IReadOnlyList<Standardisation>

    /// <summary>The name of one. <c>Standardisation.name</c>.</summary>
    /// <param name="standardisation">One of the three.</param>
    static member Name(standardisation: Standardisation) : string = Standardisation.name standardisation

    /// <summary>How many directions the energy fills: <c>EffectiveRank.ofEigenvalues</c>.</summary>
    /// <param name="eigenvalues">Eigenvalues of a mode's Gram matrix, in descending order.</param>
    static member EffectiveRank(eigenvalues: float[]) : EffectiveRank = EffectiveRank.ofEigenvalues eigenvalues

    /// <summary>The smallest rank that keeps a share of the energy: <c>EffectiveRank.atEnergy</c>.</summary>
    /// <param name="share">The share of the energy to keep, above 0 and at most 1.</param>
    /// <param name="eigenvalues">Eigenvalues of a mode's Gram matrix, in descending order.</param>
    static member RankAtEnergy(share: float, eigenvalues: float[]) : int =
        EffectiveRank.atEnergy share eigenvalues |> Door.orThrow
