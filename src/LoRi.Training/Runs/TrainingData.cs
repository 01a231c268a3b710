using LoRi.Training.Data;
using LoRi.Training.Sequences;

namespace LoRi.Training.Runs;

/// <summary>The rows of a run: encoded, filtered by length, split.</summary>
/// <param name="Training">Rows to train on, numbered 0, 1, ...</param>
/// <param name="Validation">Rows held out.</param>
/// <param name="TooLong">Rows left out because they exceed <c>--max-tokens</c>.</param>
/// <param name="WithoutRationale">Training rows whose rationale has no token.</param>
public sealed record TrainingData(
    IReadOnlyList<EncodedExample> Training, IReadOnlyList<EncodedExample> Validation, int TooLong, int WithoutRationale)
{
    /// <summary>Encodes examples.</summary>
    /// <exception cref="InputException">Nothing is left to train on.</exception>
    public static TrainingData Encode(IEnumerable<ReasoningExample> examples, ExampleEncoder encoder, TrainOptions options, int latentSteps)
    {
        var (training, validation) = (new List<EncodedExample>(), new List<EncodedExample>());
        var tooLong = 0;
        foreach (var example in examples)
        {
            var part = options.ValidationFraction > 0 && DataSplit.IsValidation(example.Question, options.ValidationFraction) ? validation : training;
            var encoded = encoder.Encode(example, part.Count);
            if (options.MaxTokens is { } limit && encoded.Length(latentSteps) > limit)
            {
                tooLong++;
                continue;
            }

            part.Add(encoded);
        }

        return training.Count == 0
            ? throw new InputException($"--data {string.Join(' ', options.Data)}: no row is left to train on ({tooLong} longer than --max-tokens, {validation.Count} held out)")
            : new TrainingData(training, validation, tooLong, training.Count(row => row.Rationale.Length == 0));
    }

    /// <summary>What the log says of the rows.</summary>
    public string Describe() =>
        $"{Training.Count:N0} training rows, {Validation.Count:N0} held out, {TooLong:N0} left out as too long, "
        + $"{WithoutRationale:N0} without rationale; on average {Training.Average(row => row.Question.Length):F1} question, "
        + $"{Training.Average(row => row.Rationale.Length):F1} rationale and {Training.Average(row => row.Answer.Length):F1} answer tokens";
}
