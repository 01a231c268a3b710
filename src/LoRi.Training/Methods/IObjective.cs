using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using static TorchSharp.torch;

namespace LoRi.Training.Methods;

/// <summary>One term of a loss: its value, reduced over the whole step, and what it is multiplied by in the total.</summary>
/// <param name="Name">The name in metrics and logs.</param>
/// <param name="Value">A scalar with its gradient.</param>
/// <param name="Weight">What it is multiplied by in the total.</param>
public sealed record LossTerm(string Name, Tensor Value, double Weight);

/// <summary>
/// What a stage of a method minimises. The trainer knows nothing else of it: it lays out the rows of a step, asks for the loss terms of
/// every micro-batch, differentiates their weighted sum and logs them by name.
/// </summary>
public interface IObjective
{
    /// <summary>When the training becomes another one: a pure function of the moment.</summary>
    ICurriculum Curriculum => NoCurriculum.Instance;

    /// <summary>Lays out the rows of a step and counts what its terms are divided by.</summary>
    /// <param name="rows">The rows, in the order of the step.</param>
    /// <param name="now">Where the training is.</param>
    /// <param name="draw">Random numbers of this step alone.</param>
    IPreparedStep Prepare(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw);
}

/// <summary>The rows of one step as an objective laid them out.</summary>
public interface IPreparedStep
{
    /// <summary>Tokens and latent steps that each row passes through the model.</summary>
    IReadOnlyList<int> Lengths { get; }

    /// <summary>What the terms are divided by.</summary>
    Totals Totals { get; }

    /// <summary>The loss terms of some rows, each reduced over the whole step.</summary>
    /// <param name="model">The model that is trained.</param>
    /// <param name="first">The first row, counted from 0 in the step's order.</param>
    /// <param name="count">How many rows.</param>
    IReadOnlyList<LossTerm> Losses(ReasoningModel model, int first, int count);

    /// <summary>The task's cross-entropy alone, without a teacher: what validation measures. In nats, a share of the step's mean.</summary>
    /// <param name="model">The model that is measured.</param>
    /// <param name="first">The first row, counted from 0 in the step's order.</param>
    /// <param name="count">How many rows.</param>
    /// <returns>A scalar.</returns>
    Tensor Task(ReasoningModel model, int first, int count);
}
