namespace LoRi.Math

/// What is left of an axis after truncation to its n-rank.
type Truncated<'axis> =
    interface
    end

/// Columns of an unfolding: the first axis varies slowest, the second fastest.
type Merged<'slow, 'fast> =
    interface
    end

/// The size of an axis, checked once. The axis is a tag: two axes with different tags never meet in an operation that
/// wants one of them, whatever their sizes.
[<Sealed; AllowNullLiteral(false)>]
type Dim<'axis> internal (size: int) =
    /// The number of indices along the axis; at least 1.
    member _.Size = size

module Dim =

    /// A dimension of a given size. Errors: SizeNotPositive.
    let create<'axis> (size: int) : Result<Dim<'axis>, MathError> =
        if size > 0 then Ok(Dim<'axis> size) else Error(SizeNotPositive(typeof<'axis>.Name, size))

    let internal trusted<'axis> size = Dim<'axis> size
