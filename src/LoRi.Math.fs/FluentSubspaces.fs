/// The door for C#: reading a corpus and fitting subspaces to it.
namespace LoRi.Math.Fluent

open System.Collections.Generic
open LoRi.Math

/// Reading a corpus batch by batch: once for `CorpusStatistics`, or twice with less memory, the second time under all three
/// standardisations. Shapes: states : example level token hidden; counts : example.
[<AbstractClass; Sealed>]
type Readings =

    /// Statistics of a first batch. `CorpusStatistics.Start`.
    static member Statistics(states: RawTensor, counts: int[]) : CorpusStatistics =
        CorpusStatistics.Start states counts |> Door.orThrow

    /// With one more batch. `CorpusStatistics.Add`.
    static member Add(statistics: CorpusStatistics, states: RawTensor, counts: int[]) : CorpusStatistics =
        statistics.Add states counts |> Door.orThrow

    /// Sums of a first batch. `LevelSums.Start`.
    static member Sums(states: RawTensor, counts: int[]) : LevelSums =
        LevelSums.Start states counts |> Door.orThrow

    /// With one more batch. `LevelSums.Add`.
    static member Add(sums: LevelSums, states: RawTensor, counts: int[]) : LevelSums =
        sums.Add states counts |> Door.orThrow

    /// Nothing read the second time yet, one per standardisation. `GramSums.Start`.
    static member Start(sums: LevelSums) : IReadOnlyList<GramSums> =
        [|
            for standardisation in Standardisation.all -> GramSums.Start sums standardisation |> Door.orThrow
        |]
        :> IReadOnlyList<GramSums>

    /// With one more batch. `GramSums.Add`.
    static member Add(grams: GramSums, states: RawTensor, counts: int[]) : GramSums =
        grams.Add states counts |> Door.orThrow

    /// The corpora of what was read; sums in the order that `Start` gave them.
    static member Finish(sums: LevelSums, grams: IReadOnlyList<GramSums>) : StandardisedCorpora =
        let corpus standardisation =
            grams[List.findIndex ((=) standardisation) Standardisation.all].Corpus

        StandardisedCorpora.make corpus sums.Examples sums.Tokens |> Door.orThrow

module private MeasuredBatch =

    /// As many counts, and as many anchors or none, as there are rows. Errors: WrongAxes, WrongLength.
    let check (values: RawTensor) (counts: int[]) (anchors: RawTensor) =
        Raw.checkAxes "the trajectories" [ "example"; "level"; "token"; "hidden" ] values
        |> Result.bind (fun () -> Raw.checkAxes "the anchors" [ "example"; "level"; "hidden" ] anchors)
        |> Result.bind (fun () -> TokenCounts.ofRows values.Shape[0] counts)
        |> Result.bind (fun () ->
            if anchors.Shape[0] = 0 || anchors.Shape[0] = values.Shape[0] then
                Ok()
            else
                Error(WrongLength("the anchors of the trajectories' rows", values.Shape[0], anchors.Shape[0])))

/// Fitting shared subspaces and moving trajectories into them.
[<AbstractClass; Sealed>]
type Subspaces =

    /// The subspace of a corpus read once. `SharedSubspace.fit`.
    static member Fit(spectral: ISpectral, options: SubspaceOptions, statistics: CorpusStatistics) : SharedSubspace =
        StandardisedCorpora.ofStatistics statistics
        |> Result.bind (SharedSubspace.fit spectral options)
        |> Door.orThrow

    /// The subspace of a corpus whose Gram matrices are known. `SharedSubspace.fit`.
    static member Fit(spectral: ISpectral, options: SubspaceOptions, corpora: StandardisedCorpora) : SharedSubspace =
        SharedSubspace.fit spectral options corpora |> Door.orThrow

    /// The subspace of a corpus in memory, with all that an objective of a weighting needs.
    /// Shapes: trajectories : example level token hidden; counts : example; anchors : example level hidden.
    static member Fit
        (
            spectral: ISpectral,
            options: SubspaceOptions,
            weighting: Weighting,
            trajectories: RawTensor,
            counts: int[],
            anchors: RawTensor
        ) : SharedSubspace =
        let fitted =
            Subspaces.Fit(spectral, options, Readings.Statistics(trajectories, counts))

        let measures =
            SubspaceMeasures(fitted, MeasuredVariances.every weighting fitted, trajectories)

        Subspaces.Measure(measures, trajectories, counts, anchors)
        measures.Finish()

    /// A batch in parts of as many examples as `ExamplesAtOnce` allows, its rows, counts and anchors checked against each other.
    static member private InParts
        (
            measures: SubspaceMeasures,
            add: RawTensor -> int[] -> Result<unit, MathError>,
            values: RawTensor,
            counts: int[],
            anchors: RawTensor
        ) : unit =
        MeasuredBatch.check values counts anchors |> Door.orThrow

        for part in Seq.chunkBySize measures.ExamplesAtOnce (seq { 0 .. counts.Length - 1 }) do
            let slice (all: RawTensor) fromEnd =
                all.Slice(-fromEnd, part[0], part.Length)

            add (slice values 4) (Array.sub counts part[0] part.Length) |> Door.orThrow

            if anchors.Shape[0] > 0 then
                Subspaces.MeasureAnchors(measures, slice anchors 3)

    /// One batch for the second reading, in parts of as many examples as `ExamplesAtOnce` allows. Shapes as in `Fit`;
    /// anchors may be of no example at all.
    static member Measure
        (measures: SubspaceMeasures, trajectories: RawTensor, counts: int[], anchors: RawTensor)
        : unit =
        Subspaces.InParts(measures, measures.AddTrajectories, trajectories, counts, anchors)

    /// Anchors apart from trajectories, where not every example has one. Shape: example level hidden, or of no example at all.
    static member MeasureAnchors(measures: SubspaceMeasures, anchors: RawTensor) : unit =
        if anchors.Shape[0] > 0 then
            measures.AddAnchors anchors |> Door.orThrow

    /// The same for coordinates that were projected before. Shapes: coordinates : example r_L token r_d; anchors : example level
    /// hidden, or of no example at all.
    static member MeasureCoordinates
        (measures: SubspaceMeasures, coordinates: RawTensor, counts: int[], anchors: RawTensor)
        : unit =
        Subspaces.InParts(measures, measures.AddCoordinates, coordinates, counts, anchors)

    /// Sizes r_L and r_d of the space that coordinates live in. `SharedSubspace.coordinateRanks`.
    static member CoordinateRanks(subspace: SharedSubspace) : struct (int * int) =
        let layers, width = SharedSubspace.coordinateRanks subspace
        struct (layers, width)

    /// The shape of stored variances for coordinates of these sizes, by their name in files; null for an unknown name.
    static member VarianceShape(name: string, layers: int, width: int) : int[] | null =
        match Variances.shape layers width name with
        | Some shape -> shape
        | None -> null

    /// A subspace from outside, if its parts fit together. `SharedSubspace.validate`.
    static member Validate(subspace: SharedSubspace) : SharedSubspace =
        SharedSubspace.validate subspace |> Door.orThrow
