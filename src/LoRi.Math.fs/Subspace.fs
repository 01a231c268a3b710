namespace LoRi.Math

/// Subspaces given by orthonormal columns. Only the span matters: signs and rotations of the columns are compared away by
/// projectors and principal angles.
module Subspace =

    /// The projector U U'. Shapes: u : n r; result : n n.
    let projector (u: Matrix<'axis, Truncated<'axis>>) : Matrix<'axis, 'axis> = Matrix.product u (Matrix.transpose u)

    /// Largest deviation of U'U from the identity.
    let orthonormalityDefect (u: Matrix<'axis, Truncated<'axis>>) =
        let gram = (Matrix.raw (Matrix.product (Matrix.transpose u) u)).ToArray()
        let rank = int (sqrt (float gram.Length))

        gram
        |> Array.mapi (fun i value -> abs (value - (if i / rank = i % rank then 1.0 else 0.0)))
        |> Array.max

    /// The basis, if its columns are orthonormal to `tolerance`. Errors: NotOrthonormal.
    let checkOrthonormal what tolerance (u: Matrix<'axis, Truncated<'axis>>) =
        match orthonormalityDefect u with
        | defect when defect <= tolerance -> Ok u
        | defect -> Error(NotOrthonormal(what, defect))

    /// Principal angles between two subspaces of one space, ascending, in radians; as many as the smaller dimension.
    /// Cosines are the singular values of U'V; small angles come from their sines instead (Bjorck and Golub 1973).
    let principalAngles
        (spectral: ISpectral)
        (u: Matrix<'axis, Truncated<'axis>>)
        (v: Matrix<'axis, Truncated<'axis>>)
        =
        let small, large =
            if (Matrix.columns u).Size <= (Matrix.columns v).Size then
                u, v
            else
                v, u

        let inside = Matrix.product (Matrix.transpose large) small
        let outside = Matrix.subtract small (Matrix.product large inside)
        let struct (_, cosines, _) = spectral.ThinSvd(Matrix.raw inside)
        let struct (_, sines, _) = spectral.ThinSvd(Matrix.raw outside)
        let sines = Array.rev sines

        Array.map2
            (fun cosine sine ->
                if sine < 0.7 then
                    asin (min 1.0 sine)
                else
                    acos (min 1.0 cosine))
            cosines
            sines
