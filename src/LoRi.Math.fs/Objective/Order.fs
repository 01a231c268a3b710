namespace LoRi.Math

/// Statistics beyond the second order, or of the order of the steps.
[<RequireQualifiedAccess>]
type Order =
    /// None is compared.
    | Off
    /// Mode-wise covariance of successive steps.
    | Lag1
    /// Third central moments of the components.
    | Third
    /// Means of this many equal consecutive parts, one or more; of a single part the mean deviation is zero.
    | Parts of int

/// What moments of single tokens up to the second do not see. [ours]
module Order =

    /// As a matrix over tokens, T x (T-1): 1 where the row is `shift` after the column.
    let private placing shift (d: RawTensor) =
        let tokens = Raw.size 2 d
        let pairs = tokens - 1

        d.Constant(
            [| tokens; pairs |],
            Array.init (tokens * pairs) (fun i -> if i / pairs = i % pairs + shift then 1.0 else 0.0)
        )

    /// The mean over successive steps, t = 1 .. T-1; of a single step, whose deviation is zero, zero.
    let private ofPairs (cross: TokenTensor -> TokenTensor -> Matrix<'a, 'a>) (c: CentredTokens) =
        let here, next =
            c.Successive.Force() |> Option.defaultValue (c.Deviations, c.Deviations)

        Matrix.raw (cross here next)

    /// What the earlier and the later step of each pair get, put at their places; `here` carries the pairs' weights already.
    let private placed (c: CentredTokens) (derivative: TokenTensor * TokenTensor -> TokenTensor * TokenTensor) =
        let d = Tensor3.raw c.Deviations

        match c.Successive.Force(), c.PerPair with
        | Some pair, Some weights ->
            let earlier, later = derivative pair
            let first = (placing 0 d).MatMul(Tensor3.raw (CentredTokens.weigh weights earlier))
            Statistic.throughMean c (first.Add((placing 1 d).MatMul(Tensor3.raw later)))
        | _ -> d.Scale 0.0

    /// Layer-mode covariance of successive steps, r_L x r_L; its derivative p_t G D_(t+1) for the earlier, p_t G' D_t for the later
    /// step, over r_d.
    let lag1Layer =
        {
            Name = "order.lag-1.layer"
            Shape = fun layers _ -> [| layers; layers |]
            Degree = 2
            Value = ofPairs Covariance.crossLayer
            Derivative =
                fun c g ->
                    placed c (fun (here, next) ->
                        let g = Matrix.scale (Covariance.perHiddenRank next) (Matrix g)
                        Tensor3.modeProduct1 g next, Tensor3.modeProduct1 (Matrix.transpose g) here)
        }

    /// Hidden-mode covariance of successive steps, r_d x r_d; its derivative D_(t+1) G' for the earlier, D_t G for the later step, with
    /// the same weights, over r_L.
    let lag1Hidden =
        {
            Name = "order.lag-1.hidden"
            Shape = fun _ width -> [| width; width |]
            Degree = 2
            Value = ofPairs Covariance.crossHidden
            Derivative =
                fun c g ->
                    placed c (fun (here, next) ->
                        let g = Matrix.scale (Covariance.perLayerRank next) (Matrix g)
                        Tensor3.modeProduct3 g next, Tensor3.modeProduct3 (Matrix.transpose g) here)
        }

    /// m = mean of D_t o D_t o D_t, r_L x r_d; its derivative 3 w_t D_t o D_t o G.
    let third =
        let weightedSquares (c: CentredTokens) =
            (Tensor3.raw (CentredTokens.weigh c.PerToken c.Deviations)).Multiply(Tensor3.raw c.Deviations)

        {
            Name = "order.third"
            Shape = fun layers width -> [| layers; width |]
            Degree = 3
            Value = fun c -> CentredTokens.sumOverTokens ((weightedSquares c).Multiply(Tensor3.raw c.Deviations))
            Derivative =
                fun c g ->
                    ((weightedSquares c).Multiply(CentredTokens.alongTokens g)).Scale 3.0
                    |> Statistic.throughMean c
        }

    /// How much of each of `parts` equal stretches of a row each token fills, a token being as long as its weight: rows that add to one.
    /// A part's end within a token shares the token; padding, of no weight, fills nothing. Shape: example parts T.
    let private shares parts (perToken: RawTensor) =
        let tokens = Raw.size 1 perToken

        let upTo =
            perToken.Constant(
                [| tokens; tokens |],
                Array.init (tokens * tokens) (fun i -> if i / tokens <= i % tokens then 1.0 else 0.0)
            )

        let alongParts (x: RawTensor) =
            x.Reshape(Raw.withTrailing 1 [| 1; tokens |] x)

        let bounds first =
            perToken.Constant([| parts; 1 |], Array.init parts (fun part -> float (first + part) / float parts))

        let ends = perToken.MatMul upTo
        let starts = alongParts (ends.Subtract perToken)
        let ends = alongParts ends
        let upper = ends.Subtract((ends.Subtract(bounds 1)).PositivePart())
        let lower = starts.Add(((bounds 0).Subtract starts).PositivePart())
        ((upper.Subtract lower).PositivePart()).Scale(float parts)

    /// A part's shares as a factor of `example r_L T r_d`.
    let private overLayers (shares: RawTensor) =
        shares.Reshape(Raw.withTrailing 2 [| 1; Raw.size 2 shares; Raw.size 1 shares |] shares)

    /// <summary>Part j's mean deviation, sum over t of s_(j,t) D_t, with s_(j,t) the share of the j-th of K equal stretches of the row
    /// that token t fills, r_L x K x r_d; its derivative sum over j of s_(j,t) G_j. Rows of any number of tokens compare.</summary>
    /// <param name="count">K, at least 1; of a single part the entries are zero.</param>
    let parts count =
        {
            Name = $"order.parts-{count}"
            Shape = fun layers width -> [| layers; count; width |]
            Degree = 1
            Value = fun c -> (overLayers (shares count c.PerToken)).MatMul(Tensor3.raw c.Deviations)
            Derivative =
                fun c g ->
                    ((overLayers (shares count c.PerToken)).SwapAxes(-1, -2)).MatMul g
                    |> Statistic.throughMean c
        }

    /// The means of parts that a name may be of.
    let internal ofPartsNamed (name: string) =
        match System.Int32.TryParse(name.Substring(name.LastIndexOf '-' + 1)) with
        | true, count when count > 1 -> [ parts count ]
        | _ -> []

    /// <summary>The statistics that a form compares.</summary>
    /// <param name="form">Which order of the steps is compared.</param>
    /// <returns>Two for <c>Lag1</c>, none for <c>Off</c>, else one.</returns>
    let statistics form =
        match form with
        | Order.Lag1 -> [ lag1Layer; lag1Hidden ]
        | Order.Third -> [ third ]
        | Order.Parts count -> [ parts count ]
        | Order.Off -> []
