namespace LoRi.Math

/// A tensor in Tucker form: core x_1 Factor1 x_2 Factor2 x_3 Factor3.
type Tucker3<'m1, 'm2, 'm3> =
    {
        /// r1 x r2 x r3
        Core: Tensor3<Truncated<'m1>, Truncated<'m2>, Truncated<'m3>>
        /// m1 x r1, orthonormal columns; fewer where the other modes allow fewer.
        Factor1: Matrix<'m1, Truncated<'m1>>
        /// m2 x r2, orthonormal columns.
        Factor2: Matrix<'m2, Truncated<'m2>>
        /// m3 x r3, orthonormal columns.
        Factor3: Matrix<'m3, Truncated<'m3>>
    }

/// How many directions of each mode are kept.
type MultilinearRank =
    {
        /// Of the first mode, 1 to its size.
        R1: int
        /// Of the second mode, 1 to its size.
        R2: int
        /// Of the third mode, 1 to its size.
        R3: int
    }

/// The multilinear SVD (De Lathauwer, De Moor, Vandewalle 2000) of one order-3 tensor, and its truncations.
module MultilinearSvd =

    /// The tensor, if it is one, without batch axes, and finite. Errors: WrongAxes, NotFinite.
    let private one (x: Tensor3<'m1, 'm2, 'm3>) =
        Raw.checkAxes "the tensor" [ Axis.name<'m1>; Axis.name<'m2>; Axis.name<'m3> ] (Tensor3.raw x)
        |> Result.bind (fun () -> Raw.checkFinite "the tensor" (Tensor3.raw x))

    /// Errors: RankOutOfRange, WrongAxes, NotFinite.
    let private check (ranks: MultilinearRank) (x: Tensor3<'m1, 'm2, 'm3>) =
        let within mode rank size =
            if rank < 1 || rank > size then
                Error(RankOutOfRange(mode, rank, size))
            else
                Ok()

        within "first" ranks.R1 (Tensor3.dim1 x).Size
        |> Result.bind (fun () -> within "second" ranks.R2 (Tensor3.dim2 x).Size)
        |> Result.bind (fun () -> within "third" ranks.R3 (Tensor3.dim3 x).Size)
        |> Result.bind (fun () -> one x)

    let private spectra (spectral: ISpectral) (x: Tensor3<'m1, 'm2, 'm3>) =
        (Svd.ofOne spectral (Tensor3.unfold1 x)).Singular,
        (Svd.ofOne spectral (Tensor3.unfold2 x)).Singular,
        (Svd.ofOne spectral (Tensor3.unfold3 x)).Singular

    /// <summary>Singular values of the three unfoldings. Errors: WrongAxes, NotFinite.</summary>
    /// <param name="spectral">The backend's spectral operations.</param>
    /// <param name="x">One tensor, <c>m1 m2 m3</c>, finite, without leading axes.</param>
    /// <returns>Those of modes 1, 2 and 3, each descending.</returns>
    let singularValues (spectral: ISpectral) (x: Tensor3<'m1, 'm2, 'm3>) =
        one x |> Result.map (fun () -> spectra spectral x)

    /// The core of x in given factors: x x_1 U1' x_2 U2' x_3 U3'.
    let private coreIn u1 u2 u3 (x: Tensor3<'m1, 'm2, 'm3>) =
        x
        |> Tensor3.modeProduct1 (Matrix.transpose u1)
        |> Tensor3.modeProduct2 (Matrix.transpose u2)
        |> Tensor3.modeProduct3 (Matrix.transpose u3)

    let private tucker u1 u2 u3 x =
        {
            Core = coreIn u1 u2 u3 x
            Factor1 = u1
            Factor2 = u2
            Factor3 = u3
        }

    /// <summary>The tensor that a Tucker form stands for.</summary>
    /// <param name="t">Core and factors, of one tensor or of a batch.</param>
    /// <returns><c>.. m1 m2 m3</c>.</returns>
    let reconstruct (t: Tucker3<'m1, 'm2, 'm3>) : Tensor3<'m1, 'm2, 'm3> =
        t.Core
        |> Tensor3.modeProduct1 t.Factor1
        |> Tensor3.modeProduct2 t.Factor2
        |> Tensor3.modeProduct3 t.Factor3

    /// <summary>Squared Frobenius norm of x minus its reconstruction; of a batch, the sum of them.</summary>
    /// <param name="x">The tensor that was decomposed, <c>.. m1 m2 m3</c>.</param>
    /// <param name="t">A Tucker form of the same sizes.</param>
    let squaredError (x: Tensor3<'m1, 'm2, 'm3>) (t: Tucker3<'m1, 'm2, 'm3>) =
        let difference = (Tensor3.raw x).Subtract(Tensor3.raw (reconstruct t))
        Array.sum ((Raw.squaredNorm 3 difference).ToArray())

    /// <summary>Truncated multilinear SVD: every factor holds the leading left singular vectors of its own unfolding. The squared error
    /// is at most the sum of the discarded squared singular values of the three modes. Errors: RankOutOfRange, WrongAxes,
    /// NotFinite.</summary>
    /// <param name="spectral">The backend's spectral operations.</param>
    /// <param name="ranks">How many directions of each mode are kept, 1 to the mode's size.</param>
    /// <param name="x">One tensor, <c>m1 m2 m3</c>, finite, without leading axes.</param>
    let truncated
        (spectral: ISpectral)
        (ranks: MultilinearRank)
        (x: Tensor3<'m1, 'm2, 'm3>)
        : Result<Tucker3<'m1, 'm2, 'm3>, MathError> =
        check ranks x
        |> Result.map (fun () ->
            let u1 = Svd.ofOne spectral (Tensor3.unfold1 x) |> Svd.leadingLeft ranks.R1
            let u2 = Svd.ofOne spectral (Tensor3.unfold2 x) |> Svd.leadingLeft ranks.R2
            let u3 = Svd.ofOne spectral (Tensor3.unfold3 x) |> Svd.leadingLeft ranks.R3
            tucker u1 u2 u3 x)

    /// <summary>Sum over the modes of the discarded squared singular values: the bound on the squared error of <c>truncated</c>. Errors:
    /// RankOutOfRange, WrongAxes, NotFinite.</summary>
    /// <param name="spectral">The backend's spectral operations.</param>
    /// <param name="ranks">How many directions of each mode are kept, 1 to the mode's size.</param>
    /// <param name="x">One tensor, <c>m1 m2 m3</c>, finite, without leading axes.</param>
    let squaredErrorBound (spectral: ISpectral) (ranks: MultilinearRank) (x: Tensor3<'m1, 'm2, 'm3>) =
        let discarded rank (s: float[]) =
            s |> Array.skip (min rank s.Length) |> Array.sumBy (fun v -> v * v)

        check ranks x
        |> Result.map (fun () ->
            let s1, s2, s3 = spectra spectral x
            discarded ranks.R1 s1 + discarded ranks.R2 s2 + discarded ranks.R3 s3)

    /// <summary>Sequentially truncated (ST-HOSVD, Vannieuwenhoven, Vandebril, Meerbergen 2012), modes 1, 2, 3: each factor comes from
    /// what the modes before it left. The same bound holds. Errors: RankOutOfRange, WrongAxes, NotFinite.</summary>
    /// <param name="spectral">The backend's spectral operations.</param>
    /// <param name="ranks">How many directions of each mode are kept, 1 to the mode's size.</param>
    /// <param name="x">One tensor, <c>m1 m2 m3</c>, finite, without leading axes.</param>
    let sequentiallyTruncated
        (spectral: ISpectral)
        (ranks: MultilinearRank)
        (x: Tensor3<'m1, 'm2, 'm3>)
        : Result<Tucker3<'m1, 'm2, 'm3>, MathError> =
        check ranks x
        |> Result.map (fun () ->
            let u1 = Svd.ofOne spectral (Tensor3.unfold1 x) |> Svd.leadingLeft ranks.R1
            let after1 = Tensor3.modeProduct1 (Matrix.transpose u1) x
            let u2 = Svd.ofOne spectral (Tensor3.unfold2 after1) |> Svd.leadingLeft ranks.R2
            let after2 = Tensor3.modeProduct2 (Matrix.transpose u2) after1
            let u3 = Svd.ofOne spectral (Tensor3.unfold3 after2) |> Svd.leadingLeft ranks.R3
            tucker u1 u2 u3 x)

    let private energy (core: Tensor3<'a, 'b, 'c>) =
        (Scalar.raw (Tensor3.squaredNorm core)).ToArray()[0]

    /// One round of alternating refinement: each factor in turn from x with the other two modes projected.
    let private improve (spectral: ISpectral) (ranks: MultilinearRank) x (t: Tucker3<'m1, 'm2, 'm3>) =
        let leading rank unfolded =
            Svd.ofOne spectral unfolded |> Svd.leadingLeft rank

        let transpose2, transpose3 = Matrix.transpose t.Factor2, Matrix.transpose t.Factor3

        let without1 =
            x |> Tensor3.modeProduct2 transpose2 |> Tensor3.modeProduct3 transpose3

        let u1 = leading ranks.R1 (Tensor3.unfold1 without1)

        let without2 =
            x |> Tensor3.modeProduct1 (Matrix.transpose u1) |> Tensor3.modeProduct3 transpose3

        let u2 = leading ranks.R2 (Tensor3.unfold2 without2)

        let without3 =
            x
            |> Tensor3.modeProduct1 (Matrix.transpose u1)
            |> Tensor3.modeProduct2 (Matrix.transpose u2)

        tucker u1 u2 (leading ranks.R3 (Tensor3.unfold3 without3)) x

    /// <summary>Alternating refinement (HOOI, De Lathauwer, De Moor, Vandewalle 2000b) from the truncated multilinear SVD, until the
    /// core's energy grows by less than <c>tolerance</c> of itself; the error never rises. Errors: RankOutOfRange, WrongAxes,
    /// NotFinite.</summary>
    /// <param name="spectral">The backend's spectral operations.</param>
    /// <param name="tolerance">The share of the core's energy below which a round's gain ends the rounds; 0 goes on until nothing is
    /// gained.</param>
    /// <param name="maxIterations">The most rounds; 0 leaves the truncated multilinear SVD.</param>
    /// <param name="ranks">How many directions of each mode are kept, 1 to the mode's size.</param>
    /// <param name="x">One tensor, <c>m1 m2 m3</c>, finite, without leading axes.</param>
    let refined
        (spectral: ISpectral)
        tolerance
        maxIterations
        (ranks: MultilinearRank)
        (x: Tensor3<'m1, 'm2, 'm3>)
        : Result<Tucker3<'m1, 'm2, 'm3>, MathError> =
        let rec iterate remaining before (t: Tucker3<'m1, 'm2, 'm3>) =
            if remaining = 0 then
                t
            else
                let next = improve spectral ranks x t
                let after = energy next.Core

                if after - before <= tolerance * after then
                    next
                else
                    iterate (remaining - 1) after next

        truncated spectral ranks x
        |> Result.map (fun start -> iterate maxIterations (energy start.Core) start)

    /// <summary>The first and third mode cut, the second left whole, as in the shared subspace: x with both projections applied. Errors:
    /// RankOutOfRange, WrongAxes, NotFinite.</summary>
    /// <param name="spectral">The backend's spectral operations.</param>
    /// <param name="rank1">How many directions of the first mode are kept, 1 to the mode's size.</param>
    /// <param name="rank3">How many directions of the third mode are kept, 1 to the mode's size.</param>
    /// <param name="x">One tensor, <c>m1 m2 m3</c>, finite, without leading axes.</param>
    /// <returns><c>m1 m2 m3</c>.</returns>
    let projectOuterModes
        (spectral: ISpectral)
        rank1
        rank3
        (x: Tensor3<'m1, 'm2, 'm3>)
        : Result<Tensor3<'m1, 'm2, 'm3>, MathError> =
        let ranks =
            {
                R1 = rank1
                R2 = (Tensor3.dim2 x).Size
                R3 = rank3
            }

        check ranks x
        |> Result.map (fun () ->
            let u1 = Svd.ofOne spectral (Tensor3.unfold1 x) |> Svd.leadingLeft rank1
            let u3 = Svd.ofOne spectral (Tensor3.unfold3 x) |> Svd.leadingLeft rank3
            let projector u = Matrix.product u (Matrix.transpose u)
            x |> Tensor3.modeProduct1 (projector u1) |> Tensor3.modeProduct3 (projector u3))
