namespace LoRi.Math

/// The statistics of a trajectory that are compared, and whose variances files keep.
[<RequireQualifiedAccess>]
type StatisticKind =
    | Mean
    | CovarianceLayer
    | CovarianceHidden
    | CovariancePerLayer
    | CovarianceDiagonal
    | CovarianceFull
    | Lag1Layer
    | Lag1Hidden
    | Third

module StatisticKind =

    /// All of them.
    let all =
        [
            StatisticKind.Mean
            StatisticKind.CovarianceLayer
            StatisticKind.CovarianceHidden
            StatisticKind.CovariancePerLayer
            StatisticKind.CovarianceDiagonal
            StatisticKind.CovarianceFull
            StatisticKind.Lag1Layer
            StatisticKind.Lag1Hidden
            StatisticKind.Third
        ]

    /// The name under which files keep its variances.
    let varianceName kind =
        match kind with
        | StatisticKind.Mean -> "statistic.mean"
        | StatisticKind.CovarianceLayer -> "statistic.covariance.layer"
        | StatisticKind.CovarianceHidden -> "statistic.covariance.hidden"
        | StatisticKind.CovariancePerLayer -> "statistic.covariance.per-layer"
        | StatisticKind.CovarianceDiagonal -> "statistic.covariance.diagonal"
        | StatisticKind.CovarianceFull -> "statistic.covariance.full"
        | StatisticKind.Lag1Layer -> "statistic.order.lag-1.layer"
        | StatisticKind.Lag1Hidden -> "statistic.order.lag-1.hidden"
        | StatisticKind.Third -> "statistic.order.third"

    /// The shape of its entries for coordinates of sizes r_L and r_d.
    let shape layers width kind =
        match kind with
        | StatisticKind.CovarianceLayer
        | StatisticKind.Lag1Layer -> [| layers; layers |]
        | StatisticKind.CovarianceHidden
        | StatisticKind.Lag1Hidden -> [| width; width |]
        | StatisticKind.CovariancePerLayer -> [| layers; width; width |]
        | StatisticKind.CovarianceFull -> [| layers * width; layers * width |]
        | StatisticKind.Mean
        | StatisticKind.CovarianceDiagonal
        | StatisticKind.Third -> [| layers; width |]

    /// How many entries it has.
    let entries layers width kind =
        Array.fold (*) 1 (shape layers width kind)

/// The variances of the components themselves, which files keep beside those of the statistics.
module ComponentVariance =

    /// The name under which files keep them.
    let name = "component.variance"

module internal Variances =

    /// The shape that stored variances must have, by their name; nothing for a name that means nothing.
    let shape layers width (name: string) =
        if name = ComponentVariance.name then
            Some [| layers; width |]
        else
            StatisticKind.all
            |> List.tryFind (fun kind -> StatisticKind.varianceName kind = name)
            |> Option.map (StatisticKind.shape layers width)
