using System.Text.Json;
using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Runs.Evaluate;
using LoRi.Runs.Scoring;
using LoRi.Runs.Tasks;

namespace LoRi.Runs.Experiments;

/// <summary>
/// Scores a cell's answers word by word, which suits every task: an answer is right where the words behind the last answer prefix are
/// those of the data set, no more and no less.
/// </summary>
internal sealed class CellScore
{
    private CellScore(IReadOnlyList<StratumResult> strata, string right) => (Strata, Right) = (strata, right);

    /// <summary>Right answers by stratum, in the order of the questions.</summary>
    public IReadOnlyList<StratumResult> Strata { get; }

    /// <summary>A mark for each question.</summary>
    public string Right { get; }

    /// <summary>Scores the predictions of an evaluation.</summary>
    /// <exception cref="InputException">A file is damaged, or the two do not belong together.</exception>
    public static CellScore Of(string evaluation, string test)
    {
        var path = Path.Combine(evaluation, EvaluationAnswers.FileName);
        PredictionRow[] rows = [.. DataLines.Read(path).Select(line => PredictionRow.Parse(line.Bytes)
            ?? throw new InputException($"{path}, {line.Place}: is no prediction; remove the cell's folder and run it again"))];
        string[] strata = [.. DataLines.Read(test).Select(line =>
        {
            using var row = JsonDocument.Parse(line.Bytes);
            return row.RootElement.GetProperty(TaskFile.StratumField).GetString()!;
        })];
        if (rows.Length != strata.Length)
        {
            throw new InputException($"{path}: has {rows.Length} answers to {strata.Length} questions; remove the cell's folder and run it "
                + "again");
        }

        bool[] right = [.. rows.Select(row => IsRight(row))];
        return new CellScore(
            [.. strata.Zip(right).GroupBy(pair => pair.First).Select(group =>
                new StratumResult(group.Key, group.Count(), group.Count(pair => pair.Second)))],
            string.Concat(right.Select(mark => mark ? '1' : '0')));
    }

    /// <summary>Whether an answer is right.</summary>
    internal static bool IsRight(PredictionRow row)
    {
        var at = row.AnswerPrefix.Length == 0 ? 0 : row.Text.LastIndexOf(row.AnswerPrefix, StringComparison.Ordinal);
        return at >= 0 && Words(row.Text[(at + row.AnswerPrefix.Length)..]).SequenceEqual(Words(row.Gold));
    }

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
