namespace LoRi.Math

/// A batch of raw trajectories with the number of real tokens of each row; the rest of the token axis is padding.
type internal TrajectoryBatch =
    {
        /// example level token hidden
        States: RawTensor
        Counts: int[]
    }

module internal TrajectoryBatch =

    let private what = "the trajectories"

    let private positive (shape: int[]) =
        Dim.create<Level> shape[1]
        |> Result.bind (fun _ -> Dim.create<TeacherToken> shape[2])
        |> Result.bind (fun _ -> Dim.create<Hidden> shape[3])

    /// Checks a batch at the door. Errors: WrongAxes, SizeNotPositive, WrongLength, TokenCountOutOfRange.
    let create (states: RawTensor) (counts: int[]) : Result<TrajectoryBatch, MathError> =
        let shape = states.Shape

        if shape.Length <> 4 then
            Error(WrongAxes(what, [ "example"; "level"; "token"; "hidden" ], List.ofArray shape))
        else
            positive shape
            |> Result.bind (fun _ -> TokenCounts.ofRows shape[0] counts)
            |> Result.bind (fun () -> TokenCounts.within shape[2] counts)
            |> Result.map (fun () -> { States = states; Counts = counts })

    /// The same for a batch that others came before: a shift level hidden knows their sizes. Errors: as `create`, WrongShape.
    let next (shift: RawTensor) (states: RawTensor) (counts: int[]) : Result<TrajectoryBatch, MathError> =
        create states counts
        |> Result.bind (fun batch ->
            let sizes = [ shift.Shape[0]; states.Shape[2]; shift.Shape[1] ]

            Raw.checkTrailing what [ Axis.name<Level>; Axis.name<TeacherToken>; Axis.name<Hidden> ] sizes states
            |> Result.map (fun _ -> batch))

    /// States minus a shift (level hidden), zero at padding, ordered level (example token) hidden.
    let centredByLevel (shift: RawTensor) (batch: TrajectoryBatch) =
        let shape = batch.States.Shape
        let examples, levels, steps, width = shape[0], shape[1], shape[2], shape[3]

        let mask =
            batch.Counts
            |> Array.collect (fun count -> Array.init steps (fun token -> if token < count then 1.0 else 0.0))

        let kept = batch.States.Constant([| examples; 1; steps; 1 |], mask)

        let centred =
            batch.States.Subtract(shift.Reshape [| levels; 1; width |]).Multiply kept

        (centred.SwapAxes(-4, -3)).Reshape [| levels; examples * steps; width |]

    /// The same, all of a level in one row: level (example token hidden).
    let flat (byLevel: RawTensor) =
        byLevel.Reshape [| byLevel.Shape[0]; byLevel.Shape[1] * byLevel.Shape[2] |]

    let tokens batch = float (Array.sum batch.Counts)

    let examples batch =
        batch.Counts |> Array.filter (fun count -> count > 0) |> Array.length

    let zeroShift (batch: TrajectoryBatch) =
        let levels, width = batch.States.Shape[1], batch.States.Shape[3]
        batch.States.Constant([| levels; width |], Array.zeroCreate (levels * width))

    /// The batch's own mean state per level: level hidden.
    let meanState (batch: TrajectoryBatch) =
        let sums = ((centredByLevel (zeroShift batch) batch).SwapAxes(-1, -2)).SumTrailing 1
        sums.Scale(1.0 / max 1.0 (tokens batch))

/// Sums over a corpus of raw trajectories around a shift, from which mean, scales and Gram matrices under all three
/// standardisations follow: memory O(L^2 + L d^2), whatever the number of tokens. Adding and merging are exact up to rounding,
/// in any order. Rows are as many as the batch's, with the number of tokens of each; rows without tokens add nothing.
[<Sealed>]
type CorpusStatistics
    private (shift: RawTensor, examples: int, tokens: float, sums: RawTensor, hidden: RawTensor, levels: RawTensor) =

    /// What every state is reduced by for precision: level hidden.
    member _.Shift = shift
    /// Examples with at least one token.
    member _.Examples = examples
    /// Tokens of all examples, a whole number.
    member _.Tokens = tokens
    /// Sums of shifted states: level hidden.
    member _.Sums = sums
    /// Hidden Gram matrices of shifted states, level by level: level hidden hidden.
    member _.HiddenGrams = hidden
    /// Products of shifted states across levels, summed over tokens and components: level level.
    member _.LevelProducts = levels

    static member private OfBatch (shift: RawTensor) (batch: TrajectoryBatch) =
        let byLevel = TrajectoryBatch.centredByLevel shift batch
        let flat = TrajectoryBatch.flat byLevel
        let transposed = byLevel.SwapAxes(-1, -2)

        CorpusStatistics(
            shift,
            TrajectoryBatch.examples batch,
            TrajectoryBatch.tokens batch,
            transposed.SumTrailing 1,
            transposed.MatMul byLevel,
            flat.MatMul(flat.SwapAxes(-1, -2))
        )

    /// Statistics of a first batch; the shift is its mean. Shapes: states : example level token hidden; counts : example.
    /// Errors: WrongAxes, SizeNotPositive, WrongLength, TokenCountOutOfRange.
    static member Start (states: RawTensor) (counts: int[]) : Result<CorpusStatistics, MathError> =
        TrajectoryBatch.create states counts
        |> Result.map (fun batch -> CorpusStatistics.OfBatch (TrajectoryBatch.meanState batch) batch)

    /// With one more batch. Shapes as in `Start`. Errors: those of `Start`, and WrongShape where levels or components differ.
    member this.Add (states: RawTensor) (counts: int[]) : Result<CorpusStatistics, MathError> =
        TrajectoryBatch.next shift states counts
        |> Result.map (fun batch -> this.Merge(CorpusStatistics.OfBatch shift batch))

    /// Statistics of both corpora; those of the other are brought to this one's shift first. Corpora of other levels or components
    /// stop with both shapes.
    member _.Merge(other: CorpusStatistics) : CorpusStatistics =
        let moved: CorpusStatistics = other.MovedTo shift

        CorpusStatistics(
            shift,
            examples + moved.Examples,
            tokens + moved.Tokens,
            sums.Add moved.Sums,
            hidden.Add moved.HiddenGrams,
            levels.Add moved.LevelProducts
        )

    /// The same statistics around another shift: with y = x - a and e = a - b, sum (y + e)(y + e)' = G + s e' + e s' + n e e'.
    member this.MovedTo(target: RawTensor) : CorpusStatistics =
        if obj.ReferenceEquals(target, shift) then
            this
        else
            let axes = [ Axis.name<Level>; Axis.name<Hidden> ]
            Raw.expect "statistics around another shift" axes (List.ofArray shift.Shape) target
            let e = shift.Subtract target
            let column (x: RawTensor) = x.Reshape(Array.append x.Shape [| 1 |])
            let row (x: RawTensor) = (column x).SwapAxes(-1, -2)

            let around (gram: RawTensor) (cross: RawTensor) (square: RawTensor) =
                gram.Add(cross).Add(cross.SwapAxes(-1, -2)).Add(square.Scale tokens)

            CorpusStatistics(
                target,
                examples,
                tokens,
                sums.Add(e.Scale tokens),
                around hidden ((column sums).MatMul(row e)) ((column e).MatMul(row e)),
                around levels (sums.MatMul(e.SwapAxes(-1, -2))) (e.MatMul(e.SwapAxes(-1, -2)))
            )
