namespace LoRi.Math

/// [ours] Whose moments a student's latent steps are pulled to. All but the first are controls: what a student gains from one of
/// them, it does not gain from the reasoning of its own row.
[<RequireQualifiedAccess>]
type RationaleTargets =
    /// Those of the row's own rationale.
    | Own
    /// Those of another row's rationale, the same one throughout: `Permutation.derangement`.
    | Shuffled
    /// Those of the row's own rationale with its tokens in another order: `TokenOrder.permuted`.
    | Permuted
    /// The statistics' means over the corpus, the same for every row: `MeanMoments`.
    | CorpusMean
    /// Those of the question's tokens.
    | Question

/// Rationales whose tokens change places.
module TokenOrder =

    /// The purposes below are those of bases and derangements.
    let private firstPurpose = 4

    /// As a matrix: 1 where token `order[place]` comes to `place`, and the rest of the axis stays where it is.
    let private places size (order: int[]) =
        Array.init (size * size) (fun index ->
            let place = index / size
            let from = if place < order.Length then order[place] else place
            if index % size = from then 1.0 else 0.0)

    /// <summary>Coordinates with the tokens of every row in an order that the seed and the row's number draw: the same whenever the row
    /// comes. Errors: WrongLength, TokenCountOutOfRange.</summary>
    /// <param name="seed">Decides all orders, with the rows' numbers.</param>
    /// <param name="rows">The number of each row in its corpus. Length: example.</param>
    /// <param name="counts">How many tokens each row has, 0 to the size of the token axis; padding stays in its place. Length:
    /// example.</param>
    /// <param name="coordinates"><c>example r_L token r_d</c>.</param>
    /// <returns><c>example r_L token r_d</c>.</returns>
    let permuted
        (seed: int64)
        (rows: int[])
        (counts: int[])
        (coordinates: Coordinates<'token>)
        : Result<Coordinates<'token>, MathError> =
        let values = Coordinates.raw coordinates
        let size = Raw.size 2 values
        let examples = if values.Shape.Length < 4 then 1 else Raw.size 4 values

        result {
            do! TokenCounts.ofRows examples counts
            do! TokenCounts.within size counts
            do! refuse (rows.Length <> examples) (WrongLength("the numbers of the rows", examples, rows.Length))

            let orders =
                Array.map2 (fun row count -> Permutation.ofSeed seed (firstPurpose + row) count) rows counts

            let matrices =
                values.Constant([| examples; 1; size; size |], Array.collect (places size) orders)

            return Coordinates(Tensor3((matrices.MatMul values).Reshape values.Shape))
        }

/// <summary>Averages the statistics that an objective compares over the rows of a corpus that have tokens.</summary>
/// <param name="objective">What it compares is averaged.</param>
[<Sealed>]
type MeanMoments(objective: BoundObjective) =
    let bound = objective.Subspace
    let running = System.Collections.Generic.Dictionary<string, RunningVariance>()

    let add (weights: TokenWeights<TeacherToken>) counts coordinates (statistics: Statistic list) =
        let present = counts |> Array.map (fun count -> if count > 0 then 1.0 else 0.0)
        let centred = objective.TeacherMoments weights coordinates

        for statistic in statistics do
            if not (running.ContainsKey statistic.Name) then
                running[statistic.Name] <- RunningVariance()

            running[statistic.Name].Add present ((Statistic.value centred statistic).Entries.ToArray())

    /// <summary>One batch of coordinates. Errors: WrongShape, SizeNotPositive, WrongLength, TokenCountOutOfRange,
    /// FullMeanTooLarge.</summary>
    /// <param name="values">The teacher's coordinates, <c>example r_L token r_d</c>.</param>
    /// <param name="counts">How many tokens each row has, 0 to the size of the token axis; the rest is padding. Length: example.</param>
    member _.Add (values: RawTensor) (counts: int[]) : Result<unit, MathError> =
        result {
            let! statistics = objective.Statistics
            let! coordinates = bound.CoordinatesOf<TeacherToken> values
            do! TokenCounts.ofRows (if values.Shape.Length < 4 then 1 else Raw.size 4 values) counts

            let! weights =
                TokenWeights.ofCounts (Tensor3.dim2 (Coordinates.tensor coordinates)) counts values

            return add weights counts coordinates statistics
        }

    /// <summary>The means. Errors: EmptyCorpus, FullMeanTooLarge.</summary>
    /// <param name="like">A tensor of the backend, device and dtype that the means are to have; its numbers are not read.</param>
    member _.Finish(like: RawTensor) : Result<CorpusMoments, MathError> =
        let layers, width = bound.Subspace.CoordinateRanks

        result {
            let! statistics = objective.Statistics

            do!
                refuse
                    (statistics
                     |> List.exists (fun one -> not (running.ContainsKey one.Name) || running[one.Name].IsEmpty))
                    EmptyCorpus

            return
                CorpusMoments(
                    Map.ofList
                        [
                            for one in statistics ->
                                one.Name, like.Constant(Statistic.shape layers width one, running[one.Name].Means)
                        ]
                )
        }
