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
        catch (InvalidOperationException e)
        {
            throw new InputException($"{folder}: a file in it holds text that is not valid Unicode; evaluate again", e);
        }
    }

    private static ComparedResult OfEvaluation(string folder, string path)
    {
        using var document = JsonFile.ReadDocument(path);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw NotAsWritten(path, "an object");
        }

        var seed = root.TryGetProperty("seed", out var value) && value.ValueKind == JsonValueKind.Number ? SeedOf(path, root) : (long?)null;
        return new ComparedResult(folder, MethodOf(path, root), seed, AccuracyOf(path, root), Answers(Path.Combine(folder, "predictions.jsonl")));
    }

    private static Dictionary<string, bool> Answers(string path)
    {
        var answers = new Dictionary<string, bool>();
        foreach (var (line, index) in System.Text.Encoding.UTF8.GetString(JsonFile.ReadBytes(path)).Split('\n').Select((line, index) => (line, index)).Where(pair => pair.line.Length > 0))
        {
            try
            {
                using var row = JsonDocument.Parse(line);
                var place = $"{path}, line {index + 1}";
                var id = Field(place, row.RootElement, "id", JsonValueKind.String, JsonValueKind.Number).ToString();
                if (!answers.TryAdd(id, Field(place, row.RootElement, "correct", JsonValueKind.True, JsonValueKind.False).GetBoolean()))
                {
                    throw new InputException($"{path}, line {index + 1}: the id {id} stands there a second time; evaluate data in which every id stands once");
                }
            }
            catch (JsonException e)
            {
                throw new InputException($"{path}, line {index + 1}: is not valid JSON ({JsonReason.What(e)}); evaluate again", e);
            }
        }

        return answers;
    }

    private static ComparedResult[] OfDemo(string folder, string path)
    {
        using var document = JsonFile.ReadDocument(path);
        var rows = Field(path, document.RootElement, "rows", JsonValueKind.Array);
        return [.. rows.EnumerateArray().Select(row => new ComparedResult(folder, MethodOf(path, row), SeedOf(path, row), AccuracyOf(path, row), null))];
    }

    private static string MethodOf(string path, JsonElement from) => Field(path, from, "method", JsonValueKind.String).GetString()!;

    private static long SeedOf(string path, JsonElement from) =>
        Field(path, from, "seed", JsonValueKind.Number).TryGetInt64(out var seed) ? seed : throw NotAsWritten(path, "a whole number 'seed'");

    private static double AccuracyOf(string path, JsonElement from) => Field(path, from, "accuracy", JsonValueKind.Number).GetDouble();

    private static JsonElement Field(string path, JsonElement from, string key, params ReadOnlySpan<JsonValueKind> kinds) =>
        from.ValueKind == JsonValueKind.Object && from.TryGetProperty(key, out var value) && kinds.Contains(value.ValueKind)
            ? value
            : throw NotAsWritten(path, $"a usable '{key}'");

    private static InputException NotAsWritten(string path, string lacks) =>
        new($"{path}: lacks {lacks}; it is not as `lori` writes it, evaluate again");
}
