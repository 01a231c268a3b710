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

/// One statistic of a batch of trajectories.
type Statistic =
    {
        Kind: StatisticKind
        /// The entries: .. then `Axes` trailing axes.
        Entries: RawTensor
        /// How many trailing axes the entries have.
        Axes: int
    }

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

/// Moments over tokens. Means divide by the number of tokens (1/n). That first and second moments are compared is [paper]; the
/// forms of the covariance, the lag and the third moments are [ours].
module Moments =

    /// The statistics that a covariance form compares.
    let ofCovariance form =
        match form with
        | Covariance.Modewise -> [ StatisticKind.CovarianceLayer; StatisticKind.CovarianceHidden ]
        | Covariance.Full -> [ StatisticKind.CovarianceFull ]
        | Covariance.PerLayer -> [ StatisticKind.CovariancePerLayer ]
        | Covariance.Diagonal -> [ StatisticKind.CovarianceDiagonal ]
        | Covariance.Off -> []

    /// The statistics that an order form compares.
    let ofOrder form =
        match form with
        | Order.Lag1 -> [ StatisticKind.Lag1Layer; StatisticKind.Lag1Hidden ]
        | Order.Third -> [ StatisticKind.Third ]
        | Order.Off -> []

    /// The largest p = r_L r_d whose full covariance, p x p entries an example, is formed where something else would do.
    let internal largestFull = 512

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

    /// Weights belong to these coordinates: as many tokens, as many examples (no batch axis is one example).
    let private belong (weights: TokenWeights<'token>) (z: RawTensor) =
        let own = weights.PerToken
        let examples = if z.Shape.Length < 4 then 1 else Raw.size 4 z

        if Raw.size 1 own <> Raw.size 2 z || own.Shape[0] <> examples then
            let shapes = List.ofArray own.Shape, List.ofArray z.Shape

            let axis =
                if own.Shape[0] <> examples then
                    "example"
                else
                    Axis.name<'token>

            MathError.invariant (MathError.describe (ShapeMismatch("token weights", axis, fst shapes, snd shapes)))

    /// Mean and deviations: Zbar = sum over t of w_t Z_t, D_t = Z_t - Zbar. Shapes: z : example r_L T r_d; weights : example T.
    /// Weights of another batch stop with both shapes.
    let centre (weights: TokenWeights<'token>) (Coordinates z: Coordinates<'token>) : Centred<'token> =
        let raw = Tensor3.raw z
        belong weights raw
        let mean = sumOverTokens (raw.Multiply(overTokens weights.PerToken))

        {
            Mean = mean
            Deviations = raw.Subtract(alongTokens mean)
            Weights = weights
        }

    let private statistic axes kind entries =
        {
            Kind = kind
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
    let mean (c: Centred<'token>) : Statistic = statistic 2 StatisticKind.Mean c.Mean

    /// The second-order statistics of a form:
    /// Sigma_layer = mean of D_t D_t' / r_d, Sigma_hidden = mean of D_t' D_t / r_L, Sigma_a = mean of D_t[a]' D_t[a],
    /// v = mean of D_t o D_t, Sigma = mean of vec D_t (vec D_t)'.
    let covariance form (c: Centred<'token>) : Statistic list =
        let d, w = c.Deviations, weighted c

        match form with
        | Covariance.Off -> []
        | Covariance.Modewise ->
            [
                statistic 2 StatisticKind.CovarianceLayer (crossLayer w d)
                statistic 2 StatisticKind.CovarianceHidden (crossHidden w d)
            ]
        | Covariance.PerLayer -> [ statistic 3 StatisticKind.CovariancePerLayer ((w.SwapAxes(-1, -2)).MatMul d) ]
        | Covariance.Diagonal -> [ statistic 2 StatisticKind.CovarianceDiagonal (sumOverTokens (w.Multiply d)) ]
        | Covariance.Full ->
            [
                statistic 2 StatisticKind.CovarianceFull (((byToken w).SwapAxes(-1, -2)).MatMul(byToken d))
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
            statistic 2 StatisticKind.Lag1Layer layer
            statistic 2 StatisticKind.Lag1Hidden hidden
        ]

    /// Statistics of successive steps, or of the third order: m = mean of D_t o D_t o D_t.
    let order form (c: Centred<'token>) : Statistic list =
        match form with
        | Order.Off -> []
        | Order.Lag1 -> lag1 c
        | Order.Third ->
            let cubes = (weighted c).Multiply(c.Deviations).Multiply c.Deviations

            [ statistic 2 StatisticKind.Third (sumOverTokens cubes) ]
