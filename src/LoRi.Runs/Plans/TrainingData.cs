using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Disk;
using LoRi.Models.Sequences;
using LoRi.Runs.Settings;

namespace LoRi.Runs.Plans;

/// <summary>The rows of a run: encoded, filtered by length, split.</summary>
/// <param name="Training">Rows to train on, numbered 0, 1, ...</param>
/// <param name="Validation">Rows held out.</param>
/// <param name="TooLong">Rows left out because they exceed <c>--max-tokens</c>.</param>
/// <param name="WithoutRationale">Training rows whose rationale has no token.</param>
internal sealed record TrainingData(
    IReadOnlyList<EncodedExample> Training, IReadOnlyList<EncodedExample> Validation, int TooLong, int WithoutRationale)
{
    /// <summary>
    /// The training rows as a frozen teacher reads them, which has its own tokenizer; the training rows themselves where there is
    /// none.
    /// </summary>
    public IReadOnlyList<EncodedExample> TeacherRows { get; init; } = Training;

    /// <summary>Encodes examples, for a frozen teacher as well where it has an encoder of its own.</summary>
    /// <exception cref="InputException">Nothing is left to train on.</exception>
    public static TrainingData Encode(
        ReasoningSet examples, ExampleEncoder encoder, TrainOptions options, int latentSteps, ExampleEncoder? teacher = null)
    {
        var (forTraining, forValidation) = DataSplit.ByQuestion(examples.Examples, options.ValidationFraction);
        var reading = new RowReading(encoder, teacher, latentSteps, options.MaxTokens);
        var (training, teacherRows) = reading.Kept(new DataWeights(options.DataWeights, options.Seed).Apply(forTraining, examples));
        var (validation, _) = reading.Kept(forValidation, heldOut: true);
        return training.Count == 0
            ? throw new InputException(
                $"--data {string.Join(' ', options.Data)}: no row is left to train on ({reading.TooLong} longer than "
                + $"--max-tokens, {validation.Count} held out)")
            : new TrainingData(training, validation, reading.TooLong, training.Count(row => !row.HasRationale))
            {
                TeacherRows = teacherRows,
                Longest = reading.Longest,
                LongestPlace = reading.LongestPlaceIn(examples),
            };
    }

    /// <summary>Tokens and latent steps of the longest row, be it trained on or held out.</summary>
    public int Longest { get; init; }

    /// <summary>Where that row stands; empty where that is not known.</summary>
    public string LongestPlace { get; init; } = "";

    /// <summary>The SHA-256 of all ids, by row and part: two runs with the same one were given the same rows in the same order.</summary>
    public string Sha256()
    {
        using var hash = new ContentHash();
        foreach (var part in Training.Concat(Validation).SelectMany(row => new[] { row.Question, row.Rationale, row.Prefix, row.Answer }))
        {
            hash.Add(part.Length);
            hash.Add<int>(part);
        }

        hash.Add(Training.Count);
        return hash.Take();
    }

    /// <summary>What the log says of the rows.</summary>
    public string Describe() =>
        $"{Training.Count:N0} training rows, {Validation.Count:N0} held out, {TooLong:N0} left out as too long, "
        + $"{WithoutRationale:N0} without rationale; on average {Training.Average(row => row.Question.Length):F1} question, "
        + $"{Training.Average(row => row.Rationale.Length):F1} rationale and {Training.Average(row => row.Answer.Length):F1} answer tokens";
}
