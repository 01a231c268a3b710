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

    /// <summary>The statistic of that name, if there is one.</summary>
    /// <param name="name">As <c>Statistic.name</c> gives it, such as <c>covariance.layer</c> or <c>order.parts-4</c>.</param>
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

    /// <summary>Mean and deviations: Zbar = sum over t of w_t Z_t, D_t = Z_t - Zbar. Weights of another batch stop with both
    /// shapes.</summary>
    /// <param name="weights">Of as many examples and tokens, <c>example T</c>.</param>
    /// <param name="coordinates"><c>example r_L T r_d</c>; without a batch axis they are one example.</param>
    let centre (weights: TokenWeights<'token>) (coordinates: Coordinates<'token>) : Centred<'token> =
        let z = Coordinates.raw coordinates
        belong weights z

        {
            Tokens = CentredTokens.create weights.PerToken weights.PerPair z
            Present = weights.Present
        }

    /// <summary>The means over tokens, mu.</summary>
    /// <param name="centred">Coordinates around their mean over tokens.</param>
    /// <returns>Entries <c>example r_L r_d</c>.</returns>
    let mean (centred: Centred<'token>) : StatisticValue = Statistic.value centred Statistic.mean

    /// <summary>The second-order statistics of a form.</summary>
    /// <param name="form">Which covariance is compared.</param>
    /// <param name="centred">Coordinates around their mean over tokens.</param>
    let covariance form (centred: Centred<'token>) : StatisticValue list =
        Covariance.statistics form |> List.map (Statistic.value centred)

    /// <summary>Statistics of successive steps, of the third order, or of consecutive parts.</summary>
    /// <param name="form">Which order of the steps is compared.</param>
    /// <param name="centred">Coordinates around their mean over tokens.</param>
    let order form (centred: Centred<'token>) : StatisticValue list =
        Order.statistics form |> List.map (Statistic.value centred)
