namespace LoRi.Math

/// Subspaces given by orthonormal columns. Only the span matters: signs and rotations of the columns are compared away by
/// projectors and principal angles.
module Subspace =

    /// The projector U U'. Shapes: u : n r; result : n n.
    let projector (u: Matrix<'axis, Truncated<'axis>>) : Matrix<'axis, 'axis> = Matrix.product u (Matrix.transpose u)

    /// Largest deviation of U'U from the identity; of a batch, the largest of all.
    let orthonormalityDefect (u: Matrix<'axis, Truncated<'axis>>) =
        let gram = Matrix.product (Matrix.transpose u) u
        let identity = Matrix.identity (Matrix.columns u) (Matrix.raw u)
        (Matrix.raw (Matrix.subtract gram identity)).ToArray() |> Array.map abs |> Array.max

    /// The basis, if its columns are orthonormal to `tolerance`. Errors: NotOrthonormal.
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

    /// Principal angles between two subspaces of one space, ascending, in radians; as many as the smaller dimension.
    /// Cosines are the singular values of U'V; small angles come from their sines instead (Bjorck and Golub 1973).
    /// Errors: WrongAxes, WrongShape, NotFinite.
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
