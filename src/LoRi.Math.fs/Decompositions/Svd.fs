namespace LoRi.Math

/// A thin singular value decomposition: matrix = Left diag(Singular) Right'. Singular values descend; in every left vector the
/// entry of largest magnitude is positive, which fixes both signs (ties: the first such entry).
type Svd<'row, 'column> =
    {
        /// row x k, orthonormal columns, k = min row column.
        Left: Matrix<'row, Truncated<'row>>
        /// length k, descending.
        Singular: float[]
        /// column x k, orthonormal columns.
        Right: Matrix<'column, Truncated<'row>>
    }

/// The thin singular value decomposition of matrices with typed axes.
module Svd =

    /// The thin SVD of a matrix that is known to be one, and finite.
    let internal ofOne (spectral: ISpectral) (matrix: Matrix<'row, 'column>) : Svd<'row, 'column> =
        let struct (left, singular, right) = spectral.ThinSvd(Matrix.raw matrix)
        let rows, rank = left.Shape[0], singular.Length
        let values = left.ToArray()

        let signs =
            Array.init rank (fun column ->
                let largest =
                    Seq.maxBy (fun row -> abs values[row * rank + column]) (seq { 0 .. rows - 1 })

                if values[largest * rank + column] < 0.0 then -1.0 else 1.0)

        {
            Left = Matrix(left.Multiply(left.Constant([| 1; rank |], signs)))
            Singular = singular
            Right = Matrix((right.Multiply(right.Constant([| rank; 1 |], signs))).SwapAxes(-1, -2))
        }

    /// <summary>The thin SVD of one matrix, without batch axes. Cost: that of the backend's LAPACK call, or Jacobi in the reference
    /// backend. Errors: WrongAxes, NotFinite.</summary>
    /// <param name="spectral">The backend's spectral operations.</param>
    /// <param name="matrix"><c>row column</c>, finite, without leading axes.</param>
    let thin (spectral: ISpectral) (matrix: Matrix<'row, 'column>) : Result<Svd<'row, 'column>, MathError> =
        let raw = Matrix.raw matrix

        Raw.checkAxes "the matrix" [ Axis.name<'row>; Axis.name<'column> ] raw
        |> Result.bind (fun () -> Raw.checkFinite "the matrix" raw)
        |> Result.map (fun () -> ofOne spectral matrix)

    /// <summary>The first left singular vectors; fewer where there are fewer.</summary>
    /// <param name="rank">How many columns are wanted, at least 1.</param>
    /// <param name="svd">A decomposition of a <c>row x column</c> matrix.</param>
    /// <returns><c>row x min rank k</c>, orthonormal columns.</returns>
    let leadingLeft rank (svd: Svd<'row, 'column>) : Matrix<'row, Truncated<'row>> =
        Matrix((Matrix.raw svd.Left).Slice(-1, 0, min rank svd.Singular.Length))
