namespace LoRi.Math

/// Second-order statistics that are compared.
[<RequireQualifiedAccess>]
type Covariance =
    /// Layer-mode and hidden-mode covariance, each over the other mode's rank.
    | Modewise
    /// The whole `p x p` covariance, p = r_L r_d.
    | Full
    /// The hidden-mode covariance of every reduced layer by itself.
    | PerLayer
    /// Variances of the components.
    | Diagonal
    | Off

/// Statistics beyond the second order, or of the order of the steps.
[<RequireQualifiedAccess>]
type Order =
    | Off
    /// Mode-wise covariance of successive steps.
    | Lag1
    /// Third central moments of the components.
    | Third

/// One statistic of a trajectory, under the name that files use.
type Statistic =
    {
        Name: string
        /// The entries, .. then `Axes` trailing axes.
        Entries: RawTensor
        /// How many trailing axes the entries have.
        Axes: int
    }

module Statistic =

    let mean = "mean"
    let covarianceLayer = "covariance.layer"
    let covarianceHidden = "covariance.hidden"
    let covariancePerLayer = "covariance.per-layer"
    let covarianceDiagonal = "covariance.diagonal"
    let covarianceFull = "covariance.full"
    let lag1Layer = "order.lag-1.layer"
    let lag1Hidden = "order.lag-1.hidden"
    let third = "order.third"

    /// Names of the statistics that a covariance form compares.
    let ofCovariance form =
        match form with
        | Covariance.Modewise -> [ covarianceLayer; covarianceHidden ]
        | Covariance.Full -> [ covarianceFull ]
        | Covariance.PerLayer -> [ covariancePerLayer ]
        | Covariance.Diagonal -> [ covarianceDiagonal ]
        | Covariance.Off -> []

    /// Names of the statistics that an order form compares.
    let ofOrder form =
        match form with
        | Order.Lag1 -> [ lag1Layer; lag1Hidden ]
        | Order.Third -> [ third ]
        | Order.Off -> []

    /// The shape of a statistic's entries for coordinates of ranks r_L and r_d.
    let shape name layerRank hiddenRank =
        if name = covarianceLayer || name = lag1Layer then
            [| layerRank; layerRank |]
        elif name = covarianceHidden || name = lag1Hidden then
            [| hiddenRank; hiddenRank |]
        elif name = covariancePerLayer then
            [| layerRank; hiddenRank; hiddenRank |]
        elif name = covarianceFull then
            [| layerRank * hiddenRank; layerRank * hiddenRank |]
        else
            [| layerRank; hiddenRank |]

/// Coordinates less their mean over tokens, with what every moment needs.
type Centred<'token> =
    internal
        {
            /// .. r_L r_d
            Mean: RawTensor
            /// .. r_L T r_d
            Deviations: RawTensor
            Weights: TokenWeights<'token>
        }

/// Moments over tokens. Means divide by the number of tokens (1/n); [ours] where lori.md marks it so.
module Moments =

    /// Weights `.. T` as a factor of `.. r_L T r_d`.
    let internal overTokens (weights: RawTensor) =
        weights.Reshape(Raw.withTrailing 1 [| 1; Raw.size 1 weights; 1 |] weights)

    let internal sumOverTokens (x: RawTensor) = (x.SwapAxes(-1, -2)).SumTrailing 1

    /// `.. r_L r_d` as a summand of `.. r_L T r_d`.
    let internal alongTokens (x: RawTensor) =
        x.Reshape(Raw.withTrailing 2 [| Raw.size 2 x; 1; Raw.size 1 x |] x)

    /// .. r_L (T r_d): a product with a transpose sums over tokens and the hidden mode.
    let internal byLayer (d: RawTensor) =
        d.Reshape(Raw.withTrailing 3 [| Raw.size 3 d; Raw.size 2 d * Raw.size 1 d |] d)

    /// .. (r_L T) r_d
    let internal byHidden (d: RawTensor) =
        d.Reshape(Raw.withTrailing 3 [| Raw.size 3 d * Raw.size 2 d; Raw.size 1 d |] d)

    /// .. T (r_L r_d): z_t = vec Z[:, t, :]
    let internal byToken (d: RawTensor) =
        (d.SwapAxes(-3, -2)).Reshape(Raw.withTrailing 3 [| Raw.size 2 d; Raw.size 3 d * Raw.size 1 d |] d)

    /// Deviations times their weights.
    let internal weighted (c: Centred<'token>) =
        c.Deviations.Multiply(overTokens c.Weights.PerToken)

    /// Mean and deviations: Zbar = sum over t of w_t Z_t, D_t = Z_t - Zbar. Shapes: z : .. r_L T r_d.
    let centre (weights: TokenWeights<'token>) (Coordinates z: Coordinates<'token>) : Centred<'token> =
        let raw = Tensor3.raw z
        let mean = sumOverTokens (raw.Multiply(overTokens weights.PerToken))

        {
            Mean = mean
            Deviations = raw.Subtract(alongTokens mean)
            Weights = weights
        }

    let private statistic axes name entries =
        {
            Name = name
            Entries = entries
            Axes = axes
        }

    /// sum over t of left_t right_t' / r_d
    let private crossLayer (left: RawTensor) (right: RawTensor) =
        ((byLayer left).MatMul((byLayer right).SwapAxes(-1, -2))).Scale(1.0 / float (Raw.size 1 left))

    /// sum over t of left_t' right_t / r_L
    let private crossHidden (left: RawTensor) (right: RawTensor) =
        (((byHidden left).SwapAxes(-1, -2)).MatMul(byHidden right)).Scale(1.0 / float (Raw.size 3 left))

    /// mu, as r_L x r_d.
    let mean (c: Centred<'token>) : Statistic = statistic 2 Statistic.mean c.Mean

    /// The second-order statistics of a form:
    /// Sigma_layer = mean of D_t D_t' / r_d, Sigma_hidden = mean of D_t' D_t / r_L, Sigma_a = mean of D_t[a]' D_t[a],
    /// v = mean of D_t o D_t, Sigma = mean of vec D_t (vec D_t)'.
    let covariance form (c: Centred<'token>) : Statistic list =
        let d, w = c.Deviations, weighted c

        match form with
        | Covariance.Off -> []
        | Covariance.Modewise ->
            [
                statistic 2 Statistic.covarianceLayer (crossLayer w d)
                statistic 2 Statistic.covarianceHidden (crossHidden w d)
            ]
        | Covariance.PerLayer -> [ statistic 3 Statistic.covariancePerLayer ((w.SwapAxes(-1, -2)).MatMul d) ]
        | Covariance.Diagonal -> [ statistic 2 Statistic.covarianceDiagonal (sumOverTokens (w.Multiply d)) ]
        | Covariance.Full ->
            [
                statistic 2 Statistic.covarianceFull (((byToken w).SwapAxes(-1, -2)).MatMul(byToken d))
            ]

    /// Successive steps with the pairs' weights on the earlier one: (p_t D_t, D_(t+1)); nothing where there is one place.
    let internal successive (c: Centred<'token>) =
        let pairs = Raw.size 2 c.Deviations - 1

        c.Weights.PerPair
        |> Option.map (fun weights ->
            c.Deviations.Slice(-2, 0, pairs).Multiply(overTokens weights), c.Deviations.Slice(-2, 1, pairs))

    /// Mode-wise covariance of successive steps, mean over t = 1 .. T-1; zero for a single step.
    let private lag1 (c: Centred<'token>) =
        let layer, hidden =
            match successive c with
            | Some(here, next) -> crossLayer here next, crossHidden here next
            | None ->
                // The deviation of a single step is zero.
                crossLayer c.Deviations c.Deviations, crossHidden c.Deviations c.Deviations

        [
            statistic 2 Statistic.lag1Layer layer
            statistic 2 Statistic.lag1Hidden hidden
        ]

    /// Statistics of successive steps, or of the third order: m = mean of D_t o D_t o D_t.
    let order form (c: Centred<'token>) : Statistic list =
        match form with
        | Order.Off -> []
        | Order.Lag1 -> lag1 c
        | Order.Third ->
            let cubes = (weighted c).Multiply(c.Deviations).Multiply c.Deviations

            [ statistic 2 Statistic.third (sumOverTokens cubes) ]
