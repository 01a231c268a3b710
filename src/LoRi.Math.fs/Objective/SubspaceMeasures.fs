namespace LoRi.Math

/// The variance that rounding alone gives a statistic that does not vary: third moments of two tokens are zero by their
/// symmetry, the complement of a whole space is empty, yet float64 says 1e-17 for both. Weights made of such numbers would
/// blow up what must stay silent.
module private Rounding =

    /// Some hundred units in the last place of float64.
    let private share = 1e-13

    /// A coordinate's own error is `share` of the states' size; whatever it is then multiplied by is as large as the deviations.
    /// Mean squares: `states` of the standardised states' components, `deviations` of the coordinates around their means.
    let variance (states: float) (deviations: float) degree =
        share * share * states * (deviations ** float (degree - 1))

/// <summary>What a second reading of the corpus measures about a fitted subspace: kept energy, the variances that the weightings need,
/// and the deviation of the anchors.</summary>
/// <param name="subspace">What was fitted to the corpus.</param>
/// <param name="measured">Which variances are wanted.</param>
/// <param name="like">A tensor of the backend, device and dtype that the corpus is read in; its numbers are not read.</param>
[<Sealed>]
type SubspaceMeasures(subspace: FittedSubspace, measured: MeasuredVariances, like: RawTensor) =
    let bound = BoundSubspace(subspace, like)
    let mutable kept = 0.0
    /// Energy of coordinates of the complement, where they were read in place of trajectories.
    let mutable leftOut: float option = None
    let components = RunningVariance()

    let statistics =
        System.Collections.Generic.Dictionary<string, Statistic * RunningVariance>()

    let anchors = RunningVariance()
    let mutable deviations = 0.0
    let mutable examples = 0.0

    /// Entries of the largest statistic of one example.
    let largest =
        let layers, width = subspace.CoordinateRanks

        match measured with
        | MeasuredVariances.Statistics all -> all |> List.map (Statistic.entries layers width) |> List.fold max 1
        | MeasuredVariances.Nothing
        | MeasuredVariances.Components -> 1

    /// Mean squares of the deviations, of examples that have tokens.
    let addDeviations (present: float[]) (centred: Centred<TeacherToken>) =
        let squares =
            let roots = (CentredTokens.overTokens centred.Tokens.PerToken).Sqrt()
            Raw.squaredNorm 3 ((Tensor3.raw centred.Tokens.Deviations).Multiply roots)

        let layers, width = subspace.CoordinateRanks
        let components = float (layers * width)

        deviations <- deviations + Array.sum (Array.map2 (*) present (squares.ToArray())) / components

        examples <- examples + Array.sum present

    let addStatistics (all: Statistic list) (counts: int[]) (centred: Centred<TeacherToken>) =
        let present = counts |> Array.map (fun count -> if count > 0 then 1.0 else 0.0)
        addDeviations present centred

        for statistic in all do
            if not (statistics.ContainsKey statistic.Name) then
                statistics[statistic.Name] <- statistic, RunningVariance()

            (snd statistics[statistic.Name]).Add present ((Statistic.value centred statistic).Entries.ToArray())

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
            let byToken = Tensor3.unfold2 (Coordinates.tensor coordinates)
            components.Add (tokensOf weights) ((Matrix.raw byToken).ToArray())
        | MeasuredVariances.Statistics all -> addStatistics all counts (Moments.centre weights coordinates)

    /// Zeros where a statistic varies by rounding only.
    let varied degree (variances: float[]) =
        let components = float subspace.Levels * float subspace.Width
        let states = subspace.Energy / (float (max 1L subspace.Tokens) * components)

        let byRounding = Rounding.variance states (deviations / max 1.0 examples) degree

        if variances.Length > 0 && Array.average variances <= byRounding then
            Array.zeroCreate variances.Length
        else
            variances

    /// How many examples are taken at once, so that no statistic of them fills more than 32 MiB (or one example's).
    let atOnce = max 1 ((32 <<< 20) / 8 / largest)

    /// A batch in parts of so many examples.
    let inParts (add: RawTensor -> int[] -> Result<unit, MathError>) (values: RawTensor) (counts: int[]) =
        if values.Shape.Length < 4 || counts.Length <> Raw.size 4 values || counts.Length <= atOnce then
            add values counts
        else
            result {
                for first in 0..atOnce .. counts.Length - 1 do
                    let count = min atOnce (counts.Length - first)
                    do! values.Scoped(fun () -> add (values.Slice(-4, first, count)) (Array.sub counts first count))
            }

    let addTrajectories (states: RawTensor) (counts: int[]) =
        result {
            let! (RawTrajectory trajectory as raw) = bound.Trajectory<TeacherToken> states
            let! weights = weightsOf (Tensor3.dim2 trajectory) counts states
            let standardised = bound.Standardise raw
            let energy = (bound.KeptEnergy standardised).ToArray()
            kept <- kept + Array.sum (Array.map2 (*) (tokensOf weights) energy)
            addVariances weights counts (bound.Coordinates standardised)
        }

    let addCoordinates (values: RawTensor) (counts: int[]) =
        result {
            let! coordinates = bound.CoordinatesOf<TeacherToken> values

            let! weights =
                weightsOf (Tensor3.dim2 (Coordinates.tensor coordinates)) counts values

            let squares = (Raw.squaredNorm 2 (values.SwapAxes(-3, -2))).ToArray()
            let energy = Array.sum (Array.map2 (*) (tokensOf weights) squares)

            match subspace.Kind with
            | SubspaceKind.Complement -> leftOut <- Some(defaultArg leftOut 0.0 + energy)
            | SubspaceKind.MultilinearSvd
            | SubspaceKind.Gradient
            | SubspaceKind.Random _
            | SubspaceKind.Identity -> kept <- kept + energy

            addVariances weights counts coordinates
        }

    /// How many examples of a batch are taken at once. Coordinates that are projected as many at a time are, to the last bit, those that
    /// `AddTrajectories` makes.
    member _.ExamplesAtOnce = atOnce

    /// <summary>One batch of raw trajectories. Errors: WrongShape, SizeNotPositive, WrongLength, TokenCountOutOfRange.</summary>
    /// <param name="states">Raw states, <c>example level token hidden</c>.</param>
    /// <param name="counts">How many tokens each row has, 0 to the size of the token axis; the rest is padding. Length: example.</param>
    member _.AddTrajectories (states: RawTensor) (counts: int[]) : Result<unit, MathError> =
        inParts addTrajectories states counts

    /// <summary>One batch of coordinates in this subspace, instead of the trajectories that they came from. Errors: WrongShape,
    /// SizeNotPositive, WrongLength, TokenCountOutOfRange.</summary>
    /// <param name="values"><c>example r_L token r_d</c>.</param>
    /// <param name="counts">How many tokens each row has, 0 to the size of the token axis; the rest is padding. Length: example.</param>
    member _.AddCoordinates (values: RawTensor) (counts: int[]) : Result<unit, MathError> =
        inParts addCoordinates values counts

    /// <summary>One batch of raw anchors. Errors: WrongShape.</summary>
    /// <param name="states">The teacher's raw states at the anchor, <c>example level hidden</c>.</param>
    member _.AddAnchors(states: RawTensor) : Result<unit, MathError> =
        bound.Anchors states
        |> Result.map (fun (Anchors checked') ->
            let values = ((Matrix.raw checked').SwapAxes(-1, -2)).ToArray()
            anchors.Add (Array.create (values.Length / subspace.Levels) 1.0) values)

    /// The subspace with what was measured.
    member _.Finish() : MeasuredSubspace =
        {
            Fitted = subspace
            EnergyKept =
                (match leftOut with
                 | Some energy -> Some(max 0.0 (subspace.Energy - energy))
                 | None -> Some kept)
            ComponentVariances =
                if measured = MeasuredVariances.Components then
                    Some(varied 1 components.Variances)
                else
                    None
            StatisticVariances =
                Map.ofSeq
                    [
                        for pair in statistics ->
                            let statistic, running = pair.Value
                            pair.Key, varied statistic.Degree running.Variances
                    ]
            AnchorDeviation = if anchors.IsEmpty then None else Some anchors.Deviations
        }

/// Subspaces of a corpus in memory.
module SharedSubspace =

    /// As many counts, and as many anchors or none, as there are rows. Errors: WrongAxes, WrongLength.
    let internal checkRows (states: RawTensor) (counts: int[]) (anchors: RawTensor option) =
        result {
            do! Raw.checkAxes "the trajectories" [ "example"; "level"; "token"; "hidden" ] states
            do! TokenCounts.ofRows states.Shape[0] counts

            for anchors in Option.toList anchors do
                do! Raw.checkAxes "the anchors" [ "example"; "level"; "hidden" ] anchors

                do!
                    refuse
                        (anchors.Shape[0] <> states.Shape[0])
                        (WrongLength("the anchors of the trajectories' rows", states.Shape[0], anchors.Shape[0]))
        }

    /// <summary>Fits a subspace to trajectories and measures all that an objective of a weighting needs, in one call. Errors: WrongAxes,
    /// WrongLength, SizeNotPositive, TokenCountOutOfRange, EmptyCorpus, NotFinite, RankOutOfRange, EnergyOutOfRange,
    /// GradientsMissing.</summary>
    /// <param name="spectral">The backend's spectral operations.</param>
    /// <param name="options">Kind, standardisation and ranks; the kind <c>Gradient</c> is refused, as there are no gradients.</param>
    /// <param name="weighting">What the objectives will divide by.</param>
    /// <param name="states">The teacher's raw states, <c>example level token hidden</c>.</param>
    /// <param name="counts">How many tokens each row has, 0 to the size of the token axis; the rest is padding. Length: example.</param>
    /// <param name="anchors">The teacher's raw states at the anchor, <c>example level hidden</c>; without them no anchor term can be
    /// bound.</param>
    let fit
        (spectral: ISpectral)
        (options: SubspaceOptions)
        (weighting: Weighting)
        (states: RawTensor)
        (counts: int[])
        (anchors: RawTensor option)
        : Result<MeasuredSubspace, MathError> =
        result {
            do! checkRows states counts anchors
            let! statistics = CorpusStatistics.Start states counts
            let! corpora = StandardisedCorpora.ofStatistics statistics
            let! fitted = FittedSubspace.fit spectral options corpora

            let measures =
                SubspaceMeasures(fitted, MeasuredVariances.every weighting fitted, states)

            do! measures.AddTrajectories states counts

            for anchors in Option.toList anchors do
                do! measures.AddAnchors anchors

            return measures.Finish()
        }
