namespace LoRi.Math

open MathError

/// Sizes and checks of tensors that have no types yet.
module internal Raw =

    /// The size of an axis, counted from the end: 1 is the last.
    let size fromEnd (tensor: RawTensor) =
        tensor.Shape[tensor.Shape.Length - fromEnd]

    /// Sizes of all axes but the last `count`.
    let leading count (tensor: RawTensor) =
        tensor.Shape[.. tensor.Shape.Length - 1 - count]

    /// The same leading axes, other trailing ones.
    let withTrailing count (trailing: int[]) (tensor: RawTensor) =
        Array.append (leading count tensor) trailing

    /// The tensor, if its last axes have the sizes expected. Errors: WrongShape.
    let checkTrailing what (axes: string list) (expected: int list) (tensor: RawTensor) =
        let found = List.ofArray tensor.Shape

        if found.Length < expected.Length then
            Error(WrongShape(what, axes.Head, expected, found))
        else
            List.zip3 axes expected (List.skip (found.Length - expected.Length) found)
            |> List.tryFind (fun (_, wanted, size) -> wanted <> size)
            |> function
                | Some(axis, _, _) -> Error(WrongShape(what, axis, expected, found))
                | None -> Ok tensor

    /// The axes are these and no more: no batch. Errors: WrongAxes.
    let checkAxes what (axes: string list) (tensor: RawTensor) =
        if tensor.Shape.Length = axes.Length then
            Ok()
        else
            Error(WrongAxes(what, axes, List.ofArray tensor.Shape))

    /// Every number is one. Errors: NotFinite.
    let checkFinite what (tensor: RawTensor) =
        if Array.forall System.Double.IsFinite (tensor.ToArray()) then
            Ok()
        else
            Error(NotFinite what)

    /// Sizes that share a tag are one size. Errors: ShapeMismatch.
    let checkAgree operation axis fromEndLeft (left: RawTensor) fromEndRight (right: RawTensor) =
        if size fromEndLeft left = size fromEndRight right then
            Ok()
        else
            Error(ShapeMismatch(operation, axis, List.ofArray left.Shape, List.ofArray right.Shape))

    /// Stops where a check failed that types would have made needless.
    let orStop (checked': Result<unit, MathError>) =
        match checked' with
        | Ok() -> ()
        | Error error -> invariant (describe error)

    /// Stops where sizes that share a tag differ.
    let agree operation axis fromEndLeft left fromEndRight right =
        orStop (checkAgree operation axis fromEndLeft left fromEndRight right)

    /// Stops where the last axes of a tensor do not have the sizes that they must have.
    let expect operation (axes: string list) (sizes: int list) (tensor: RawTensor) =
        checkTrailing operation axes sizes tensor |> Result.map ignore |> orStop

    /// Sum of squares over the last `count` axes.
    let squaredNorm count (tensor: RawTensor) =
        (tensor.Multiply tensor).SumTrailing count
