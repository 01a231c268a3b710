namespace LoRi.Math

/// What is left of an axis after truncation to its n-rank.
type Truncated<'axis> = interface end

/// Columns of an unfolding: the first axis varies slowest, the second fastest.
type Merged<'slow, 'fast> = interface end

/// The size of an axis, checked once. The axis is a tag: two axes with different tags never meet in an operation that
/// wants one of them, whatever their sizes. One tag can still stand for two sizes; operations compare sizes and raise an
/// invariant exception with both shapes. Where that must be impossible between matrices or tensors, `Dim.fresh` makes a tag of
/// its own.
[<Sealed; AllowNullLiteral(false)>]
type Dim<'axis> internal (size: int) =
    /// The number of indices along the axis; at least 1.
    member _.Size = size

/// Receives a dimension whose tag exists only inside `Receive`.
type IDimReceiver<'result> =
    /// <summary>Called once, with the fresh dimension.</summary>
    /// <param name="dim">The dimension, whose tag no other has.</param>
    abstract Receive<'fresh> : dim: Dim<'fresh> -> 'result

module internal Axis =

    let rec private nameOf (axis: System.Type) =
        if axis.IsGenericType then
            let inner = axis.GetGenericArguments() |> Array.map nameOf |> String.concat ", "
            $"{axis.Name.Split('`')[0]}<{inner}>"
        else
            axis.Name

    /// Worked out once a tag: operations name their axes whether or not they fail.
    [<AbstractClass; Sealed>]
    type private Name<'axis> private () =
        static member val Text = nameOf typeof<'axis>

    /// The tag as a message shows it.
    let name<'axis> = Name<'axis>.Text

/// Makes dimensions.
module Dim =

    type private Fresh = interface end

    /// <summary>A dimension of a given size. Errors: SizeNotPositive.</summary>
    /// <param name="size">How long the axis is, at least 1.</param>
    let create<'axis> (size: int) : Result<Dim<'axis>, MathError> =
        if size > 0 then
            Ok(Dim<'axis> size)
        else
            Error(SizeNotPositive(Axis.name<'axis>, size))

    /// <summary>Hands a dimension with a tag that nothing else has to a receiver. Errors: SizeNotPositive.</summary>
    /// <param name="size">How long the axis is, at least 1.</param>
    /// <param name="receiver">Called once with the dimension; what it gives is given back.</param>
    let fresh (size: int) (receiver: IDimReceiver<'result>) : Result<'result, MathError> =
        create<Fresh> size |> Result.map receiver.Receive

    let internal trusted<'axis> size = Dim<'axis> size
