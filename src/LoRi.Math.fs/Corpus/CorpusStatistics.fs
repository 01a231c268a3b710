namespace LoRi.Math

/// Sums of products of states around a shift a, brought to another centre b: with y = x - a and e = a - b,
/// sum (y + e)(y + e)' = sum y y' + s e' + e s' + n e e', where s is the sum of y.
module internal Recentred =

    let private around (tokens: float) (gram: RawTensor) (cross: RawTensor) (square: RawTensor) =
        gram.Add(cross).Add(cross.SwapAxes(-1, -2)).Add(square.Scale tokens)

    /// Hidden Gram matrices, level by level. Shapes: shift, sums, target : level hidden; grams : level hidden hidden.
    let hiddenGrams (shift: RawTensor) tokens (sums: RawTensor) (grams: RawTensor) (target: RawTensor) =
        let e = shift.Subtract target
        let column (x: RawTensor) = x.Reshape(Array.append x.Shape [| 1 |])
        let row (x: RawTensor) = (column x).SwapAxes(-1, -2)
        around tokens grams ((column sums).MatMul(row e)) ((column e).MatMul(row e))

    /// Products across levels. Shapes: shift, sums, target : level hidden; products : level level.
    let levelProducts (shift: RawTensor) tokens (sums: RawTensor) (products: RawTensor) (target: RawTensor) =
        let e = shift.Subtract target
        let transposed = e.SwapAxes(-1, -2)
        around tokens products (sums.MatMul transposed) (e.MatMul transposed)

    /// Hidden Gram matrices that were added up over the levels, each times a weight of its level. Shapes: shift, sums, target : level
    /// hidden; weighted : hidden hidden.
    let weightedGram
        (weights: float[])
        (shift: RawTensor)
        tokens
        (sums: RawTensor)
        (weighted: RawTensor)
        (target: RawTensor)
        =
        let e = shift.Subtract target

        let transposed =
            (e.Multiply(shift.Constant([| weights.Length; 1 |], weights))).SwapAxes(-1, -2)

        around tokens weighted (transposed.MatMul sums) (transposed.MatMul e)

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

    /// <summary>Statistics of a first batch; the shift is its mean. Errors: WrongAxes, SizeNotPositive, WrongLength,
    /// TokenCountOutOfRange.</summary>
    /// <param name="states">Raw states, <c>example level token hidden</c>.</param>
    /// <param name="counts">How many tokens each row has, 0 to the size of the token axis; the rest is padding. Length: example.</param>
    static member Start (states: RawTensor) (counts: int[]) : Result<CorpusStatistics, MathError> =
        CorpusBatch.create states counts
        |> Result.map (fun batch -> CorpusStatistics.OfBatch (CorpusBatch.meanState batch) batch)

    /// <summary>Statistics whose sums a backend has made by itself. Errors: WrongAxes, WrongShape.</summary>
    /// <param name="shift">What every state was reduced by before it was summed, <c>level hidden</c>.</param>
    /// <param name="examples">Rows with at least one token.</param>
    /// <param name="tokens">Tokens of all examples, a whole number.</param>
    /// <param name="sums">Sums of shifted states over all tokens, <c>level hidden</c>.</param>
    /// <param name="hiddenGrams">Sums of x x' of shifted states over all tokens, level by level, <c>level hidden hidden</c>.</param>
    /// <param name="levelProducts">Inner products of shifted states of two levels, summed over all tokens, <c>level level</c>.</param>
    static member OfSums
        (shift: RawTensor)
        (examples: int)
        (tokens: float)
        (sums: RawTensor)
        (hiddenGrams: RawTensor)
        (levelProducts: RawTensor)
        : Result<CorpusStatistics, MathError> =
        let level, hidden = Axis.name<Level>, Axis.name<Hidden>

        let check what axes sizes x =
            Raw.checkTrailing what axes sizes x |> Result.map ignore

        result {
            do! Raw.checkAxes "the shift of the statistics" [ level; hidden ] shift
            let levels, width = shift.Shape[0], shift.Shape[1]
            do! check "the sums of the statistics" [ level; hidden ] [ levels; width ] sums
            do! check "the hidden Gram matrices" [ level; hidden; hidden ] [ levels; width; width ] hiddenGrams
            do! check "the products across levels" [ level; level ] [ levels; levels ] levelProducts
            return CorpusStatistics(shift, examples, tokens, sums, hiddenGrams, levelProducts)
        }

    /// <summary>With one more batch. Errors: those of <c>Start</c>, and WrongShape where levels or components differ.</summary>
    /// <param name="states">Raw states, <c>example level token hidden</c>, with the levels and components of those before.</param>
    /// <param name="counts">How many tokens each row has, 0 to the size of the token axis; the rest is padding. Length: example.</param>
    member this.Add (states: RawTensor) (counts: int[]) : Result<CorpusStatistics, MathError> =
        CorpusBatch.next shift states counts
        |> Result.map (fun batch -> this.Merge(CorpusStatistics.OfBatch shift batch))

    /// <summary>Statistics of both corpora; those of the other are brought to this one's shift first. Corpora of other levels or
    /// components stop with both shapes.</summary>
    /// <param name="other">Statistics of other examples, around any shift.</param>
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

    /// <summary>The same statistics around another shift.</summary>
    /// <param name="target">The shift to be, <c>level hidden</c>; another shape stops with both shapes.</param>
    member this.MovedTo(target: RawTensor) : CorpusStatistics =
        if obj.ReferenceEquals(target, shift) then
            this
        else
            let axes = [ Axis.name<Level>; Axis.name<Hidden> ]
            Raw.expect "statistics around another shift" axes (List.ofArray shift.Shape) target

            CorpusStatistics(
                target,
                examples,
                tokens,
                sums.Add((shift.Subtract target).Scale tokens),
                Recentred.hiddenGrams shift tokens sums hidden target,
                this.LevelProductsAround target
            )

    /// Products across levels of states around another shift: level level.
    member internal _.LevelProductsAround(target: RawTensor) =
        Recentred.levelProducts shift tokens sums levels target

    /// Hidden Gram matrices of states around another shift, added up over the levels, each times a weight of its level: hidden hidden.
    /// The matrices of single levels are read once and not made anew.
    member internal _.HiddenGramAround (target: RawTensor) (weights: float[]) =
        let count, width = shift.Shape[0], shift.Shape[1]

        let weighted =
            shift.Constant([| 1; count |], weights).MatMul(hidden.Reshape [| count; width * width |])

        Recentred.weightedGram weights shift tokens sums (weighted.Reshape [| width; width |]) target
