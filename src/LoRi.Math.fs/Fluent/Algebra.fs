/// The door for C#: tupled static methods that forward to the modules of `LoRi.Math`. What is a `Result` there is a value
/// here, and its error a `MathException`, an `ArgumentException` with the same text.
namespace LoRi.Math.Fluent

open System.Collections.Generic
open LoRi.Math

/// Bad input: what was wrong, and the same in words.
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

    /// A dimension of a given size. `Dim.create`.
    static member Dim<'axis>(size: int) : Dim<'axis> = Dim.create<'axis> size |> Door.orThrow

    /// A float64 tensor of the reference backend, from row-major values.
    static member Reference(shape: IReadOnlyList<int>, values: IReadOnlyList<float>) : RawTensor =
        let sizes, numbers = Array.ofSeq shape, Array.ofSeq values
        let expected = Array.fold (*) 1 sizes

        match Array.tryFind (fun size -> size < 0) sizes with
        | Some size -> Door.orThrow (Error(Negative("the shape", float size)))
        | None when expected <> numbers.Length ->
            Door.orThrow (Error(WrongLength("the number of values", expected, numbers.Length)))
        | None -> ReferenceTensor(sizes, numbers)

    /// `Matrix.ofRaw`.
    static member Matrix(rows: Dim<'row>, columns: Dim<'column>, values: RawTensor) : Matrix<'row, 'column> =
        Matrix.ofRaw rows columns values |> Door.orThrow

    /// `Tensor3.ofRaw`.
    static member Tensor3(d1: Dim<'m1>, d2: Dim<'m2>, d3: Dim<'m3>, values: RawTensor) : Tensor3<'m1, 'm2, 'm3> =
        Tensor3.ofRaw d1 d2 d3 values |> Door.orThrow

/// Products and transposes of matrices.
[<AbstractClass; Sealed>]
type Matrices =

    /// `Matrix.product`.
    static member Product(a: Matrix<'r, 'k>, b: Matrix<'k, 'c>) : Matrix<'r, 'c> =
        Raw.checkAgree "matrix product" Axis.name<'k> 1 (Matrix.raw a) 2 (Matrix.raw b)
        |> Door.orThrow

        Matrix.product a b

    /// `Matrix.transpose`.
    static member Transpose(a: Matrix<'r, 'c>) : Matrix<'c, 'r> = Matrix.transpose a

    /// The numbers, row-major, as float64 whatever the dtype.
    static member Values(a: Matrix<'r, 'c>) : float[] = (Matrix.raw a).ToArray()

/// Unfoldings, their inverses and mode products of order-3 tensors.
[<AbstractClass; Sealed>]
type Modes =

    /// The columns of u are the components of mode n.
    static member private Agree(mode: int, u: Matrix<'j, 'axis>, x: Tensor3<'m1, 'm2, 'm3>) : unit =
        Raw.checkAgree $"mode-{mode} product" Axis.name<'axis> 1 (Matrix.raw u) (4 - mode) (Tensor3.raw x)
        |> Door.orThrow

    /// `Tensor3.unfold1`.
    static member Unfold1(x: Tensor3<'m1, 'm2, 'm3>) : Matrix<'m1, Merged<'m2, 'm3>> = Tensor3.unfold1 x

    /// `Tensor3.unfold2`.
    static member Unfold2(x: Tensor3<'m1, 'm2, 'm3>) : Matrix<'m2, Merged<'m1, 'm3>> = Tensor3.unfold2 x

    /// `Tensor3.unfold3`.
    static member Unfold3(x: Tensor3<'m1, 'm2, 'm3>) : Matrix<'m3, Merged<'m1, 'm2>> = Tensor3.unfold3 x

    /// `Tensor3.fold1`.
    static member Fold1(d2: Dim<'m2>, d3: Dim<'m3>, x: Matrix<'m1, Merged<'m2, 'm3>>) : Tensor3<'m1, 'm2, 'm3> =
        Tensor3.checkFolds d2 d3 x |> Door.orThrow
        Tensor3.fold1 d2 d3 x

    /// `Tensor3.fold2`.
    static member Fold2(d1: Dim<'m1>, d3: Dim<'m3>, x: Matrix<'m2, Merged<'m1, 'm3>>) : Tensor3<'m1, 'm2, 'm3> =
        Tensor3.checkFolds d1 d3 x |> Door.orThrow
        Tensor3.fold2 d1 d3 x

    /// `Tensor3.fold3`.
    static member Fold3(d1: Dim<'m1>, d2: Dim<'m2>, x: Matrix<'m3, Merged<'m1, 'm2>>) : Tensor3<'m1, 'm2, 'm3> =
        Tensor3.checkFolds d1 d2 x |> Door.orThrow
        Tensor3.fold3 d1 d2 x

    /// `Tensor3.modeProduct1`.
    static member Product1(x: Tensor3<'m1, 'm2, 'm3>, u: Matrix<'j, 'm1>) : Tensor3<'j, 'm2, 'm3> =
        Modes.Agree(1, u, x)
        Tensor3.modeProduct1 u x

    /// `Tensor3.modeProduct2`.
    static member Product2(x: Tensor3<'m1, 'm2, 'm3>, u: Matrix<'j, 'm2>) : Tensor3<'m1, 'j, 'm3> =
        Modes.Agree(2, u, x)
        Tensor3.modeProduct2 u x

    /// `Tensor3.modeProduct3`.
    static member Product3(x: Tensor3<'m1, 'm2, 'm3>, u: Matrix<'j, 'm3>) : Tensor3<'m1, 'm2, 'j> =
        Modes.Agree(3, u, x)
        Tensor3.modeProduct3 u x

/// Decompositions of one matrix or one order-3 tensor.
[<AbstractClass; Sealed>]
type Decompositions =

    /// `Svd.thin`.
    static member Thin(spectral: ISpectral, matrix: Matrix<'row, 'column>) : Svd<'row, 'column> =
        Svd.thin spectral matrix |> Door.orThrow

    /// Those of the three unfoldings. `MultilinearSvd.singularValues`.
    static member SingularValues
        (spectral: ISpectral, x: Tensor3<'m1, 'm2, 'm3>)
        : struct (float[] * float[] * float[]) =
        let first, second, third = MultilinearSvd.singularValues spectral x |> Door.orThrow
        struct (first, second, third)

    /// `MultilinearSvd.truncated`.
    static member Truncated
        (spectral: ISpectral, ranks: MultilinearRank, x: Tensor3<'m1, 'm2, 'm3>)
        : Tucker3<'m1, 'm2, 'm3> =
        MultilinearSvd.truncated spectral ranks x |> Door.orThrow

    /// `MultilinearSvd.sequentiallyTruncated`.
    static member SequentiallyTruncated
        (spectral: ISpectral, ranks: MultilinearRank, x: Tensor3<'m1, 'm2, 'm3>)
        : Tucker3<'m1, 'm2, 'm3> =
        MultilinearSvd.sequentiallyTruncated spectral ranks x |> Door.orThrow

    /// `MultilinearSvd.refined`, to a relative growth of the core's energy below 1e-12 or 500 rounds.
    static member Refined
        (spectral: ISpectral, ranks: MultilinearRank, x: Tensor3<'m1, 'm2, 'm3>)
        : Tucker3<'m1, 'm2, 'm3> =
        MultilinearSvd.refined spectral 1e-12 500 ranks x |> Door.orThrow

    /// `MultilinearSvd.reconstruct`.
    static member Reconstruct(tucker: Tucker3<'m1, 'm2, 'm3>) : Tensor3<'m1, 'm2, 'm3> =
        MultilinearSvd.reconstruct tucker

    /// `MultilinearSvd.squaredError`.
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

    /// `MultilinearSvd.squaredErrorBound`.
    static member SquaredErrorBound(spectral: ISpectral, ranks: MultilinearRank, x: Tensor3<'m1, 'm2, 'm3>) : float =
        MultilinearSvd.squaredErrorBound spectral ranks x |> Door.orThrow

/// Orthonormal bases of subspaces.
[<AbstractClass; Sealed>]
type Bases =

    /// U U'. `Subspace.projector`.
    static member Projector(u: Matrix<'axis, Truncated<'axis>>) : Matrix<'axis, 'axis> = Subspace.projector u

    /// Ascending, in radians. `Subspace.principalAngles`.
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

    /// The name of one. `Standardisation.name`.
    static member Name(standardisation: Standardisation) : string = Standardisation.name standardisation

    /// `EffectiveRank.ofEigenvalues`.
    static member EffectiveRank(eigenvalues: float[]) : EffectiveRank = EffectiveRank.ofEigenvalues eigenvalues

    /// `EffectiveRank.atEnergy`.
    static member RankAtEnergy(share: float, eigenvalues: float[]) : int =
        EffectiveRank.atEnergy share eigenvalues |> Door.orThrow
