namespace LoRi.Math

/// Running mean and sum of squared deviations of many arrays of one shape (Welford 1962).
[<Sealed>]
type private RunningVariance() =
    let mutable count = 0.0
    let mutable mean: float[] = [||]
    let mutable squares: float[] = [||]

    /// Adds `weights.Length` arrays that lie one after another; those with weight zero are passed over.
    member _.Add (weights: float[]) (values: float[]) =
        let size =
            if weights.Length = 0 then
                0
            else
                values.Length / weights.Length

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

    /// Unbiased deviations: divided by the count less one, then the root.
    member _.Deviations =
        squares |> Array.map (fun sum -> sqrt (sum / max 1.0 (count - 1.0)))

/// The variance that rounding alone gives a statistic that does not vary: third moments of two tokens are zero by their
/// symmetry, the complement of a whole space is empty, yet float64 says 1e-17 for both. Weights made of such numbers would
/// blow up what must stay silent.
module private Rounding =

    /// Some hundred units in the last place of float64.
    let private share = 1e-13

    /// How often deviations are multiplied: a coordinate's own error is `share` of the states' size, whatever it is then
    /// multiplied by is as large as the deviations.
    let private degree name =
        match StatisticKind.all |> List.tryFind (fun kind -> StatisticKind.varianceName kind = name) with
        | None
        | Some StatisticKind.Mean -> 1
        | Some StatisticKind.Third -> 3
        | Some _ -> 2

    /// Mean squares: `states` of the standardised states' components, `deviations` of the coordinates around their means.
    let variance (states: float) (deviations: float) name =
        share * share * states * (deviations ** float (degree name - 1))

/// Which variances a second reading of the corpus keeps.
[<RequireQualifiedAccess>]
type MeasuredVariances =
    | Nothing
    /// Of the components, across tokens.
    | Components
    /// Of the mean's entries and of these forms' entries, across examples.
    | Statistics of Covariance list * Order list

module MeasuredVariances =

    /// What one objective needs.
    let ofRationale (options: RationaleOptions) =
        match options.Weighting with
        | Weighting.Off -> MeasuredVariances.Nothing
        | Weighting.Variance -> MeasuredVariances.Components
        | Weighting.Statistic -> MeasuredVariances.Statistics([ options.Covariance ], [ options.Order ])

    /// What every objective of a weighting needs in this subspace; the full covariance only up to p = 512.
    let every weighting (subspace: SharedSubspace) =
        let layers, width = SharedSubspace.coordinateRanks subspace

        match weighting with
        | Weighting.Off -> MeasuredVariances.Nothing
        | Weighting.Variance -> MeasuredVariances.Components
        | Weighting.Statistic ->
            MeasuredVariances.Statistics(
                [
                    Covariance.Modewise
                    Covariance.PerLayer
                    Covariance.Diagonal
                    if layers * width <= Moments.largestFull then
                        Covariance.Full
                ],
                [ Order.Lag1; Order.Third ]
            )

/// What a second reading of the corpus measures about a fitted subspace: kept energy, the variances that the weightings need,
/// and the deviation of the anchors. `like` chooses the backend and its precision.
[<Sealed>]
type SubspaceMeasures(subspace: SharedSubspace, measured: MeasuredVariances, like: RawTensor) =
    let bound = BoundSubspace(subspace, like)
    let mutable kept = 0.0
    /// Energy of coordinates of the complement, where they were read in place of trajectories.
    let mutable leftOut: float option = None
    let components = RunningVariance()
    let statistics = System.Collections.Generic.Dictionary<string, RunningVariance>()
    let anchors = RunningVariance()
    let mutable deviations = 0.0
    let mutable examples = 0.0

    /// Entries of the largest statistic of one example.
    let largest =
        let layers, width = SharedSubspace.coordinateRanks subspace

        match measured with
        | MeasuredVariances.Statistics(covariances, orders) ->
            List.collect Moments.ofCovariance covariances @ List.collect Moments.ofOrder orders
            |> List.map (StatisticKind.entries layers width)
            |> List.fold max 1
        | MeasuredVariances.Nothing
        | MeasuredVariances.Components -> 1

    /// Mean squares of the deviations, of examples that have tokens.
    let addDeviations (present: float[]) (centred: Centred<TeacherToken>) =
        let squares =
            Raw.squaredNorm 3 (centred.Deviations.Multiply((Moments.overTokens centred.Weights.PerToken).Sqrt()))

        let components =
            float (Raw.size 3 centred.Deviations * Raw.size 1 centred.Deviations)

        deviations <- deviations + Array.sum (Array.map2 (*) present (squares.ToArray())) / components

        examples <- examples + Array.sum present

    let addStatistics covariances orders (counts: int[]) (centred: Centred<TeacherToken>) =
        let present = counts |> Array.map (fun count -> if count > 0 then 1.0 else 0.0)
        addDeviations present centred

        let all =
            [
                Moments.mean centred
                for form in covariances do
                    yield! Moments.covariance form centred
                for form in orders do
                    yield! Moments.order form centred
            ]

        for statistic in all do
            let name = StatisticKind.varianceName statistic.Kind

            if not (statistics.ContainsKey name) then
                statistics[name] <- RunningVariance()

            statistics[name].Add present (statistic.Entries.ToArray())

    /// 1 for every token of a row, 0 for its padding.
    let tokensOf (weights: TokenWeights<TeacherToken>) =
        weights.PerToken.ToArray() |> Array.map (fun w -> if w > 0.0 then 1.0 else 0.0)

    /// The weights of a batch's tokens, if there is one count per row and none exceeds the token axis.
    let weightsOf (tokens: Dim<TeacherToken>) (counts: int[]) (values: RawTensor) =
        TokenCounts.ofRows (Array.fold (*) 1 (Raw.leading 3 values)) counts
        |> Result.bind (fun () -> TokenWeights.ofCounts tokens counts like)

    let addVariances (weights: TokenWeights<TeacherToken>) counts (coordinates: Coordinates<TeacherToken>) =
        match measured with
        | MeasuredVariances.Nothing -> ()
        | MeasuredVariances.Components ->
            components.Add (tokensOf weights) ((Moments.byToken (Coordinates.raw coordinates)).ToArray())
        | MeasuredVariances.Statistics(covariances, orders) ->
            addStatistics covariances orders counts (Moments.centre weights coordinates)

    /// Zeros where a statistic varies by rounding only.
    let varied name (variances: float[]) =
        let components = float subspace.Levels * float subspace.Width
        let states = subspace.Energy / (float (max 1L subspace.Tokens) * components)

        let byRounding = Rounding.variance states (deviations / max 1.0 examples) name

        if variances.Length > 0 && Array.average variances <= byRounding then
            Array.zeroCreate variances.Length
        else
            variances

    /// How many examples a batch may have at most so that no statistic of the batch fills more than 32 MiB (or one example's).
    member _.ExamplesAtOnce = max 1 ((32 <<< 20) / 8 / largest)

    /// One batch of raw trajectories. Shapes: states : example level token hidden; counts : example.
    /// Errors: WrongShape, SizeNotPositive, WrongLength, TokenCountOutOfRange.
    member _.AddTrajectories (states: RawTensor) (counts: int[]) : Result<unit, MathError> =
        bound.Trajectory<TeacherToken> states
        |> Result.bind (fun (RawTrajectory trajectory as raw) ->
            weightsOf (Tensor3.dim2 trajectory) counts states
            |> Result.map (fun weights ->
                let standardised = bound.Standardise raw

                let energy = (bound.KeptEnergy standardised).ToArray()
                kept <- kept + Array.sum (Array.map2 (*) (tokensOf weights) energy)
                addVariances weights counts (bound.Coordinates standardised)))

    /// One batch of coordinates in this subspace, instead of the trajectories that they came from. Shapes: values : example r_L
    /// token r_d; counts : example. Errors: WrongShape, SizeNotPositive, WrongLength, TokenCountOutOfRange.
    member _.AddCoordinates (values: RawTensor) (counts: int[]) : Result<unit, MathError> =
        bound.CoordinatesOf<TeacherToken> values
        |> Result.bind (fun coordinates ->
            weightsOf (Tensor3.dim2 (Coordinates.tensor coordinates)) counts values
            |> Result.map (fun weights ->
                let squares = (Raw.squaredNorm 2 (values.SwapAxes(-3, -2))).ToArray()
                let energy = Array.sum (Array.map2 (*) (tokensOf weights) squares)

                match subspace.Kind with
                | SubspaceKind.Complement -> leftOut <- Some(defaultArg leftOut 0.0 + energy)
                | SubspaceKind.MultilinearSvd
                | SubspaceKind.Random _
                | SubspaceKind.Identity -> kept <- kept + energy

                addVariances weights counts coordinates))

    /// One batch of raw anchors. Shape: example level hidden. Errors: WrongShape.
    member _.AddAnchors(states: RawTensor) : Result<unit, MathError> =
        bound.Anchors states
        |> Result.map (fun (Anchors checked') ->
            let values = ((Matrix.raw checked').SwapAxes(-1, -2)).ToArray()
            anchors.Add (Array.create (values.Length / subspace.Levels) 1.0) values)

    /// The subspace with what was measured.
    member _.Finish() : SharedSubspace =
        let variances =
            match measured with
            | MeasuredVariances.Nothing -> Map.empty
            | MeasuredVariances.Components -> Map.ofList [ ComponentVariance.name, components.Variances ]
            | MeasuredVariances.Statistics _ -> Map.ofList [ for pair in statistics -> pair.Key, pair.Value.Variances ]

        { subspace with
            EnergyKept =
                (match leftOut with
                 | Some energy -> max 0.0 (subspace.Energy - energy)
                 | None -> kept)
            Variances = Map.map varied variances
            AnchorDeviation = anchors.Deviations
        }
