using System.Text.Json;

namespace LoRi.Training.Statistics;

/// <summary>One method under one seed, as an evaluation or a demonstration left it.</summary>
/// <param name="Source">The folder.</param>
/// <param name="Method">The method's name.</param>
/// <param name="Seed">The seed; null where none is recorded.</param>
/// <param name="Accuracy">Share of right answers.</param>
/// <param name="Correct">Whether each question was answered rightly, by its id; null where single answers are not kept.</param>
public sealed record ComparedResult(
    string Source, string Method, long? Seed, double Accuracy, IReadOnlyDictionary<string, bool>? Correct)
{
    /// <summary>Reads an evaluation folder (<c>evaluation.json</c>, <c>predictions.jsonl</c>) or a demonstration's (<c>demo.json</c>).</summary>
    /// <exception cref="InputException">The folder is neither, or a file in it is malformed.</exception>
    public static IReadOnlyList<ComparedResult> Read(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var (evaluation, demo) = (Path.Combine(folder, "evaluation.json"), Path.Combine(folder, "demo.json"));
        try
        {
            return File.Exists(evaluation) ? [OfEvaluation(folder, evaluation)]
                : File.Exists(demo) ? OfDemo(folder, demo)
                : throw new InputException($"{folder}: has neither evaluation.json nor demo.json; name a folder that `lori evaluate` or `lori demo` wrote");
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InputException($"{(File.Exists(evaluation) ? evaluation : demo)}: is not as `lori` writes it: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static ComparedResult OfEvaluation(string folder, string path)
    {
        using var document = JsonFile.ReadDocument(path);
        var root = document.RootElement;
        var seed = root.TryGetProperty("seed", out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : (long?)null;
        return new ComparedResult(
            folder, root.GetProperty("method").GetString()!, seed, root.GetProperty("accuracy").GetDouble(), Answers(Path.Combine(folder, "predictions.jsonl")));
    }

    private static Dictionary<string, bool> Answers(string path)
    {
        var answers = new Dictionary<string, bool>();
        foreach (var (line, index) in System.Text.Encoding.UTF8.GetString(JsonFile.ReadBytes(path)).Split('\n').Select((line, index) => (line, index)).Where(pair => pair.line.Length > 0))
        {
            try
            {
                using var row = JsonDocument.Parse(line);
                var id = row.RootElement.GetProperty("id").ToString();
                if (!answers.TryAdd(id, row.RootElement.GetProperty("correct").GetBoolean()))
                {
                    throw new InputException($"{path}, line {index + 1}: the id {id} stands there a second time");
                }
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new InputException($"{path}, line {index + 1}: needs an object with id and correct: {e.Message.ReplaceLineEndings(" ")}", e);
            }
        }

        return answers;
    }

    private static ComparedResult[] OfDemo(string folder, string path)
    {
        using var document = JsonFile.ReadDocument(path);
        return [.. document.RootElement.GetProperty("rows").EnumerateArray().Select(row => new ComparedResult(
            folder, row.GetProperty("method").GetString()!, row.GetProperty("seed").GetInt64(), row.GetProperty("accuracy").GetDouble(), null))];
    }
}
