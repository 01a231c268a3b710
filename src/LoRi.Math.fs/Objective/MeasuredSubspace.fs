namespace LoRi.Math

/// Which variances a second reading of the corpus measures.
[<RequireQualifiedAccess>]
type MeasuredVariances =
    /// None: the objective divides by no variance.
    | Nothing
    /// Of the components, across tokens.
    | Components
    /// Of these statistics' entries, across examples.
    | Statistics of Statistic list

/// What has to be measured for an objective.
module MeasuredVariances =

    /// <summary>What one objective needs.</summary>
    /// <param name="options">The objective's forms and weighting.</param>
    let ofRationale (options: RationaleOptions) =
        match options.Weighting with
        | Weighting.Off -> MeasuredVariances.Nothing
        | Weighting.Variance -> MeasuredVariances.Components
        | Weighting.Statistic ->
            MeasuredVariances.Statistics(
                Statistic.mean :: Covariance.statistics options.Covariance
                @ Order.statistics options.Order
            )

    /// The most parts whose means are measured with every other statistic.
    let largestParts = 8

    /// <summary>What every objective of a weighting needs in this subspace; the full covariance only up to p = 512, means of parts up to
    /// eight.</summary>
    /// <param name="weighting">What the objectives divide by.</param>
    /// <param name="subspace">Its ranks decide whether the full covariance is measured.</param>
    let every weighting (subspace: FittedSubspace) =
        let layers, width = subspace.CoordinateRanks

        match weighting with
        | Weighting.Off -> MeasuredVariances.Nothing
        | Weighting.Variance -> MeasuredVariances.Components
        | Weighting.Statistic ->
            Moments.all @ List.map Order.parts [ 2..largestParts ]
            |> List.filter (fun statistic -> statistic <> Covariance.full || layers * width <= Covariance.largestFull)
            |> MeasuredVariances.Statistics

/// A fitted subspace with what a second reading of its corpus measures: all that an objective needs, and what a subspace file holds.
type MeasuredSubspace =
    {
        /// What was fitted to the corpus.
        Fitted: FittedSubspace
        /// What the bases keep of the corpus's energy, where it was measured.
        EnergyKept: float option
        /// Biased variances of the components across tokens, row-major r_L x r_d, where they were asked for.
        ComponentVariances: float[] option
        /// Biased variances of statistics' entries across examples, by the statistic's name.
        StatisticVariances: Map<string, float[]>
        /// Unbiased deviation of the corpus's anchors, one number per level, zero where a level's never vary; where there were any.
        AnchorDeviation: float[] option
    }

/// Subspaces with their measures, and the check of one from outside.
module MeasuredSubspace =

    /// <summary>A subspace of whose corpus nothing further is known: enough for objectives that divide by no variance and no
    /// deviation.</summary>
    /// <param name="subspace">A subspace that <c>FittedSubspace.fit</c> made or <c>FittedSubspace.validate</c> passed.</param>
    let unmeasured (subspace: FittedSubspace) : MeasuredSubspace =
        {
            Fitted = subspace
            EnergyKept = None
            ComponentVariances = None
            StatisticVariances = Map.empty
            AnchorDeviation = None
        }

    let private variances what (shape: int[]) (values: float[]) =
        result {
            do! Values.check $"the variances of {what}" (Array.fold (*) 1 shape) values
            do! Values.notBelowZero $"the variances of {what}" values
        }

    let private statistic layers width (name: string) values =
        match Moments.find name with
        | None -> Error(StatisticUnknown name)
        | Some statistic -> variances name (statistic.Shape layers width) values

    /// <summary>The subspace, if its parts fit together: what came from outside is checked here once. Errors: those of
    /// <c>FittedSubspace.validate</c>, and StatisticUnknown.</summary>
    /// <param name="subspace">As it came from a file or was put together.</param>
    let validate (subspace: MeasuredSubspace) : Result<MeasuredSubspace, MathError> =
        let layers, width = subspace.Fitted.CoordinateRanks

        result {
            let! _ = FittedSubspace.validate subspace.Fitted

            for energy in Option.toList subspace.EnergyKept do
                do! Values.check "the kept energy" 1 [| energy |]

            for values in Option.toList subspace.ComponentVariances do
                do! variances "the components" [| layers; width |] values

            for KeyValue(name, values) in subspace.StatisticVariances do
                do! statistic layers width name values

            for values in Option.toList subspace.AnchorDeviation do
                do! Values.check "the deviations of the anchors" subspace.Fitted.Levels values
                do! Values.notBelowZero "the deviations of the anchors" values

            return subspace
        }
