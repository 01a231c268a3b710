using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Methods;

/// <summary>One term of a loss: its value, reduced over the whole step, and what it is multiplied by in the total.</summary>
public sealed record LossTerm(string Name, Tensor Value, double Weight);

/// <summary>
/// A way to train a student. The trainer knows nothing else of a method: it asks for the loss terms of a micro-batch,
/// differentiates their weighted sum and logs them by name.
/// </summary>
public interface ITrainingMethod
{
    /// <summary>Its name on the command line and in files.</summary>
    string Name { get; }

    /// <summary>How the trained model answers.</summary>
    AnswerMode AnswerMode { get; }

    /// <summary>Latent steps of the student; 0 where there are none.</summary>
    int LatentSteps { get; }

    /// <summary>Tokens and latent steps that one row passes through the model in a training step.</summary>
    int TokensOf(EncodedExample row) => row.StudentLength(LatentSteps);

    /// <summary>The loss terms of some rows of a step.</summary>
    IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals);

    /// <summary>The task's cross-entropy alone, without gradient or teacher: what validation measures.</summary>
    Tensor Validate(ReasoningModel model, IReadOnlyList<EncodedExample> rows, StepTotals totals);
}
