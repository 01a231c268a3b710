namespace LoRi.Math

/// The first of two readings: sums of states around a shift, and their products across levels, of which scales and the Gram matrix of the
/// layer mode follow. Memory O(L^2 + L d).
[<Sealed>]
type LevelSums private (shift: RawTensor, examples: int, tokens: float, sums: RawTensor, products: RawTensor) =

    /// What every state is reduced by for precision: level hidden.
    member _.Shift = shift
    /// Examples with at least one token.
    member _.Examples = examples
    /// Tokens of all examples, a whole number.
    member _.Tokens = tokens
    /// Sums of shifted states: level hidden.
    member _.Sums = sums
    /// Products of shifted states across levels, summed over tokens and components: level level.
    member _.LevelProducts = products

    static member private OfBatch (shift: RawTensor) (batch: CorpusBatch) =
        let x = CorpusBatch.centred shift batch
        let products = Matrix.raw (StandardisedCorpus.gram (Tensor3.unfold1 x))
        LevelSums(shift, CorpusBatch.examples batch, CorpusBatch.tokens batch, CorpusBatch.sumOverTokens x, products)

    /// <summary>Sums of a first batch; the shift is its mean. Errors: WrongAxes, SizeNotPositive, WrongLength,
    /// TokenCountOutOfRange.</summary>
    /// <param name="states">Raw states, <c>example level token hidden</c>.</param>
    /// <param name="counts">How many tokens each row has, 0 to the size of the token axis; the rest is padding. Length: example.</param>
    static member Start (states: RawTensor) (counts: int[]) : Result<LevelSums, MathError> =
        CorpusBatch.create states counts
        |> Result.map (fun batch -> LevelSums.OfBatch (CorpusBatch.meanState batch) batch)

    /// <summary>Sums that a backend has made by itself. Errors: WrongAxes, WrongShape.</summary>
    /// <param name="shift">What every state was reduced by before it was summed, <c>level hidden</c>.</param>
    /// <param name="examples">Rows with at least one token.</param>
    /// <param name="tokens">Tokens of all examples, a whole number.</param>
    /// <param name="sums">Sums of shifted states over all tokens, <c>level hidden</c>.</param>
    /// <param name="levelProducts">Inner products of shifted states of two levels, summed over all tokens, <c>level level</c>.</param>
    static member OfSums
        (shift: RawTensor)
        (examples: int)
        (tokens: float)
        (sums: RawTensor)
        (levelProducts: RawTensor)
        : Result<LevelSums, MathError> =
        let level, hidden = Axis.name<Level>, Axis.name<Hidden>

        result {
            do! Raw.checkAxes "the shift of the sums" [ level; hidden ] shift
            let levels = shift.Shape[0]

            let! _ =
                Raw.checkTrailing "the sums of states" [ level; hidden ] (List.ofArray shift.Shape) sums

            let! _ =
                Raw.checkTrailing "the products across levels" [ level; level ] [ levels; levels ] levelProducts

            return LevelSums(shift, examples, tokens, sums, levelProducts)
        }

    /// <summary>With one more batch. Errors: those of <c>Start</c>, and WrongShape where levels or components differ.</summary>
    /// <param name="states">Raw states, <c>example level token hidden</c>, with the levels and components of those before.</param>
    /// <param name="counts">How many tokens each row has, 0 to the size of the token axis; the rest is padding. Length: example.</param>
    member _.Add (states: RawTensor) (counts: int[]) : Result<LevelSums, MathError> =
        CorpusBatch.next shift states counts
        |> Result.map (fun batch ->
            let next = LevelSums.OfBatch shift batch

            LevelSums(
                shift,
                examples + next.Examples,
                tokens + next.Tokens,
                sums.Add next.Sums,
                products.Add next.LevelProducts
            ))

    /// Where a standardisation centres, the products across levels around it, and the level's root mean square. Errors: EmptyCorpus,
    /// NotFinite.
    member internal _.Scale standardisation : Result<RawTensor * RawTensor * float[], MathError> =
        if tokens = 0.0 then
            Error EmptyCorpus
        else
            let centre = LevelScale.centre standardisation (shift.Add(sums.Scale(1.0 / tokens)))
            let around = Recentred.levelProducts shift tokens sums products centre

            LevelScale.rms standardisation tokens shift.Shape[1] (LevelScale.diagonal around)
            |> Result.map (fun rms -> centre, around, rms)

/// The second of two readings: the Gram matrix of the hidden mode of the standardised corpus. Memory O(L^2 + L d + d^2).
[<Sealed>]
type GramSums
    private
    (
        standardisation: Standardisation,
        mean: RawTensor,
        rms: float[],
        layer: Matrix<Level, Level>,
        hidden: Matrix<Hidden, Hidden> option
    ) =

    /// What is taken out of every state: level hidden, zero where nothing is centred.
    member _.Mean = mean
    /// What states are divided by: one number per level, above zero.
    member _.Rms = rms

    /// <summary>No batch yet, under a standardisation whose numbers the first reading knows. Errors: EmptyCorpus, NotFinite.</summary>
    /// <param name="sums">What the first reading found, of all batches.</param>
    /// <param name="standardisation">What is taken out of every state.</param>
    static member Start (sums: LevelSums) standardisation : Result<GramSums, MathError> =
        sums.Scale standardisation
        |> Result.map (fun (mean, products, rms) ->
            let layer =
                StandardisedCorpus.layerGram products (rms |> Array.map (fun r -> 1.0 / r))

            GramSums(standardisation, mean, rms, Matrix layer, None))

    /// <summary>The Gram matrix that a backend has summed by itself in its second reading of all batches. Errors: WrongAxes,
    /// WrongShape.</summary>
    /// <param name="sums">What the first reading found, of all batches.</param>
    /// <param name="start">Nothing read yet, with the standardisation's numbers.</param>
    /// <param name="weighted">Sums over levels and tokens of x x' of states less the shift of <c>sums</c>, those of a level over its
    /// squared <c>Rms</c>: <c>hidden hidden</c>.</param>
    static member OfLevels (sums: LevelSums) (start: GramSums) (weighted: RawTensor) : Result<GramSums, MathError> =
        start.WithLevels sums weighted

    member private _.WithLevels (sums: LevelSums) (weighted: RawTensor) : Result<GramSums, MathError> =
        let axis, width = Axis.name<Hidden>, mean.Shape[1]
        let what = "the Gram matrix of the hidden mode"

        result {
            do! Raw.checkAxes what [ axis; axis ] weighted
            let! _ = Raw.checkTrailing what [ axis; axis ] [ width; width ] weighted
            let weights = rms |> Array.map (fun r -> 1.0 / (r * r))

            let hidden =
                Recentred.weightedGram weights sums.Shift sums.Tokens sums.Sums weighted mean

            return GramSums(standardisation, mean, rms, layer, Some(Matrix hidden))
        }

    /// The tensors that outlive a batch: mean and the Gram matrix of the layer mode, then that of the hidden mode once there is one.
    member _.Tensors =
        mean :: Matrix.raw layer :: Option.toList (Option.map Matrix.raw hidden)

    member private _.WithBatch(batch: CorpusBatch) : GramSums =
        let centred = Tensor3.raw (CorpusBatch.centred mean batch)
        let inverse = rms |> Array.map (fun r -> 1.0 / r)

        let x: Tensor3<Level, Merged<Example, TeacherToken>, Hidden> =
            Tensor3(centred.Multiply(centred.Constant([| rms.Length; 1; 1 |], inverse)))

        let gram = StandardisedCorpus.gram (Tensor3.unfold3 x)
        let sum = hidden |> Option.map (fun before -> Matrix.add before gram)
        GramSums(standardisation, mean, rms, layer, Some(Option.defaultValue gram sum))

    /// <summary>With one more batch of those that the first reading had. Errors: WrongAxes, SizeNotPositive, WrongLength,
    /// TokenCountOutOfRange, WrongShape.</summary>
    /// <param name="states">Raw states, <c>example level token hidden</c>.</param>
    /// <param name="counts">How many tokens each row has, 0 to the size of the token axis; the rest is padding. Length: example.</param>
    member this.Add (states: RawTensor) (counts: int[]) : Result<GramSums, MathError> =
        CorpusBatch.next mean states counts |> Result.map this.WithBatch

    /// The corpus as one reading would have given it. Errors: EmptyCorpus.
    member _.Corpus: Result<StandardisedCorpus, MathError> =
        match hidden with
        | None -> Error EmptyCorpus
        | Some hidden ->
            Ok
                {
                    Standardisation = standardisation
                    Mean = Matrix mean
                    Rms = rms
                    LayerGram = layer
                    HiddenGram = hidden
                    Energy = LevelScale.energy (Matrix.raw layer)
                }
