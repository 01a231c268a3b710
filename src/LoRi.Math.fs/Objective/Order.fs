namespace LoRi.Math

/// Statistics beyond the second order, or of the order of the steps.
[<RequireQualifiedAccess>]
type Order =
    | Off
    /// Mode-wise covariance of successive steps.
    | Lag1
    /// Third central moments of the components.
    | Third

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

    /// The statistics that a form compares.
    let statistics form =
        match form with
        | Order.Lag1 -> [ lag1Layer; lag1Hidden ]
        | Order.Third -> [ third ]
        | Order.Off -> []
