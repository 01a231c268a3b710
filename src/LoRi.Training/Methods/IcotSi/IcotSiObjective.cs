using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.IcotSi;

/// <summary>The end of the chain of thought at which tokens are removed.</summary>
internal enum RemovalSide
{
    /// <summary>Its beginning.</summary>
    Left,

    /// <summary>Its end.</summary>
    Right,
}

/// <summary>A row with what is left of its chain of thought.</summary>
/// <param name="Graded">The row.</param>
/// <param name="ChainLeft">Tokens of the chain that are left.</param>
internal sealed record ShortenedRow(GradedRow Graded, int ChainLeft)
{
    /// <summary>A row without <paramref name="count"/> tokens of its chain, or as many as it has; null for all.</summary>
    /// <param name="example">The row.</param>
    /// <param name="count">How many.</param>
    /// <param name="side">At which end.</param>
    /// <param name="keepsPositions">Whether what follows keeps its position: the gap lies before the last id of the question.</param>
    public static ShortenedRow Of(EncodedExample example, int? count, RemovalSide side, bool keepsPositions)
    {
        ArgumentNullException.ThrowIfNull(example);
        var removed = System.Math.Min(count ?? int.MaxValue, example.Rationale.Length);
        var left = side == RemovalSide.Left ? example.Rationale[removed..] : example.Rationale[..^removed];
        var row = GradedRow.Explicit(example with { Rationale = left });
        var gap = new PositionGap(example.Question.Length - 1, removed);
        return new(keepsPositions && removed > 0 ? row with { Gap = gap } : row, left.Length);
    }
}

/// <summary>
/// iCoT-SI, stepwise internalisation (Deng et al. 2024, arXiv 2405.14838): the explicit chain of thought, of which more and more is
/// removed, until the model answers without. Cross-entropy on everything after the question; no latent steps, no teacher.
/// </summary>
/// <param name="schedule">How many tokens are removed at a step.</param>
/// <param name="offset">Tokens that are removed from a row beyond that, drawn row by row.</param>
/// <param name="side">Where they are removed.</param>
/// <param name="keepsPositions">Whether what follows keeps its position.</param>
/// <param name="reset">When the optimizer is reset: at a stage, where one more token is removed.</param>
internal sealed class IcotSiObjective(RemovalSchedule schedule, Func<SeededRandom, int> offset, RemovalSide side, bool keepsPositions,
    OptimizerReset reset) : Objective<ShortenedRow>
{
    private const string Chain = "chain";

    /// <inheritdoc/>
    public override ICurriculum Curriculum { get; } = new Removal(schedule, reset);

    /// <inheritdoc/>
    public override IReadOnlyList<ShortenedRow> LayOut(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw) =>
        [.. rows.Select(row => ShortenedRow.Of(row, Removed(now, draw), side, keepsPositions))];

    private int? Removed(Moment now, SeededRandom draw) =>
        schedule.IsPretraining(now.Step) ? schedule.StartFrom : schedule.At(now.Step) + offset(draw);

    /// <inheritdoc/>
    public override int LengthOf(ShortenedRow row) => row.Graded.Ids.Length;

    /// <inheritdoc/>
    public override Totals Count(IReadOnlyList<ShortenedRow> rows) =>
        new((Totals.Task, rows.Sum(row => row.Graded.Graded)), (Chain, rows.Sum(row => row.ChainLeft)));

    /// <inheritdoc/>
    public override Tensor Task(ReasoningModel model, IReadOnlyList<ShortenedRow> part, Totals whole) =>
        GradedPass.Run(model, model.Weights(), [.. part.Select(row => row.Graded)], levels: false).CrossEntropySum.Over(whole[Totals.Task]);

    /// <summary>Every number of removed tokens is a point; the optimizer is reset there, unless nothing was left to remove.</summary>
    private sealed class Removal(RemovalSchedule schedule, OptimizerReset reset) : ICurriculum
    {
        public int PointAt(Moment now) => schedule.At(now.Step) ?? int.MaxValue;

        public bool ResetsOptimizer(Moment now, Func<IPreparedStep> before) => reset switch
        {
            OptimizerReset.Stage => PointAt(now) > PointAt(now.Before) && before().Totals[Chain] > 0,
            OptimizerReset.Epoch => now.Made(1) > now.Before.Made(1),
            _ => false,
        };
    }
}
