namespace LoRi.Math

/// The statistics of a batch of trajectories. Means divide by the number of tokens (1/n). That first and second moments are compared
/// is [paper]; the forms of the covariance, the lag and the third moments are [ours].
module Moments =

    /// Every statistic that can be compared, but for the means of parts, of which there is one for every number of them.
    let all =
        [
            Statistic.mean
            Covariance.layer
            Covariance.hidden
            Covariance.perLayer
            Covariance.diagonal
            Covariance.full
            Order.lag1Layer
            Order.lag1Hidden
            Order.third
        ]

    /// The statistic of that name, if there is one.
    let find (name: string) =
        all @ Order.ofPartsNamed name |> List.tryFind (fun statistic -> statistic.Name = name)

    /// Weights belong to these coordinates: as many tokens, as many examples (no batch axis is one example).
    let private belong (weights: TokenWeights<'token>) (z: RawTensor) =
        let own = weights.PerToken
        let examples = if z.Shape.Length < 4 then 1 else Raw.size 4 z

        if Raw.size 1 own <> Raw.size 2 z || own.Shape[0] <> examples then
            let axis =
                if own.Shape[0] <> examples then
                    "example"
                else
                    Axis.name<'token>

            MathError.invariant (
                MathError.describe (ShapeMismatch("token weights", axis, List.ofArray own.Shape, List.ofArray z.Shape))
            )

    /// Mean and deviations: Zbar = sum over t of w_t Z_t, D_t = Z_t - Zbar. Shapes: z : example r_L T r_d; weights : example T.
    /// Weights of another batch stop with both shapes.
    let centre (weights: TokenWeights<'token>) (Coordinates z: Coordinates<'token>) : Centred<'token> =
        belong weights (Tensor3.raw z)

        {
            Tokens = CentredTokens.create weights.PerToken weights.PerPair (Tensor3.raw z)
            Present = weights.Present
        }

    /// mu, r_L x r_d.
    let mean (centred: Centred<'token>) : StatisticValue = Statistic.value centred Statistic.mean

    /// The second-order statistics of a form.
    let covariance form (centred: Centred<'token>) : StatisticValue list =
        Covariance.statistics form |> List.map (Statistic.value centred)

    /// Statistics of successive steps, of the third order, or of consecutive parts.
    let order form (centred: Centred<'token>) : StatisticValue list =
        Order.statistics form |> List.map (Statistic.value centred)
