using LoRi.Files;
using LoRi.Files.Data;

namespace LoRi.Runs.Scoring;

/// <summary>An output and the answer that was wanted.</summary>
/// <param name="Text">What the model wrote.</param>
/// <param name="Gold">The data set's answer.</param>
/// <param name="DataName">The evaluator's name of the data set; null where the line names none.</param>
/// <param name="AnswerPrefix">The answer prefix that the model was trained with; null where the line names none.</param>
public sealed record Prediction(string Text, string Gold, string? DataName = null, string? AnswerPrefix = null)
{
    /// <summary>What a rule makes of it.</summary>
    /// <param name="rule">How a right answer is told from a wrong one.</param>
    public ScoredAnswer Score(ScoringRule rule) => AnswerScorer.Score(rule, Text, Gold, DataName, AnswerPrefix);
}

/// <summary>
/// Reads outputs to score: JSON lines with <c>text</c> and <c>gold</c>, and where the lines have them <c>data_name</c> and
/// <c>answer_prefix</c>; other fields are passed over.
/// </summary>
public static class PredictionFile
{
    /// <summary>The predictions of a file, in its order.</summary>
    /// <param name="path">A file of JSON lines, such as <c>predictions.jsonl</c>.</param>
    /// <exception cref="InputException">The file or one of its lines cannot be read, or it holds none.</exception>
    public static IReadOnlyList<Prediction> Read(string path)
    {
        DataPath.Check(path);
        try
        {
            Prediction[] all = [.. DataLines.Read(path).Select(line => OfLine(path, line))];
            return all.Length > 0
                ? all
                : throw new InputException($"{path}: holds no prediction; a file to score has one JSON object with text and gold a line");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message}); check the file and its permissions", e);
        }
    }

    private static Prediction OfLine(string path, DataLine line)
    {
        try
        {
            var fields = JsonRows.Parse(line.Text());
            string? Optional(string name) => fields.Has(name) ? fields.Text(name) : null;
            return new Prediction(fields.Text("text"), fields.Raw("gold"), Optional("data_name"), Optional("answer_prefix"));
        }
        catch (BadRowException e)
        {
            throw new InputException($"{path}, {line.Place}: {e.Message}; a line must be one JSON object with text and gold", e);
        }
    }
}
