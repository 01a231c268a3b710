namespace LoRi.Math

/// Subspaces given by orthonormal columns. Only the span matters: signs and rotations of the columns are compared away by
/// projectors and principal angles.
module Subspace =

    /// <summary>The projector U U'.</summary>
    /// <param name="u">Orthonormal columns, <c>.. n r</c>.</param>
    /// <returns><c>.. n n</c>.</returns>
    let projector (u: Matrix<'axis, Truncated<'axis>>) : Matrix<'axis, 'axis> = Matrix.product u (Matrix.transpose u)

    /// <summary>Largest deviation of U'U from the identity; of a batch, the largest of all.</summary>
    /// <param name="u"><c>.. n r</c>.</param>
    let orthonormalityDefect (u: Matrix<'axis, Truncated<'axis>>) =
        let gram = Matrix.product (Matrix.transpose u) u
        let identity = Matrix.identity (Matrix.columns u) (Matrix.raw u)
        (Matrix.raw (Matrix.subtract gram identity)).ToArray() |> Array.map abs |> Array.max

    /// <summary>The basis, if its columns are orthonormal to <c>tolerance</c>. Errors: NotOrthonormal.</summary>
    /// <param name="what">What the basis is of, for the message.</param>
    /// <param name="tolerance">The largest deviation of an entry of U'U from the identity that passes.</param>
    /// <param name="u"><c>.. n r</c>.</param>
    let checkOrthonormal what tolerance (u: Matrix<'axis, Truncated<'axis>>) =
        match orthonormalityDefect u with
        | defect when defect <= tolerance -> Ok u
        | defect -> Error(NotOrthonormal(what, defect))

    let private angle cosine sine =
        if sine < 0.7 then
            asin (min 1.0 sine)
        else
            acos (min 1.0 cosine)

    /// One basis, without batch axes, of a space of `size` components.
    let private checkBasis what size (u: Matrix<'axis, Truncated<'axis>>) =
        let axes = [ Axis.name<'axis>; Axis.name<Truncated<'axis>> ]

        Raw.checkAxes what axes (Matrix.raw u)
        |> Result.bind (fun () -> Raw.checkTrailing what axes [ size; (Matrix.columns u).Size ] (Matrix.raw u))
        |> Result.bind (Raw.checkFinite what)

    /// <summary>Principal angles between two subspaces of one space. Cosines are the singular values of U'V; small angles come from their
    /// sines instead (Bjorck and Golub 1973). Errors: WrongAxes, WrongShape, NotFinite.</summary>
    /// <param name="spectral">The backend's spectral operations.</param>
    /// <param name="u">Orthonormal columns of the first, <c>n r</c>, finite, without leading axes.</param>
    /// <param name="v">Orthonormal columns of the second, <c>n s</c>, finite, without leading axes.</param>
    /// <returns>Ascending, in radians; as many as the smaller of r and s.</returns>
    let principalAngles
        (spectral: ISpectral)
        (u: Matrix<'axis, Truncated<'axis>>)
        (v: Matrix<'axis, Truncated<'axis>>)
        : Result<float[], MathError> =
        let size = (Matrix.rows u).Size

        let between (large: Matrix<'axis, Truncated<'axis>>) (small: Matrix<'axis, Truncated<'axis>>) =
            let inside = Matrix.product (Matrix.transpose large) small
            let outside = Matrix.subtract small (Matrix.product large inside)
            let struct (_, cosines, _) = spectral.ThinSvd(Matrix.raw inside)
            let struct (_, sines, _) = spectral.ThinSvd(Matrix.raw outside)
            Array.map2 angle cosines (Array.rev sines)

        checkBasis "the first basis" size u
        |> Result.bind (fun () -> checkBasis "the second basis" size v)
        |> Result.map (fun () ->
            if (Matrix.columns u).Size <= (Matrix.columns v).Size then
                between v u
            else
                between u v)
