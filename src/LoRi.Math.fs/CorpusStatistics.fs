namespace LoRi.Math

/// What is taken out of trajectories before anything else, with the teacher's corpus statistics per level.
[<RequireQualifiedAccess>]
type Standardisation =
    /// Minus the level's mean state, over its root-mean-square deviation.
    | Full
    /// Over the level's root mean square, without centring.
    | Scale
    | Off

/// Sums over a corpus of raw trajectories around a shift, from which mean, scales and Gram matrices under all three
/// standardisations follow: memory O(L^2 + L d^2), whatever the number of tokens. Adding and merging are exact up to rounding,
/// in any order.
[<Sealed>]
type CorpusStatistics private (shift: RawTensor, examples: int, tokens: float, sums: RawTensor, hidden: RawTensor, cross: RawTensor) =

    /// L x d, what every state is reduced by for precision.
    member _.Shift = shift
    /// Examples with at least one token.
    member _.Examples = examples
    member _.Tokens = tokens
    /// L x d, sums of shifted states.
    member _.Sums = sums
    /// L x d x d, hidden Grams of shifted states, level by level.
    member _.HiddenGrams = hidden
    /// L x L, products of shifted states across levels.
    member _.LevelProducts = cross

    static member private OfBatch (shift: RawTensor) (trajectories: RawTensor) (lengths: int[]) =
        let shape = trajectories.Shape
        let batch, levels, steps, width = shape[0], shape[1], shape[2], shape[3]

        let mask =
            lengths |> Array.collect (fun length -> Array.init steps (fun token -> if token < length then 1.0 else 0.0))

        let kept = trajectories.Constant([| batch; 1; steps; 1 |], mask)
        let centred = (trajectories.Subtract(shift.Reshape [| levels; 1; width |])).Multiply kept
        let byLevel = (centred.SwapAxes(-4, -3)).Reshape [| levels; batch * steps; width |]
        let flat = byLevel.Reshape [| levels; batch * steps * width |]

        CorpusStatistics(
            shift,
            lengths |> Array.filter (fun length -> length > 0) |> Array.length,
            float (Array.sum lengths),
            (byLevel.SwapAxes(-1, -2)).SumTrailing 1,
            (byLevel.SwapAxes(-1, -2)).MatMul byLevel,
            flat.MatMul(flat.SwapAxes(-1, -2))
        )

    /// Statistics of a first batch; the shift is its mean. Shapes: trajectories : example level token hidden.
    static member Start (trajectories: RawTensor) (lengths: int[]) =
        let shape = trajectories.Shape
        let zero = trajectories.Constant([| shape[1]; shape[3] |], Array.zeroCreate (shape[1] * shape[3]))
        let first = CorpusStatistics.OfBatch zero trajectories lengths
        let shift = first.Sums.Scale(1.0 / max 1.0 first.Tokens)
        CorpusStatistics.OfBatch shift trajectories lengths

    /// With one more batch.
    member this.Add (trajectories: RawTensor) (lengths: int[]) : CorpusStatistics =
        this.Merge(CorpusStatistics.OfBatch shift trajectories lengths)

    /// Statistics of both corpora; those of the other are brought to this one's shift first.
    member _.Merge(other: CorpusStatistics) : CorpusStatistics =
        let moved: CorpusStatistics = other.MovedTo shift
        CorpusStatistics(shift, examples + moved.Examples, tokens + moved.Tokens, sums.Add moved.Sums, hidden.Add moved.HiddenGrams, cross.Add moved.LevelProducts)

    /// The same statistics around another shift: with y = x - a and e = a - b, sum (y + e)(y + e)' = G + s e' + e s' + n e e'.
    member this.MovedTo(target: RawTensor) : CorpusStatistics =
        if obj.ReferenceEquals(target, shift) then
            this
        else
            let e = shift.Subtract target
            let levels, width = shift.Shape[0], shift.Shape[1]
            let column (x: RawTensor) = x.Reshape [| levels; width; 1 |]
            let row (x: RawTensor) = x.Reshape [| levels; 1; width |]
            let outer = (column sums).MatMul(row e)
            let hiddenMoved = hidden.Add(outer).Add(outer.SwapAxes(-1, -2)).Add(((column e).MatMul(row e)).Scale tokens)
            let inner = sums.MatMul(e.SwapAxes(-1, -2))
            let crossMoved = cross.Add(inner).Add(inner.SwapAxes(-1, -2)).Add((e.MatMul(e.SwapAxes(-1, -2))).Scale tokens)
            CorpusStatistics(target, examples, tokens, sums.Add(e.Scale tokens), hiddenMoved, crossMoved)

/// A standardisation with its numbers, and the Gram matrices of the corpus under it.
type StandardisedCorpus =
    { Standardisation: Standardisation
      /// L x d
      Mean: float[]
      /// L
      Rms: float[]
      /// Sum over examples and tokens of X_t X_t', L x L.
      LayerGram: RawTensor
      /// Sum over examples and tokens of X_t' X_t, d x d.
      HiddenGram: RawTensor
      /// Sum of squares of the standardised corpus.
      Energy: float }

/// A corpus under all three standardisations.
type StandardisedCorpora =
    { Full: StandardisedCorpus
      Scale: StandardisedCorpus
      Off: StandardisedCorpus
      /// Examples with at least one token.
      Examples: int
      Tokens: int64 }

module StandardisedCorpus =

    /// What the statistics say under one standardisation. Errors: EmptyCorpus, NotFinite.
    let ofStatistics standardisation (statistics: CorpusStatistics) : Result<StandardisedCorpus, MathError> =
        if statistics.Tokens = 0.0 then
            Error EmptyCorpus
        else
            let levels, width = statistics.Shift.Shape[0], statistics.Shift.Shape[1]
            let corpusMean = statistics.Shift.Add(statistics.Sums.Scale(1.0 / statistics.Tokens))
            let zero = statistics.Shift.Constant([| levels; width |], Array.zeroCreate (levels * width))

            let mean =
                match standardisation with
                | Standardisation.Full -> corpusMean
                | _ -> zero

            let around: CorpusStatistics = statistics.MovedTo mean
            let products = around.LevelProducts.ToArray()

            let rms =
                Array.init levels (fun level ->
                    match standardisation with
                    | Standardisation.Off -> 1.0
                    | _ -> sqrt (products[level * levels + level] / (statistics.Tokens * float width)))

            if Array.exists (fun r -> not (System.Double.IsFinite r)) rms then
                Error(NotFinite "the corpus")
            else
                // A level that never moves has no scale: it stays as it is, all zero after centring.
                let scale = rms |> Array.map (fun r -> if r > 0.0 then 1.0 / r else 1.0)
                let over sizes values = statistics.Shift.Constant(sizes, values)
                let layer = around.LevelProducts.Multiply(over [| levels; 1 |] scale).Multiply(over [| 1; levels |] scale)
                let squared = over [| levels; 1; 1 |] (scale |> Array.map (fun s -> s * s))
                // The sum over the level axis: bring it last, then sum.
                let hidden =
                    (around.HiddenGrams.Multiply squared).Reshape [| levels; width * width |]
                    |> fun grams -> ((grams.SwapAxes(-1, -2)).SumTrailing 1).Reshape [| width; width |]

                let layers = layer.ToArray()

                Ok
                    { Standardisation = standardisation
                      Mean = mean.ToArray()
                      Rms = scale |> Array.map (fun s -> 1.0 / s)
                      LayerGram = layer
                      HiddenGram = hidden
                      Energy = Array.init levels (fun level -> layers[level * levels + level]) |> Array.sum }
