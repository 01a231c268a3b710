using System.Text.Json;

namespace LoRi.Training.Statistics;

/// <summary>Reads the folders that <c>lori evaluate</c> and <c>lori demo</c> write, for <c>lori compare</c>.</summary>
public static class ComparedFolders
{
    private const char Naming = '=';
    private const char Listing = ',';

    /// <summary>Reads what arguments name: a folder each, or <c>NAME=FOLDER,FOLDER</c> for folders that one label stands for.</summary>
    /// <exception cref="InputException">A folder holds nothing to compare, is named twice, or a file in it is malformed.</exception>
    public static IReadOnlyList<ComparedResult> ReadAll(IEnumerable<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        (string? Name, string Folder)[] all = [.. arguments.SelectMany(Named)];
        var twice = all.GroupBy(one => Path.TrimEndingDirectorySeparator(Path.GetFullPath(one.Folder))).FirstOrDefault(group => group.Count() > 1);
        return twice is null
            ? [.. all.SelectMany(one => Read(one.Folder).Select(result => result with { Name = one.Name }))]
            : throw new InputException($"{twice.First().Folder}: is named twice; name every folder once");
    }

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

    /// <summary>A folder may have the mark in its own name.</summary>
    private static IEnumerable<(string? Name, string Folder)> Named(string argument)
    {
        var at = argument.IndexOf(Naming, StringComparison.Ordinal);
        if (at < 0 || Directory.Exists(argument))
        {
            return [(null, argument)];
        }

        var (name, folders) = (argument[..at].Trim(), argument[(at + 1)..].Split(Listing, StringSplitOptions.TrimEntries));
        return name.Length > 0 && folders.All(folder => folder.Length > 0)
            ? folders.Select(folder => ((string?)name, folder))
            : throw new InputException($"{argument}: must be NAME=FOLDER,FOLDER with a name and folders, or the folder of an evaluation or a demonstration");
    }

    private static ComparedResult OfEvaluation(string folder, string path)
    {
        using var document = JsonFile.ReadDocument(path);
        var root = document.RootElement;
        long? seed = root.TryGetProperty("seed", out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : null;
        var (answers, disagreements) = Answers(Path.Combine(folder, "predictions.jsonl"));
        return new ComparedResult(folder, root.GetProperty("method").GetString()!, seed, root.GetProperty("accuracy").GetDouble(), answers)
        {
            Dataset = root.TryGetProperty("dataset", out var dataset) ? dataset.GetString()! : "",
            Settings = DistinguishingSettings.OfEvaluation(root, seed),
            Examples = answers.Count,
            Disagreements = disagreements,
        };
    }

    private static (Dictionary<string, bool> Answers, int? Disagreements) Answers(string path)
    {
        var answers = new Dictionary<string, bool>();
        int? disagreements = 0;
        foreach (var (line, number) in System.Text.Encoding.UTF8.GetString(JsonFile.ReadBytes(path)).Split('\n').Select((line, index) => (line, index + 1)).Where(pair => pair.line.Length > 0))
        {
            try
            {
                using var row = JsonDocument.Parse(line);
                var id = row.RootElement.GetProperty("id").ToString();
                var question = row.RootElement.TryGetProperty("question", out var text) ? text.ToString() : "";
                var correct = row.RootElement.GetProperty("correct").GetBoolean();
                if (!answers.TryAdd($"{id}\n{question}", correct))
                {
                    throw new InputException($"{path}, line {number}: the id {id} stands there a second time");
                }

                disagreements = row.RootElement.TryGetProperty("correct_strict", out var strict) ? disagreements + (strict.GetBoolean() == correct ? 0 : 1) : null;
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new InputException($"{path}, line {number}: needs an object with id and correct: {e.Message.ReplaceLineEndings(" ")}", e);
            }
        }

        return (answers, disagreements);
    }

    private static ComparedResult[] OfDemo(string folder, string path)
    {
        using var document = JsonFile.ReadDocument(path);
        var root = document.RootElement;
        var setting = root.TryGetProperty("setting", out var name) ? name.GetString()! : "";
        var dataset = root.TryGetProperty("dataset", out var questions) && questions.GetString() is { Length: > 0 } text ? text : setting;
        return [.. root.GetProperty("rows").EnumerateArray().Select(row => OfRow(folder, path, row) with
        {
            Dataset = dataset,
            Settings = [KeyValuePair.Create("", setting)],
        })];
    }

    private static ComparedResult OfRow(string folder, string path, JsonElement row)
    {
        var (method, seed, examples) = (row.GetProperty("method").GetString()!, row.GetProperty("seed").GetInt64(), row.GetProperty("examples").GetInt32());
        var right = row.TryGetProperty("right", out var marks) ? marks.GetString() : null;
        return right is null || (right.Length == examples && right.All(mark => mark is '0' or '1'))
            ? new ComparedResult(
                folder, method, seed, row.GetProperty("accuracy").GetDouble(), right?.Select((mark, index) => (mark, index)).ToDictionary(pair => $"{pair.index}", pair => pair.mark == '1'))
            {
                IsDemo = true,
                Examples = examples,
            }
            : throw new InputException($"{path}: {method} with seed {seed} needs one mark 0 or 1 in right for each of {examples} questions; run the demonstration again");
    }
}
