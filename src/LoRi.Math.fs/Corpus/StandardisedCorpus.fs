namespace LoRi.Math

/// [ours] What is taken out of trajectories before anything else, with the teacher's corpus statistics per level.
[<RequireQualifiedAccess>]
type Standardisation =
    /// Minus the level's mean state, over its root-mean-square deviation.
    | Full
    /// Over the level's root mean square, without centring.
    | Scale
    /// Nothing: states as the model gives them.
    | Off

/// The standardisations and their names.
module Standardisation =

    /// The three of them, in the order of reports.
    let all = [ Standardisation.Full; Standardisation.Scale; Standardisation.Off ]

    /// <summary>The name in files and on command lines.</summary>
    /// <param name="standardisation">One of the three.</param>
    /// <returns><c>full</c>, <c>scale</c> or <c>none</c>.</returns>
    let name standardisation =
        match standardisation with
        | Standardisation.Full -> "full"
        | Standardisation.Scale -> "scale"
        | Standardisation.Off -> "none"

/// A standardisation with its numbers, and the Gram matrices of the corpus under it.
type StandardisedCorpus =
    {
        /// What was taken out of every state.
        Standardisation: Standardisation
        /// Zero where nothing is centred.
        Mean: Matrix<Level, Hidden>
        /// L; one where nothing is scaled, and for a level that never moves.
        Rms: float[]
        /// Sum over examples and tokens of X_t X_t': the unfolding X_(1) times its transpose.
        LayerGram: Matrix<Level, Level>
        /// Sum over examples and tokens of X_t' X_t: the unfolding X_(3) times its transpose.
        HiddenGram: Matrix<Hidden, Hidden>
        /// Sum of squares of the standardised corpus.
        Energy: float
    }

/// A corpus under all three standardisations.
type StandardisedCorpora =
    {
        /// Centred, and over the deviation.
        Full: StandardisedCorpus
        /// Over the root mean square, not centred.
        Scale: StandardisedCorpus
        /// As the model gives it.
        Off: StandardisedCorpus
        /// Examples with at least one token.
        Examples: int
        /// Tokens of all examples.
        Tokens: int64
    }

    /// <summary>The corpus under one of them.</summary>
    /// <param name="standardisation">One of the three.</param>
    member this.Under standardisation =
        match standardisation with
        | Standardisation.Full -> this.Full
        | Standardisation.Scale -> this.Scale
        | Standardisation.Off -> this.Off

/// Mean and scale per level under a standardisation, from sums.
module internal LevelScale =

    /// A level that never moves has no scale: it stays as it is, all zero after centring.
    let private orOne rms = if rms > 0.0 then rms else 1.0

    /// The root mean square per level of `squares` (sums over tokens and components). Errors: NotFinite.
    let rms standardisation tokens width (squares: float[]) =
        if not (Array.forall System.Double.IsFinite squares) then
            Error(NotFinite "the corpus")
        else
            squares
            |> Array.map (fun sum ->
                match standardisation with
                | Standardisation.Off -> 1.0
                | _ -> orOne (sqrt (max 0.0 sum / (tokens * float width))))
            |> Ok

    /// The diagonal of a square matrix.
    let diagonal (matrix: RawTensor) =
        let size = matrix.Shape[0]
        let values = matrix.ToArray()
        Array.init size (fun i -> values[i * size + i])

    /// The energy of a Gram matrix: its trace, a sum of squares; what rounding leaves below zero of states that never move is none.
    let energy (gram: RawTensor) = Array.sumBy (max 0.0) (diagonal gram)

    /// Where states are centred: the corpus mean, or zero. Shape: level hidden.
    let centre standardisation (corpusMean: RawTensor) =
        match standardisation with
        | Standardisation.Full -> corpusMean
        | _ -> corpusMean.Scale 0.0

/// A corpus under one standardisation.
module StandardisedCorpus =

    /// The Gram matrix of an unfolding. Shapes: x : r c; result : r r.
    let internal gram (x: Matrix<'r, 'c>) : Matrix<'r, 'r> = Matrix.product x (Matrix.transpose x)

    /// The Gram matrix of the layer mode, from products across levels: level level, each level times its factor.
    let internal layerGram (products: RawTensor) (factors: float[]) =
        let over sizes = products.Constant(sizes, factors)
        products.Multiply(over [| factors.Length; 1 |]).Multiply(over [| 1; factors.Length |])

    /// The Gram matrices around a standardisation's centre, scaled level by level; `products` are those across levels around it.
    let private scaled standardisation (statistics: CorpusStatistics) centre (products: RawTensor) (rms: float[]) =
        let inverse = rms |> Array.map (fun r -> 1.0 / r)
        let layer = layerGram products inverse

        {
            Standardisation = standardisation
            Mean = Matrix centre
            Rms = rms
            LayerGram = Matrix layer
            HiddenGram = Matrix(statistics.HiddenGramAround centre (inverse |> Array.map (fun s -> s * s)))
            Energy = LevelScale.energy layer
        }

    /// The Gram matrices of gradients with respect to standardised states, from statistics of gradients with respect to raw ones: level
    /// by level dL/dX = rms dL/dH. Errors: WrongShape, NotFinite, GradientsVanish.
    let internal ofGradients
        (states: StandardisedCorpus)
        (gradients: CorpusStatistics)
        : Result<StandardisedCorpus, MathError> =
        let zero = gradients.Shift.Scale 0.0

        let axes, sizes =
            [ Axis.name<Level>; Axis.name<Hidden> ], List.ofArray (Matrix.raw states.Mean).Shape

        result {
            let! _ = Raw.checkTrailing "the gradients" axes sizes gradients.Shift
            let products = gradients.LevelProductsAround zero
            let squares = LevelScale.diagonal products
            let! _ = LevelScale.rms Standardisation.Off gradients.Tokens sizes[1] squares
            do! refuse (Array.forall (fun square -> square = 0.0) squares) GradientsVanish
            return scaled states.Standardisation gradients zero products (states.Rms |> Array.map (fun r -> 1.0 / r))
        }

    /// <summary>What the statistics of one reading say under one standardisation. Errors: EmptyCorpus, NotFinite.</summary>
    /// <param name="standardisation">What is taken out of every state.</param>
    /// <param name="statistics">The sums of one reading.</param>
    let ofStatistics standardisation (statistics: CorpusStatistics) : Result<StandardisedCorpus, MathError> =
        if statistics.Tokens = 0.0 then
            Error EmptyCorpus
        else
            let mean = statistics.Shift.Add(statistics.Sums.Scale(1.0 / statistics.Tokens))

            let centre = LevelScale.centre standardisation mean
            let products = statistics.LevelProductsAround centre

            LevelScale.rms standardisation statistics.Tokens mean.Shape[1] (LevelScale.diagonal products)
            |> Result.map (scaled standardisation statistics centre products)

/// A corpus under all three standardisations.
module StandardisedCorpora =

    /// <summary>The corpus under three standardisations, made by the same function of each. Errors: those of the function.</summary>
    /// <param name="corpus">The corpus under one of them; called once each, in the order of <c>Standardisation.all</c>.</param>
    /// <param name="examples">Examples with at least one token.</param>
    /// <param name="tokens">Tokens of all examples, a whole number.</param>
    let make (corpus: Standardisation -> Result<StandardisedCorpus, MathError>) examples (tokens: float) =
        result {
            let! full = corpus Standardisation.Full
            let! scale = corpus Standardisation.Scale
            let! off = corpus Standardisation.Off

            return
                {
                    Full = full
                    Scale = scale
                    Off = off
                    Examples = examples
                    Tokens = int64 tokens
                }
        }

    /// <summary>The corpus under all three, from one reading. Errors: EmptyCorpus, NotFinite.</summary>
    /// <param name="statistics">The sums of one reading.</param>
    let ofStatistics (statistics: CorpusStatistics) : Result<StandardisedCorpora, MathError> =
        make
            (fun standardisation -> StandardisedCorpus.ofStatistics standardisation statistics)
            statistics.Examples
            statistics.Tokens
