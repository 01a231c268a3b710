namespace LoRi.Math

/// The first of two readings: sums of states and of their squares around a shift, level by level. Memory O(L d).
[<Sealed>]
type LevelSums private (shift: RawTensor, examples: int, tokens: float, sums: RawTensor, squares: RawTensor) =

    /// What every state is reduced by for precision: level hidden.
    member _.Shift = shift
    /// Examples with at least one token.
    member _.Examples = examples
    /// Tokens of all examples, a whole number.
    member _.Tokens = tokens
    /// Sums of shifted states: level hidden.
    member _.Sums = sums
    /// Sums of squares of shifted states: level.
    member _.Squares = squares

    static member private OfBatch (shift: RawTensor) (batch: CorpusBatch) =
        let x = CorpusBatch.centred shift batch
        let sums, squares = CorpusBatch.sumOverTokens x, Raw.squaredNorm 2 (Tensor3.raw x)
        LevelSums(shift, CorpusBatch.examples batch, CorpusBatch.tokens batch, sums, squares)

    /// <summary>Sums of a first batch; the shift is its mean. Errors: WrongAxes, SizeNotPositive, WrongLength,
    /// TokenCountOutOfRange.</summary>
    /// <param name="states">Raw states, <c>example level token hidden</c>.</param>
    /// <param name="counts">How many tokens each row has, 0 to the size of the token axis; the rest is padding. Length: example.</param>
    static member Start (states: RawTensor) (counts: int[]) : Result<LevelSums, MathError> =
        CorpusBatch.create states counts
        |> Result.map (fun batch -> LevelSums.OfBatch (CorpusBatch.meanState batch) batch)

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
                squares.Add next.Squares
            ))

    /// Where a standardisation centres, and the level's root mean square around it. Errors: EmptyCorpus, NotFinite.
    member internal _.Scale standardisation : Result<RawTensor * float[], MathError> =
        if tokens = 0.0 then
            Error EmptyCorpus
        else
            let centre = LevelScale.centre standardisation (shift.Add(sums.Scale(1.0 / tokens)))
            // With y = x - shift and e = shift - centre: sum (y + e)^2 = sum y^2 + 2 e s + n e^2.
            let e = shift.Subtract centre
            let crossed = (e.Multiply(sums.Scale 2.0)).Add((e.Multiply e).Scale tokens)
            let around = (squares.Add(crossed.SumTrailing 1)).ToArray()

            LevelScale.rms standardisation tokens shift.Shape[1] around
            |> Result.map (fun rms -> centre, rms)

/// The second of two readings: the Gram matrices of the standardised corpus. Memory O(L^2 + d^2).
[<Sealed>]
type GramSums
    private
    (
        standardisation: Standardisation,
        mean: RawTensor,
        rms: float[],
        grams: (Matrix<Level, Level> * Matrix<Hidden, Hidden>) option
    ) =

    /// <summary>No batch yet, under a standardisation whose numbers the first reading knows. Errors: EmptyCorpus, NotFinite.</summary>
    /// <param name="sums">What the first reading found, of all batches.</param>
    /// <param name="standardisation">What is taken out of every state.</param>
    static member Start (sums: LevelSums) standardisation : Result<GramSums, MathError> =
        sums.Scale standardisation
        |> Result.map (fun (mean, rms) -> GramSums(standardisation, mean, rms, None))

    /// <summary>The Gram matrices that another reader has summed under the same standardisation, of the same corpus or a part of it.
    /// Errors: WrongAxes, WrongShape.</summary>
    /// <param name="start">Nothing read yet, with the standardisation's numbers.</param>
    /// <param name="layer">Sums of products of levels, <c>level level</c>.</param>
    /// <param name="hidden">Sums of products of components, <c>hidden hidden</c>.</param>
    static member OfGrams (start: GramSums) (layer: RawTensor) (hidden: RawTensor) : Result<GramSums, MathError> =
        start.WithGrams layer hidden

    member private _.WithGrams (layer: RawTensor) (hidden: RawTensor) : Result<GramSums, MathError> =
        let check what axis size x =
            result {
                do! Raw.checkAxes what [ axis; axis ] x
                do! Raw.checkTrailing what [ axis; axis ] [ size; size ] x |> Result.map ignore
            }

        result {
            do! check "the Gram matrix of the layer mode" Axis.name<Level> mean.Shape[0] layer
            do! check "the Gram matrix of the hidden mode" Axis.name<Hidden> mean.Shape[1] hidden
            return GramSums(standardisation, mean, rms, Some(Matrix layer, Matrix hidden))
        }

    /// The tensors that outlive a batch: mean, then the sums once there are some.
    member _.Tensors =
        match grams with
        | Some(layer, hidden) -> [ mean; Matrix.raw layer; Matrix.raw hidden ]
        | None -> [ mean ]

    member private _.WithBatch(batch: CorpusBatch) : GramSums =
        let centred = Tensor3.raw (CorpusBatch.centred mean batch)
        let inverse = rms |> Array.map (fun r -> 1.0 / r)

        let x: Tensor3<Level, Merged<Example, TeacherToken>, Hidden> =
            Tensor3(centred.Multiply(centred.Constant([| rms.Length; 1; 1 |], inverse)))

        let layer = StandardisedCorpus.gram (Tensor3.unfold1 x)
        let hidden = StandardisedCorpus.gram (Tensor3.unfold3 x)

        match grams with
        | Some(layerBefore, hiddenBefore) ->
            GramSums(standardisation, mean, rms, Some(Matrix.add layerBefore layer, Matrix.add hiddenBefore hidden))
        | None -> GramSums(standardisation, mean, rms, Some(layer, hidden))

    /// <summary>With one more batch of those that the first reading had. Errors: WrongAxes, SizeNotPositive, WrongLength,
    /// TokenCountOutOfRange, WrongShape.</summary>
    /// <param name="states">Raw states, <c>example level token hidden</c>.</param>
    /// <param name="counts">How many tokens each row has, 0 to the size of the token axis; the rest is padding. Length: example.</param>
    member this.Add (states: RawTensor) (counts: int[]) : Result<GramSums, MathError> =
        CorpusBatch.next mean states counts |> Result.map this.WithBatch

    /// The corpus as one reading would have given it. Errors: EmptyCorpus.
    member _.Corpus: Result<StandardisedCorpus, MathError> =
        match grams with
        | None -> Error EmptyCorpus
        | Some(layer, hidden) ->
            Ok
                {
                    Standardisation = standardisation
                    Mean = Matrix mean
                    Rms = rms
                    LayerGram = layer
                    HiddenGram = hidden
                    Energy = Array.sum (LevelScale.diagonal (Matrix.raw layer))
                }
