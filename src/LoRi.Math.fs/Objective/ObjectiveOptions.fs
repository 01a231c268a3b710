namespace LoRi.Math

/// [ours] How anchors are compared.
[<RequireQualifiedAccess>]
type AnchorForm =
    /// All components as they are.
    | Full
    /// After projection of the difference, divided by the level's rms before and multiplied after.
    | Subspace
    /// Not at all.
    | Off

/// [ours] What the difference of anchors is divided by, per level.
[<RequireQualifiedAccess>]
type AnchorScale =
    /// The unbiased deviation over the corpus's teacher anchors, fixed when the subspace is fitted.
    | Corpus
    /// The same over the teacher's anchors of the batch, as CODI has it.
    | Batch

/// Which terms are compared, and how.
type ObjectiveOptions =
    {
        /// The moments of the rationale's tokens.
        Rationale: RationaleOptions
        /// The states at the anchor.
        Anchor: AnchorForm
        /// What their difference is divided by.
        AnchorScale: AnchorScale
    }

/// What an objective needs of a subspace beyond its bases, checked and turned into constants of a backend.
module ObjectiveConstants =

    /// The statistics that the weighting divides by.
    let private statistics (options: RationaleOptions) =
        match MeasuredVariances.ofRationale options with
        | MeasuredVariances.Statistics all -> all
        | MeasuredVariances.Nothing
        | MeasuredVariances.Components -> []

    let private checkLength what expected (values: float[]) =
        refuse (values.Length <> expected) (WrongLength($"the variances of {what}", expected, values.Length))

    /// The variances that the weighting divides by are there. Errors: VarianceMissing, FullVarianceMissing, WrongLength.
    let private checkVariances (subspace: MeasuredSubspace) (options: RationaleOptions) =
        let layers, width = subspace.Fitted.CoordinateRanks

        result {
            if options.Weighting = Weighting.Variance then
                match subspace.ComponentVariances with
                | Some values -> do! checkLength "the components" (layers * width) values
                | None -> return! Error(VarianceMissing "the components")

            for statistic in statistics options do
                match subspace.StatisticVariances.TryFind statistic.Name with
                | Some values -> do! checkLength statistic.Name (Statistic.entries layers width statistic) values
                | None when statistic = Covariance.full && layers * width > Covariance.largestFull ->
                    return! Error(FullVarianceMissing(layers * width, Covariance.largestFull))
                | None -> return! Error(VarianceMissing statistic.Name)
        }

    /// The deviations that anchors are divided by are there and above zero. Errors: AnchorsMissing, AnchorsNeverVary.
    let private checkAnchors (subspace: MeasuredSubspace) (options: ObjectiveOptions) =
        if options.Anchor = AnchorForm.Off || options.AnchorScale = AnchorScale.Batch then
            Ok()
        else
            match subspace.AnchorDeviation with
            | None -> Error AnchorsMissing
            | Some deviations ->
                match deviations |> Array.tryFindIndex (fun deviation -> not (deviation > 0.0)) with
                | Some level -> Error(AnchorsNeverVary(level + 1, subspace.Fitted.Levels))
                | None -> Ok()

    /// A row has at least one part. Errors: SizeNotPositive.
    let private checkParts order =
        match order with
        | Order.Parts count -> refuse (count < 1) (SizeNotPositive("part", count))
        | Order.Off
        | Order.Lag1
        | Order.Third -> Ok()

    /// <summary>Everything that the options need is there. Errors: SizeNotPositive, VarianceMissing, FullVarianceMissing, WrongLength,
    /// AnchorsMissing, AnchorsNeverVary.</summary>
    /// <param name="subspace">The subspace with what was measured of its corpus.</param>
    /// <param name="options">What the objective compares, and how.</param>
    let check (subspace: MeasuredSubspace) (options: ObjectiveOptions) =
        result {
            do! checkParts options.Rationale.Order
            do! checkVariances subspace options.Rationale
            do! checkAnchors subspace options
        }

    /// What squared errors of each statistic are divided by, by its name.
    let internal divisors (subspace: MeasuredSubspace) (options: RationaleOptions) (like: RawTensor) =
        let layers, width = subspace.Fitted.CoordinateRanks

        Map.ofList
            [
                for statistic in statistics options ->
                    let divisors = Weighting.divisors subspace.StatisticVariances[statistic.Name]
                    statistic.Name, like.Constant(statistic.Shape layers width, divisors)
            ]

    /// What components are divided by. Shape: r_L 1 r_d.
    let internal roots (subspace: MeasuredSubspace) (options: RationaleOptions) (like: RawTensor) =
        match options.Weighting, subspace.ComponentVariances with
        | Weighting.Variance, Some variances ->
            let layers, width = subspace.Fitted.CoordinateRanks
            Some(like.Constant([| layers; 1; width |], Weighting.divisors variances |> Array.map sqrt))
        | _ -> None

    /// The corpus's deviation of the anchors per level, where the subspace has it.
    let internal deviations (subspace: MeasuredSubspace) (like: RawTensor) =
        subspace.AnchorDeviation
        |> Option.map (fun deviations -> like.Constant([| subspace.Fitted.Levels |], deviations))
