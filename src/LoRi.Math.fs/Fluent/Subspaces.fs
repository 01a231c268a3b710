/// The door for C#: reading a corpus and fitting subspaces to it.
namespace LoRi.Math.Fluent

open System.Collections.Generic
open LoRi.Math

/// Reading a corpus batch by batch: once for `CorpusStatistics`, or twice with less memory, the second time under all three
/// standardisations. Shapes: states : example level token hidden; counts : example.
[<AbstractClass; Sealed>]
type Readings =

    /// <summary>Statistics of a first batch. <c>CorpusStatistics.Start</c>.</summary>
    /// <param name="states">Raw states, example x level x token x hidden.</param>
    /// <param name="counts">The tokens of each example; the rest of its axis is padding.</param>
    static member Statistics(states: RawTensor, counts: int[]) : CorpusStatistics =
        CorpusStatistics.Start states counts |> Door.orThrow

    /// <summary>Statistics whose sums a backend has made by itself. <c>CorpusStatistics.OfSums</c>.</summary>
    /// <param name="shift">What is taken off every state before it is summed, level x hidden.</param>
    /// <param name="examples">How many examples were summed.</param>
    /// <param name="tokens">How many tokens were summed.</param>
    /// <param name="sums">Sums of shifted states, level x hidden.</param>
    /// <param name="hiddenGrams">Sums of products of components, level x hidden x hidden.</param>
    /// <param name="levelProducts">Sums of products of levels, level x level.</param>
    static member Statistics
        (
            shift: RawTensor,
            examples: int,
            tokens: float,
            sums: RawTensor,
            hiddenGrams: RawTensor,
            levelProducts: RawTensor
        ) : CorpusStatistics =
        CorpusStatistics.OfSums shift examples tokens sums hiddenGrams levelProducts
        |> Door.orThrow

    /// <summary>With one more batch. <c>CorpusStatistics.Add</c>.</summary>
    /// <param name="statistics">What was summed over the corpus so far.</param>
    /// <param name="states">Raw states, example x level x token x hidden.</param>
    /// <param name="counts">The tokens of each example; the rest of its axis is padding.</param>
    static member Add(statistics: CorpusStatistics, states: RawTensor, counts: int[]) : CorpusStatistics =
        statistics.Add states counts |> Door.orThrow

    /// <summary>Sums of a first batch. <c>LevelSums.Start</c>.</summary>
    /// <param name="states">Raw states, example x level x token x hidden.</param>
    /// <param name="counts">The tokens of each example; the rest of its axis is padding.</param>
    static member Sums(states: RawTensor, counts: int[]) : LevelSums =
        LevelSums.Start states counts |> Door.orThrow

    /// <summary>Sums that a backend has made by itself. <c>LevelSums.OfSums</c>.</summary>
    /// <param name="shift">What is taken off every state before it is summed, level x hidden.</param>
    /// <param name="examples">How many examples were summed.</param>
    /// <param name="tokens">How many tokens were summed.</param>
    /// <param name="sums">Sums of shifted states, level x hidden.</param>
    /// <param name="levelProducts">Sums of products of levels, level x level.</param>
    static member Sums
        (shift: RawTensor, examples: int, tokens: float, sums: RawTensor, levelProducts: RawTensor)
        : LevelSums =
        LevelSums.OfSums shift examples tokens sums levelProducts |> Door.orThrow

    /// <summary>With one more batch. <c>LevelSums.Add</c>.</summary>
    /// <param name="sums">What the first reading summed so far.</param>
    /// <param name="states">Raw states, example x level x token x hidden.</param>
    /// <param name="counts">The tokens of each example; the rest of its axis is padding.</param>
    static member Add(sums: LevelSums, states: RawTensor, counts: int[]) : LevelSums =
        sums.Add states counts |> Door.orThrow

    /// <summary>Nothing read the second time yet, one per standardisation. <c>GramSums.Start</c>.</summary>
    /// <param name="sums">What the first reading summed so far.</param>
    static member Start(sums: LevelSums) : IReadOnlyList<GramSums> =
        [|
            for standardisation in Standardisation.all -> GramSums.Start sums standardisation |> Door.orThrow
        |]
        :> IReadOnlyList<GramSums>

    /// <summary>With one more batch. <c>GramSums.Add</c>.</summary>
    /// <param name="grams">What the second reading summed so far under one standardisation.</param>
    /// <param name="states">Raw states, example x level x token x hidden.</param>
    /// <param name="counts">The tokens of each example; the rest of its axis is padding.</param>
    static member Add(grams: GramSums, states: RawTensor, counts: int[]) : GramSums =
        grams.Add states counts |> Door.orThrow

    /// <summary>What a backend has summed by itself in its second reading. <c>GramSums.OfLevels</c>.</summary>
    /// <param name="sums">What the first reading summed.</param>
    /// <param name="start">Nothing read yet, as <c>Start</c> gives it for one standardisation.</param>
    /// <param name="weighted">Sums over levels and tokens of products of components of shifted states, those of a level over its squared
    /// scale: hidden x hidden.</param>
    static member Grams(sums: LevelSums, start: GramSums, weighted: RawTensor) : GramSums =
        GramSums.OfLevels sums start weighted |> Door.orThrow

    /// <summary>The corpora of what was read; sums in the order that <c>Start</c> gave them.</summary>
    /// <param name="sums">What the first reading summed so far.</param>
    /// <param name="grams">What the second reading summed, in the order that <c>Start</c> gave.</param>
    static member Finish(sums: LevelSums, grams: IReadOnlyList<GramSums>) : StandardisedCorpora =
        let corpus standardisation =
            grams[List.findIndex ((=) standardisation) Standardisation.all].Corpus

        StandardisedCorpora.make corpus sums.Examples sums.Tokens |> Door.orThrow

/// Fitting shared subspaces and moving trajectories into them.
[<AbstractClass; Sealed>]
type Subspaces =

    /// Anchors of no example at all are none.
    static member private Given(anchors: RawTensor) : RawTensor option =
        if anchors.Shape.Length > 0 && anchors.Shape[0] = 0 then
            None
        else
            Some anchors

    /// <summary>The subspace of a corpus read once. <c>FittedSubspace.fit</c>.</summary>
    /// <param name="spectral">Eigenvalues and singular values: <c>new ReferenceSpectral()</c>, or a backend's own.</param>
    /// <param name="options">The kind of subspace, the standardisation, and a rank for each mode.</param>
    /// <param name="statistics">What was summed over the corpus so far.</param>
    static member Fit(spectral: ISpectral, options: SubspaceOptions, statistics: CorpusStatistics) : FittedSubspace =
        StandardisedCorpora.ofStatistics statistics
        |> Result.bind (FittedSubspace.fit spectral options)
        |> Door.orThrow

    /// <summary>The subspace of a corpus whose Gram matrices are known. <c>FittedSubspace.fit</c>.</summary>
    /// <param name="spectral">Eigenvalues and singular values: <c>new ReferenceSpectral()</c>, or a backend's own.</param>
    /// <param name="options">The kind of subspace, the standardisation, and a rank for each mode.</param>
    /// <param name="corpora">The corpus under every standardisation.</param>
    static member Fit(spectral: ISpectral, options: SubspaceOptions, corpora: StandardisedCorpora) : FittedSubspace =
        FittedSubspace.fit spectral options corpora |> Door.orThrow

    /// <summary>The subspace of a corpus and of the gradients of the answer's loss with respect to it. <c>FittedSubspace.fitByGradients</c>.</summary>
    /// <param name="spectral">Eigenvalues and singular values: <c>new ReferenceSpectral()</c>, or a backend's own.</param>
    /// <param name="options">The kind of subspace, the standardisation, and a rank for each mode.</param>
    /// <param name="corpora">The corpus under every standardisation.</param>
    /// <param name="gradients">Sums of the gradients of the answer's loss with respect to the states, read as states are.</param>
    static member Fit
        (spectral: ISpectral, options: SubspaceOptions, corpora: StandardisedCorpora, gradients: CorpusStatistics)
        : FittedSubspace =
        FittedSubspace.fitByGradients spectral options gradients corpora |> Door.orThrow

    /// <summary>The corpus read once, under all standardisations. <c>StandardisedCorpora.ofStatistics</c>.</summary>
    /// <param name="statistics">What was summed over the corpus so far.</param>
    static member Corpora(statistics: CorpusStatistics) : StandardisedCorpora =
        StandardisedCorpora.ofStatistics statistics |> Door.orThrow

    /// <summary>The projector on the hidden directions and the mean of the last level. <c>FittedSubspace.feedback</c>.</summary>
    /// <param name="subspace">The fitted subspace.</param>
    static member Feedback(subspace: FittedSubspace) : Matrix<Hidden, Hidden> = FittedSubspace.feedback subspace

    /// <summary>The spectra of a corpus under a standardisation: <c>Spectrum.ofCorpus</c>, and of one whose levels and components are independent:
    /// <c>Spectrum.independent</c>.</summary>
    /// <param name="spectral">Eigenvalues and singular values: <c>new ReferenceSpectral()</c>, or a backend's own.</param>
    /// <param name="corpora">The corpus under every standardisation.</param>
    /// <param name="standardisation">How states are centred and scaled.</param>
    static member Spectra
        (spectral: ISpectral, corpora: StandardisedCorpora, standardisation: Standardisation)
        : struct (Spectrum * Spectrum) =
        let corpus = corpora.Under standardisation
        struct (Spectrum.ofCorpus spectral corpus, Spectrum.independent corpus)

    /// <summary>
    /// The subspace of a corpus in memory, with all that an objective of a weighting needs: <c>SharedSubspace.fit</c>.
    /// </summary>
    /// <param name="spectral">Eigenvalues and singular values: <c>new ReferenceSpectral()</c>, or a backend's own.</param>
    /// <param name="options">The kind of subspace, the standardisation, and a rank for each mode.</param>
    /// <param name="weighting">Which variances an objective will divide by.</param>
    /// <param name="trajectories">The teacher's states, example x level x token x hidden.</param>
    /// <param name="counts">The tokens of each example; the rest of its axis is padding.</param>
    /// <param name="anchors">States before the answers, example x level x hidden, or of no example at all.</param>
    /// <returns>Factor matrices, standardisation, spectra and variances.</returns>
    /// <exception cref="T:System.ArgumentException">Shapes do not fit, a value is no number, or a rank is beyond its mode.</exception>
    /// <example>
    /// Two examples of 3 levels, up to 4 tokens and 6 components, read into 2 x 3 coordinates a token:
    /// <code lang="csharp">
    /// using LoRi.Math;
    /// using LoRi.Math.Fluent;
    ///
    /// RawTensor Numbers(params int[] shape) =&gt;
    ///     Tensors.Reference(shape, [.. Enumerable.Range(0, shape.Aggregate((a, b) =&gt; a * b)).Select(i =&gt; Math.Sin(i * i))]);
    ///
    /// var subspace = Subspaces.Fit(
    ///     new ReferenceSpectral(),
    ///     new SubspaceOptions(SubspaceKind.MultilinearSvd, Standardisation.Full, RankChoice.NewExactly(2), RankChoice.NewExactly(3)),
    ///     Weighting.Statistic, Numbers(2, 3, 4, 6), [4, 3], anchors: Numbers(2, 3, 6));
    /// Console.WriteLine($"{subspace.Fitted.LayerRank} x {subspace.Fitted.HiddenRank}");
    /// </code>
    /// </example>
    static member Fit
        (
            spectral: ISpectral,
            options: SubspaceOptions,
            weighting: Weighting,
            trajectories: RawTensor,
            counts: int[],
            anchors: RawTensor
        ) : MeasuredSubspace =
        SharedSubspace.fit spectral options weighting trajectories counts (Subspaces.Given anchors)
        |> Door.orThrow

    /// <summary>A second reading for every objective of a weighting; <c>like</c> chooses the backend and its precision.</summary>
    /// <param name="subspace">The fitted subspace.</param>
    /// <param name="weighting">Which variances an objective will divide by.</param>
    /// <param name="like">Any tensor of the backend, device and dtype that are wanted.</param>
    static member Measures(subspace: FittedSubspace, weighting: Weighting, like: RawTensor) : SubspaceMeasures =
        SubspaceMeasures(subspace, MeasuredVariances.every weighting subspace, like)

    /// <summary>One batch of the second reading. Shapes as in <c>Fit</c>.</summary>
    /// <param name="measures">What the second reading has measured so far; it is changed.</param>
    /// <param name="trajectories">The teacher's states, example x level x token x hidden.</param>
    /// <param name="counts">The tokens of each example; the rest of its axis is padding.</param>
    /// <param name="anchors">States before the answers, example x level x hidden, or of no example at all.</param>
    static member Measure
        (measures: SubspaceMeasures, trajectories: RawTensor, counts: int[], anchors: RawTensor)
        : unit =
        SharedSubspace.checkRows trajectories counts (Subspaces.Given anchors)
        |> Result.bind (fun () -> measures.AddTrajectories trajectories counts)
        |> Door.orThrow

        Subspaces.MeasureAnchors(measures, anchors)

    /// <summary>Anchors apart from trajectories, where not every example has one. Shape: example level hidden, or of no example at all.</summary>
    /// <param name="measures">What the second reading has measured so far; it is changed.</param>
    /// <param name="anchors">States before the answers, example x level x hidden, or of no example at all.</param>
    static member MeasureAnchors(measures: SubspaceMeasures, anchors: RawTensor) : unit =
        for anchors in Option.toList (Subspaces.Given anchors) do
            measures.AddAnchors anchors |> Door.orThrow

    /// <summary>The same for coordinates that were projected before. Shapes: coordinates : example r_L token r_d; anchors : example level
    /// hidden, or of no example at all.</summary>
    /// <param name="measures">What the second reading has measured so far; it is changed.</param>
    /// <param name="coordinates">What was projected before, example x r_L x token x r_d.</param>
    /// <param name="counts">The tokens of each example; the rest of its axis is padding.</param>
    /// <param name="anchors">States before the answers, example x level x hidden, or of no example at all.</param>
    static member MeasureCoordinates
        (measures: SubspaceMeasures, coordinates: RawTensor, counts: int[], anchors: RawTensor)
        : unit =
        SharedSubspace.checkRows coordinates counts (Subspaces.Given anchors)
        |> Result.bind (fun () -> measures.AddCoordinates coordinates counts)
        |> Door.orThrow

        Subspaces.MeasureAnchors(measures, anchors)

    /// <summary>A basis on the reference backend, from row-major values. Shape: size rank.</summary>
    /// <param name="size">How long each column is.</param>
    /// <param name="rank">How many columns.</param>
    /// <param name="values">The entries, row by row.</param>
    static member Basis<'axis>(size: int, rank: int, values: float[]) : Matrix<'axis, Truncated<'axis>> =
        Matrix(Tensors.Reference([| size; rank |], values))

    /// <summary>A level's numbers side by side on the reference backend, from row-major values. Shape: level hidden.</summary>
    /// <param name="levels">How many levels.</param>
    /// <param name="width">Components of a state.</param>
    /// <param name="values">The entries, level by level.</param>
    static member PerLevel(levels: int, width: int, values: float[]) : Matrix<Level, Hidden> =
        Matrix(Tensors.Reference([| levels; width |], values))

    /// <summary>The shape of a statistic's variances for coordinates of these sizes; null where no statistic has that name.</summary>
    /// <param name="name">The name of a statistic.</param>
    /// <param name="layers">The rank r_L of the layer mode.</param>
    /// <param name="width">The rank r_d of the hidden mode.</param>
    static member StatisticShape(name: string, layers: int, width: int) : int[] | null =
        match Moments.find name with
        | Some statistic -> Statistic.shape layers width statistic
        | None -> null

    /// <summary>A subspace from outside, if its parts fit together. <c>FittedSubspace.validate</c>.</summary>
    /// <param name="subspace">The subspace that came from outside.</param>
    static member Validate(subspace: FittedSubspace) : FittedSubspace =
        FittedSubspace.validate subspace |> Door.orThrow

    /// <summary>A subspace from outside with its measures, if its parts fit together. <c>MeasuredSubspace.validate</c>.</summary>
    /// <param name="subspace">The subspace that came from outside.</param>
    static member Validate(subspace: MeasuredSubspace) : MeasuredSubspace =
        MeasuredSubspace.validate subspace |> Door.orThrow
