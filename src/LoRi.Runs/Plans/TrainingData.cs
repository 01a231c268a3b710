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
        var tooLong = 0;
        var longest = new LongestRow(0, null, false);
        (List<EncodedExample> Rows, List<EncodedExample> Teacher) Kept(IReadOnlyList<ReasoningExample> part, ExampleEncoder? asked)
        {
            var (rows, asTeacher) = (new List<EncodedExample>(), new List<EncodedExample>());
            foreach (var example in part)
            {
                var own = encoder.Encode(example, rows.Count);
                var other = asked?.Encode(example, rows.Count) is { } read && !read.IsSame(own) ? read : own;
                var length = own.Length(latentSteps);
                if (System.Math.Max(length, other.ExplicitLength) > options.MaxTokens)
                {
                    tooLong++;
                    continue;
                }

                rows.Add(ReferenceEquals(other, own) ? own : own with { AsTeacher = other });
                asTeacher.Add(other);
                longest = length > longest.Tokens ? new LongestRow(length, example, ReferenceEquals(part, forValidation)) : longest;
            }

            return (rows, asTeacher);
        }

        var ((training, teacherRows), (validation, _)) = (Kept(forTraining, teacher), Kept(forValidation, teacher));
        return training.Count == 0
            ? throw new InputException(
                $"--data {string.Join(' ', options.Data)}: no row is left to train on ({tooLong} longer than "
                + $"--max-tokens, {validation.Count} held out)")
            : new TrainingData(training, validation, tooLong, training.Count(row => !row.HasRationale))
            {
                TeacherRows = teacherRows,
                Longest = longest.Tokens,
                LongestPlace = longest.PlaceIn(examples),
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

    private sealed record LongestRow(int Tokens, ReasoningExample? Example, bool HeldOut)
    {
        public string PlaceIn(ReasoningSet set)
        {
            var at = set.Examples.TakeWhile(example => !ReferenceEquals(example, Example)).Count();
            return at < set.Places.Count ? set.Places[at] + (HeldOut ? ", held out" : "") : "";
        }
    }
}
