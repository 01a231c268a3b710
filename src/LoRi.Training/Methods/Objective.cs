using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using static TorchSharp.torch;

namespace LoRi.Training.Methods;

/// <summary>
/// An objective in its three parts: how a row is laid out, what each term is divided by, and the loss terms of some rows. Others build
/// on it by calling these parts.
/// </summary>
/// <typeparam name="TRow">A row as it is laid out.</typeparam>
public abstract class Objective<TRow> : IObjective
{
    /// <inheritdoc/>
    public virtual ICurriculum Curriculum => NoCurriculum.Instance;

    /// <inheritdoc/>
    public IPreparedStep Prepare(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var laidOut = LayOut(rows, now, draw);
        return new PreparedStep(this, laidOut, Count(laidOut));
    }

    /// <summary>The rows of a step, in its order.</summary>
    /// <param name="rows">The problems of the step.</param>
    /// <param name="now">When in the training the step is.</param>
    /// <param name="draw">Random numbers of this step alone.</param>
    public abstract IReadOnlyList<TRow> LayOut(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw);

    /// <summary>Tokens and latent steps that a row passes through the model.</summary>
    /// <param name="row">A row of a step.</param>
    public abstract int LengthOf(TRow row);

    /// <summary>What the terms of these rows are divided by.</summary>
    /// <param name="rows">All rows of the step.</param>
    public abstract Totals Count(IReadOnlyList<TRow> rows);

    /// <summary>The task's cross-entropy of some rows over the tokens of the whole step, in nats.</summary>
    /// <param name="model">The model that is trained or measured.</param>
    /// <param name="part">Some rows of the step.</param>
    /// <param name="whole">What the whole step's terms are divided by.</param>
    /// <returns>A scalar.</returns>
    public abstract Tensor Task(ReasoningModel model, IReadOnlyList<TRow> part, Totals whole);

    /// <summary>The loss terms of some rows; the task alone unless there are more.</summary>
    /// <param name="model">The model that is trained.</param>
    /// <param name="part">Some rows of the step.</param>
    /// <param name="whole">What the whole step's terms are divided by.</param>
    public virtual IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<TRow> part, Totals whole) =>
        [new LossTerm("task", Task(model, part, whole), 1)];

    private sealed class PreparedStep(Objective<TRow> objective, IReadOnlyList<TRow> rows, Totals totals) : IPreparedStep
    {
        public IReadOnlyList<int> Lengths => [.. rows.Select(objective.LengthOf)];

        public Totals Totals => totals;

        public IReadOnlyList<LossTerm> Losses(ReasoningModel model, int first, int count) =>
            objective.Losses(model, Part(first, count), totals);

        public Tensor Task(ReasoningModel model, int first, int count) => objective.Task(model, Part(first, count), totals);

        private TRow[] Part(int first, int count) => [.. rows.Skip(first).Take(count)];
    }
}
