namespace LoRi.Math

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

    static member private OfBatch (shift: RawTensor) (batch: CorpusBatch) =
        let x = CorpusBatch.centred shift batch
        let byLevel = Tensor3.raw x
        let levels = Tensor3.unfold1 x

        CorpusStatistics(
            shift,
            CorpusBatch.examples batch,
            CorpusBatch.tokens batch,
            CorpusBatch.sumOverTokens x,
            (byLevel.SwapAxes(-1, -2)).MatMul byLevel,
            Matrix.raw (Matrix.product levels (Matrix.transpose levels))
        )

    /// Statistics of a first batch; the shift is its mean. Shapes: states : example level token hidden; counts : example.
    /// Errors: WrongAxes, SizeNotPositive, WrongLength, TokenCountOutOfRange.
    static member Start (states: RawTensor) (counts: int[]) : Result<CorpusStatistics, MathError> =
        CorpusBatch.create states counts
        |> Result.map (fun batch -> CorpusStatistics.OfBatch (CorpusBatch.meanState batch) batch)

    /// With one more batch. Shapes as in `Start`. Errors: those of `Start`, and WrongShape where levels or components differ.
    member this.Add (states: RawTensor) (counts: int[]) : Result<CorpusStatistics, MathError> =
        CorpusBatch.next shift states counts
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
