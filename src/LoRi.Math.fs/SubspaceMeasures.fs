namespace LoRi.Math

/// Running mean and sum of squared deviations of many arrays of one shape (Chan, Golub, LeVeque 1979).
[<Sealed>]
type private RunningVariance() =
    let mutable count = 0.0
    let mutable mean: float[] = [||]
    let mutable squares: float[] = [||]

    /// Adds `rows` arrays that lie one after another; those with weight zero are passed over.
    member _.Add (weights: float[]) (values: float[]) =
        let size = values.Length / weights.Length

        if mean.Length = 0 then
            mean <- Array.zeroCreate size
            squares <- Array.zeroCreate size

        for row in 0 .. weights.Length - 1 do
            if weights[row] > 0.0 then
                count <- count + 1.0

                for entry in 0 .. size - 1 do
                    let value = values[row * size + entry]
                    let before = value - mean[entry]
                    mean[entry] <- mean[entry] + before / count
                    squares[entry] <- squares[entry] + before * (value - mean[entry])

    /// Biased variances: divided by the count.
    member _.Variances = squares |> Array.map (fun sum -> sum / max 1.0 count)

/// What a second reading of the corpus measures about a fitted subspace: kept energy, the variances that the weightings need,
/// and the deviation of the anchors.
[<Sealed>]
type SubspaceMeasures(subspace: SharedSubspace, weighting: Weighting, like: RawTensor) =
    let largestFull = 512
    let bound = BoundSubspace(subspace, like)
    let mutable kept = 0.0
    let components = RunningVariance()
    let statistics = System.Collections.Generic.Dictionary<string, RunningVariance>()
    let mutable anchorCount = 0.0
    let mutable anchorMean: float[] = [||]
    let mutable anchorSquares: float[] = [||]

    let forms =
        let layers, width = SharedSubspace.coordinateRanks subspace
        [ Covariance.Modewise
          Covariance.PerLayer
          Covariance.Diagonal
          if layers * width <= largestFull then
              Covariance.Full ]

    let statisticsOf centred =
        [ Moments.mean centred
          for form in forms do
              yield! Moments.covariance form centred
          yield! Moments.order Order.Lag1 centred
          yield! Moments.order Order.Third centred ]

    /// One batch of raw trajectories, example level token hidden.
    member _.AddTrajectories (trajectories: RawTensor) (lengths: int[]) =
        let steps = trajectories.Shape[2]
        let dim = Dim.trusted<TeacherToken> steps
        let standardised = bound.Standardise(RawTrajectory(Tensor3 trajectories))
        let mask = lengths |> Array.collect (fun length -> Array.init steps (fun token -> if token < length then 1.0 else 0.0))
        kept <- kept + (Array.map2 (*) mask ((bound.KeptEnergy standardised).ToArray()) |> Array.sum)

        if weighting <> Weighting.Off then
            let coordinates = bound.Coordinates standardised

            match TokenWeights.ofLengths dim lengths like with
            | Error error -> MathError.invariant (MathError.describe error)
            | Ok weights ->
                let (Coordinates z) = coordinates
                let present = lengths |> Array.map (fun length -> if length > 0 then 1.0 else 0.0)

                if weighting = Weighting.Variance then
                    components.Add mask ((Moments.byToken (Tensor3.raw z)).ToArray())
                else
                    for statistic in statisticsOf (Moments.centre weights coordinates) do
                        let name = "statistic." + statistic.Name

                        if not (statistics.ContainsKey name) then
                            statistics[name] <- RunningVariance()

                        statistics[name].Add present (statistic.Entries.ToArray())

    /// One batch of raw anchors, example level hidden.
    member _.AddAnchors(anchors: RawTensor) =
        let values = anchors.ToArray()
        let levels, width = subspace.Levels, subspace.Width
        if anchorMean.Length = 0 then
            anchorMean <- Array.zeroCreate levels
            anchorSquares <- Array.zeroCreate levels

        for example in 0 .. values.Length / (levels * width) - 1 do
            for entry in 0 .. width - 1 do
                anchorCount <- anchorCount + 1.0
                for level in 0 .. levels - 1 do
                    let value = values[(example * levels + level) * width + entry]
                    let before = value - anchorMean[level]
                    anchorMean[level] <- anchorMean[level] + before / anchorCount
                    anchorSquares[level] <- anchorSquares[level] + before * (value - anchorMean[level])

    /// The subspace with what was measured.
    member _.Finish() : SharedSubspace =
        let variances =
            match weighting with
            | Weighting.Off -> Map.empty
            | Weighting.Variance -> Map.ofList [ "component.variance", components.Variances ]
            | Weighting.Statistic -> Map.ofList [ for pair in statistics -> pair.Key, pair.Value.Variances ]

        { subspace with
            EnergyKept = kept
            Variances = variances
            AnchorDeviation = anchorSquares |> Array.map (fun sum -> sqrt (sum / (anchorCount - 1.0))) }
