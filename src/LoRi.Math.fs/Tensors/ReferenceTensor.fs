namespace LoRi.Math

/// Plain arrays of numbers.
module internal Flat =

    /// Sum of products.
    let dot (a: float[]) (b: float[]) =
        Array.fold2 (fun sum x y -> sum + x * y) 0.0 a b

    /// The identity matrix, row-major.
    let identity size =
        Array.init (size * size) (fun index -> if index / size = index % size then 1.0 else 0.0)

/// <summary>The float64 backend of the core: row-major arrays and plain loops, written to be obviously right. The oracle of every other.
/// Values that do not fill the shape raise an invariant exception.</summary>
/// <param name="shape">Sizes of the axes, slowest first; empty for a scalar.</param>
/// <param name="values">Row-major, as many as the product of the sizes; kept, not copied.</param>
[<Sealed>]
type ReferenceTensor(shape: int[], values: float[]) =
    inherit RawTensor()

    do
        if Array.exists (fun size -> size < 0) shape || Array.fold (*) 1 shape <> values.Length then
            MathError.invariant $"{values.Length} values do not fill the shape %A{shape}"

    static let axisOf (rank: int) axis =
        if axis >= 0 || -axis > rank then
            MathError.invariant $"axis {axis} of a tensor with {rank} axes"

        rank + axis

    /// Steps in the value array for one step along each axis of `shape`; 0 where the axis is broadcast to `target`.
    static let strides (shape: int[]) (target: int[]) =
        let result = Array.zeroCreate target.Length
        let mutable step = 1

        for back in 1 .. shape.Length do
            let size = shape[shape.Length - back]
            result[target.Length - back] <- if size = 1 then 0 else step
            step <- step * size

        result

    static let broadcast (left: int[]) (right: int[]) =
        Array.init (max left.Length right.Length) (fun index ->
            let size (shape: int[]) =
                let own = index - (max left.Length right.Length - shape.Length)
                if own < 0 then 1 else shape[own]

            match size left, size right with
            | a, b when a = b || b = 1 -> a
            | 1, b -> b
            | a, b -> MathError.invariant $"sizes {a} and {b} do not broadcast (shapes %A{left} and %A{right})")

    /// Offsets, in row-major order of `target`, into an array that has these strides.
    static let offsets (target: int[]) (steps: int[]) =
        let mutable found = [| 0 |]

        for axis in 0 .. target.Length - 1 do
            found <-
                Array.collect (fun start -> Array.init target[axis] (fun index -> start + index * steps[axis])) found

        found

    static let raw (tensor: RawTensor) =
        match tensor with
        | :? ReferenceTensor as reference -> reference
        | _ -> MathError.invariant "a tensor of another backend reached the reference backend"

    /// The numbers themselves, row-major, not copied.
    member _.Values: float[] = values

    member private _.Zip (operation: float -> float -> float) (other: RawTensor) : RawTensor =
        let right = raw other
        let target = broadcast shape right.Shape
        let left = offsets target (strides shape target)
        let theirs = offsets target (strides right.Shape target)
        ReferenceTensor(target, Array.map2 (fun a b -> operation values[a] right.Values[b]) left theirs)

    member private _.Map(operation: float -> float) : RawTensor =
        ReferenceTensor(shape, Array.map operation values)

    override _.Shape = shape
    override this.Add other = this.Zip (+) other
    override this.Subtract other = this.Zip (-) other
    override this.Multiply other = this.Zip (*) other
    override this.Divide other = this.Zip (/) other
    override this.Scale factor = this.Map(fun x -> x * factor)
    override this.Sqrt() = this.Map sqrt

    override this.PositivePart() =
        this.Map(fun x -> if x < 0.0 then 0.0 else x)

    override this.SmoothL1() =
        this.Map(fun x -> if abs x < 1.0 then 0.5 * x * x else abs x - 0.5)

    override _.MatMul other =
        let right = raw other
        let m, k = shape[shape.Length - 2], shape[shape.Length - 1]
        let n = right.Shape[right.Shape.Length - 1]

        if right.Shape[right.Shape.Length - 2] <> k then
            MathError.invariant $"matrix product of %A{shape} and %A{right.Shape}"

        let leading =
            broadcast shape[.. shape.Length - 3] right.Shape[.. right.Shape.Length - 3]

        let starts (own: int[]) size =
            offsets leading (strides own[.. own.Length - 3] leading)
            |> Array.map (fun offset -> offset * size)

        let product (a, b) =
            Array.init (m * n) (fun index ->
                let row, column = index / n, index % n
                let mutable sum = 0.0

                for inner in 0 .. k - 1 do
                    sum <- sum + values[a + row * k + inner] * right.Values[b + inner * n + column]

                sum)

        let blocks =
            Array.zip (starts shape (m * k)) (starts right.Shape (k * n)) |> Array.map product

        ReferenceTensor(Array.append leading [| m; n |], Array.concat blocks)

    override _.SwapAxes(axis, other) =
        let first, second = axisOf shape.Length axis, axisOf shape.Length other

        let swap (items: int[]) =
            let copy = Array.copy items
            copy[first] <- items[second]
            copy[second] <- items[first]
            copy

        let own = Array.scanBack (*) shape 1 |> Array.tail
        ReferenceTensor(swap shape, offsets (swap shape) (swap own) |> Array.map (fun offset -> values[offset]))

    override _.Reshape target = ReferenceTensor(target, values)

    override _.SumTrailing count =
        let kept = shape[.. shape.Length - 1 - count]
        let block = Array.fold (*) 1 shape[shape.Length - count ..]
        ReferenceTensor(kept, values |> Array.chunkBySize block |> Array.map Array.sum)

    override _.Slice(axis, start, length) =
        let position = axisOf shape.Length axis
        let own = Array.scanBack (*) shape 1 |> Array.tail
        let target = Array.copy shape
        target[position] <- length

        if start < 0 || start + length > shape[position] then
            MathError.invariant $"slice {start} .. {start + length} of axis {axis} of %A{shape}"

        ReferenceTensor(target, offsets target own |> Array.map (fun offset -> values[offset + start * own[position]]))

    override _.Constant(target, constants) = ReferenceTensor(target, constants)
    override _.ToArray() = Array.copy values
