namespace LoRi.Math

/// Examples of a batch.
type internal Example = interface end

/// A batch of raw trajectories with the number of real tokens of each row; the rest of the token axis is padding.
type internal CorpusBatch =
    {
        /// example level token hidden
        States: RawTensor
        Counts: int[]
    }

module internal CorpusBatch =

    let private what = "the trajectories"

    /// Checks a batch at the door. Errors: WrongAxes, SizeNotPositive, WrongLength, TokenCountOutOfRange.
    let create (states: RawTensor) (counts: int[]) : Result<CorpusBatch, MathError> =
        result {
            let shape = states.Shape
            do! Raw.checkAxes what [ "example"; "level"; "token"; "hidden" ] states
            let! _ = Dim.create<Level> shape[1]
            let! _ = Dim.create<TeacherToken> shape[2]
            let! _ = Dim.create<Hidden> shape[3]
            do! TokenCounts.ofRows shape[0] counts
            do! TokenCounts.within shape[2] counts
            return { States = states; Counts = counts }
        }

    /// The same for a batch that others came before: a shift level hidden knows their sizes. Errors: as `create`, WrongShape.
    let next (shift: RawTensor) (states: RawTensor) (counts: int[]) : Result<CorpusBatch, MathError> =
        result {
            let! batch = create states counts
            let sizes = [ shift.Shape[0]; states.Shape[2]; shift.Shape[1] ]
            let axes = [ Axis.name<Level>; Axis.name<TeacherToken>; Axis.name<Hidden> ]
            let! _ = Raw.checkTrailing what axes sizes states
            return batch
        }

    /// States minus a shift (level hidden), zero at padding: the tokens of all examples along one mode.
    let centred (shift: RawTensor) (batch: CorpusBatch) : Tensor3<Level, Merged<Example, TeacherToken>, Hidden> =
        let shape = batch.States.Shape
        let examples, levels, steps, width = shape[0], shape[1], shape[2], shape[3]

        let mask =
            batch.Counts
            |> Array.collect (fun count -> Array.init steps (fun token -> if token < count then 1.0 else 0.0))

        let kept = batch.States.Constant([| examples; 1; steps; 1 |], mask)

        let shifted =
            batch.States.Subtract(shift.Reshape [| levels; 1; width |]).Multiply kept

        Tensor3((shifted.SwapAxes(-4, -3)).Reshape [| levels; examples * steps; width |])

    /// Sums over the tokens of all examples. Shape: level hidden.
    let sumOverTokens (x: Tensor3<Level, Merged<Example, TeacherToken>, Hidden>) : RawTensor =
        ((Tensor3.raw x).SwapAxes(-1, -2)).SumTrailing 1

    let tokens batch = float (Array.sum batch.Counts)

    let examples batch =
        batch.Counts |> Array.filter (fun count -> count > 0) |> Array.length

    let zeroShift (batch: CorpusBatch) =
        let levels, width = batch.States.Shape[1], batch.States.Shape[3]
        batch.States.Constant([| levels; width |], Array.zeroCreate (levels * width))

    /// The batch's own mean state per level: level hidden.
    let meanState (batch: CorpusBatch) =
        (sumOverTokens (centred (zeroShift batch) batch)).Scale(1.0 / max 1.0 (tokens batch))
