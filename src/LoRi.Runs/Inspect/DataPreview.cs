using System.Text.RegularExpressions;
using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Tokenizers;
using LoRi.Models.ModelFiles;
using LoRi.Models.Sequences;
using LoRi.Runs.Answers;
using LoRi.Runs.Settings;

namespace LoRi.Runs.Inspect;

/// <summary>A part of a sequence.</summary>
/// <param name="Role">What it is: question, rationale, latent steps, answer prefix, answer.</param>
/// <param name="Graded">Whether the task loss counts its tokens.</param>
/// <param name="Tokens">The text of each token.</param>
public sealed record SequencePart(string Role, bool Graded, IReadOnlyList<string> Tokens);

/// <summary>A row as the trainer sees it.</summary>
/// <param name="Place">Its file and row.</param>
/// <param name="Parts">Its parts, in their order; none is empty.</param>
public sealed record PreviewedRow(string Place, IReadOnlyList<SequencePart> Parts)
{
    /// <summary>Tokens and latent steps of all parts.</summary>
    public int Length => Parts.Sum(part => part.Tokens.Count);
}

/// <summary>How long something is, in tokens, over the rows that are kept.</summary>
/// <param name="Of">What.</param>
/// <param name="Least">The shortest.</param>
/// <param name="Median">Half are at most that long.</param>
/// <param name="Mean">The mean.</param>
/// <param name="Most95">95 % are at most that long.</param>
/// <param name="Most">The longest.</param>
public sealed record TokenLengths(string Of, int Least, int Median, double Mean, int Most95, int Most);

/// <summary>What a run on some data would be trained on: <c>lori data</c>.</summary>
/// <param name="Files">The files that were read.</param>
/// <param name="Rows">Rows that are kept.</param>
/// <param name="Unreadable">Rows that cannot be read.</param>
/// <param name="WithoutRationale">Kept rows without a rationale.</param>
/// <param name="Limit">Tokens beyond which a row is left out.</param>
/// <param name="TooLong">Where the rows stand that are longer.</param>
/// <param name="Repeated">Where the rows stand whose question an earlier row asks.</param>
/// <param name="InTest">Where the rows stand whose question the test data ask; null without any.</param>
/// <param name="Lengths">Lengths of question, rationale, answer and whole sequence; none without rows.</param>
/// <param name="Shown">The first rows.</param>
public sealed partial record DataPreview(
    IReadOnlyList<string> Files, int Rows, int Unreadable, int WithoutRationale, int Limit, IReadOnlyList<string> TooLong,
    IReadOnlyList<string> Repeated, IReadOnlyList<string>? InTest, IReadOnlyList<TokenLengths> Lengths, IReadOnlyList<PreviewedRow> Shown)
{
    /// <summary>Reads and encodes the data; of the model only its configuration and tokenizer.</summary>
    /// <param name="options">The data, the model whose tokenizer is used, and how many rows are shown.</param>
    /// <exception cref="InputException">A file cannot be read, or the model has no tokenizer or no end of a sequence.</exception>
    public static DataPreview Of(DataPreviewOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var card = ModelLoader.Card(options.Model);
        var shape = ModelLoader.Shape(options.Model);
        var tokenizer = StudentMarkers.AsText(StageModel.Tokenizer(options.Model, options.Tokenizer), card);
        var end = card?.Special.Eos ?? (shape.EosIds.Count > 0 ? shape.EosIds[0]
            : throw new InputException($"{options.Model}: its configuration names no eos_token_id, which ends an answer; add it there"));
        var encoder = new ExampleEncoder(
            tokenizer, options.AnswerPrefix ?? card?.OwnAnswerPrefix ?? LatentOptions.DefaultAnswerPrefix, end, options.TeacherText);
        var set = ReasoningData.Read(options.Data, options.Reading);
        var limit = options.MaxTokens ?? shape.LongestSequence;
        var all = set.Examples.Select(encoder.Encode).ToArray();
        var kept = Enumerable.Range(0, all.Length).Where(row => all[row].Length(options.LatentSteps ?? 0) <= limit).ToArray();
        return new DataPreview(
            [.. options.Data.SelectMany(DataFiles.Of)],
            kept.Length,
            set.BadRows,
            kept.Count(row => all[row].Rationale.Length == 0),
            limit,
            [.. Enumerable.Range(0, all.Length).Except(kept).Select(row => set.Places[row])],
            Repetitions(set),
            options.Test.Count == 0 ? null : Shared(set, ReasoningData.Read(options.Test, options.Reading with { Limit = null })),
            kept.Length == 0 ? [] : LengthsOf([.. kept.Select(row => all[row])], options),
            [.. kept.Take(options.Rows)
                .Select(row =>
                    new PreviewedRow(set.Places[row], [.. Parts(all[row], tokenizer, options).Where(part => part.Tokens.Count > 0)]))]);
    }

    private static int LengthOf(EncodedExample row, DataPreviewOptions options) =>
        options.LatentSteps is { } steps ? row.StudentLength(steps) : row.ExplicitLength;

    private static IEnumerable<SequencePart> Parts(EncodedExample row, TextTokenizer tokenizer, DataPreviewOptions options)
    {
        var steps = options.LatentSteps;
        yield return new SequencePart("question", false, Texts(tokenizer, row.Question));
        yield return steps is null
            ? new SequencePart("rationale", true, Texts(tokenizer, row.Rationale))
            : new SequencePart("latent steps", false,
                steps == 0 ? []
                    : [StudentMarkers.Texts[0], .. Enumerable.Range(1, steps.Value).Select(step => $"z{step}"), StudentMarkers.Texts[1]]);
        yield return new SequencePart("prefix", steps is null || options.Grade == Grading.PrefixAndAnswer, Texts(tokenizer, row.Prefix));
        yield return new SequencePart("answer", true, Texts(tokenizer, row.Answer));
    }

    /// <summary>What each id adds to the text of those before it.</summary>
    private static string[] Texts(TextTokenizer tokenizer, int[] ids)
    {
        var texts = new string[ids.Length];
        var before = "";
        for (var i = 0; i < ids.Length; i++)
        {
            var text = tokenizer.Decode(ids[..(i + 1)]);
            texts[i] = text.StartsWith(before, StringComparison.Ordinal) ? text[before.Length..] : tokenizer.Decode([ids[i]]);
            before = text;
        }

        return texts;
    }

    private static TokenLengths[] LengthsOf(EncodedExample[] rows, DataPreviewOptions options)
    {
        TokenLengths Of(string name, Func<EncodedExample, int> length)
        {
            int[] sorted = [.. rows.Select(length).Order()];
            int At(double share) => sorted[(int)System.Math.Ceiling(share * sorted.Length) - 1];
            return new TokenLengths(name, sorted[0], At(0.5), sorted.Average(), At(0.95), sorted[^1]);
        }

        return
        [
            Of("question", row => row.Question.Length),
            Of("rationale", row => row.Rationale.Length),
            Of("answer", row => row.Answer.Length),
            Of("sequence", row => LengthOf(row, options)),
        ];
    }

    private static string[] Repetitions(ReasoningSet set)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return [.. Enumerable.Range(0, set.Examples.Count).Where(row => !seen.Add(Asked(set.Examples[row])))
            .Select(row => set.Places[row])];
    }

    private static string[] Shared(ReasoningSet set, ReasoningSet test)
    {
        var asked = test.Examples.Select(Asked).ToHashSet(StringComparer.Ordinal);
        return [.. Enumerable.Range(0, set.Examples.Count).Where(row => asked.Contains(Asked(set.Examples[row])))
            .Select(row => set.Places[row])];
    }

    /// <summary>A question as one of the same words: case and white space make no other.</summary>
    private static string Asked(ReasoningExample example) => White().Replace(example.Question.Trim(), " ").ToUpperInvariant();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex White();
}
