using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Runs.Evaluate;
using LoRi.Runs.Scoring;

namespace LoRi.Runs.Compare;

/// <summary>Reads the folders that <c>lori evaluate</c> and <c>lori demo</c> write, for <c>lori compare</c>.</summary>
public static class ComparedFolders
{
    private const char Naming = '=';
    private const char Listing = ',';

    /// <summary>Reads what arguments name: a folder each, or <c>NAME=FOLDER,FOLDER</c> for folders that one label stands for.</summary>
    /// <param name="arguments">What the command line names.</param>
    /// <exception cref="InputException">A folder holds nothing to compare, is named twice, or a file in it is malformed.</exception>
    public static IReadOnlyList<ComparedResult> ReadAll(IEnumerable<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        (string? Name, string Folder)[] all = [.. arguments.SelectMany(Named)];
        var twice = all.GroupBy(one => RealPath.Of(one.Folder)).FirstOrDefault(group => group.Count() > 1);
        return twice is null
            ? ComparedDatasets.Distinguished([.. all.SelectMany(one => Read(one.Folder).Select(result => result with { Name = one.Name }))])
            : throw new InputException(twice.Select(one => one.Folder).Distinct().Count() == 1
                ? $"{twice.First().Folder}: is named twice; name every folder once"
                : $"{twice.Last().Folder}: is the same folder as {twice.First().Folder}, which is named twice so; name every folder once");
    }

    /// <summary>
    /// Reads an evaluation folder (<c>evaluation.json</c>, <c>predictions.jsonl</c>) or a demonstration's (<c>demo.json</c>).
    /// </summary>
    /// <param name="folder">An evaluation's or a demonstration's output.</param>
    /// <exception cref="InputException">The folder is neither, or a file in it is malformed.</exception>
    public static IReadOnlyList<ComparedResult> Read(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var (evaluation, demo) = (Path.Combine(folder, "evaluation.json"), Path.Combine(folder, "demo.json"));
        return File.Exists(evaluation) ? [OfEvaluation(folder, evaluation)]
            : File.Exists(demo) ? OfDemo(folder, demo)
            : throw new InputException(
                $"{folder}: has neither evaluation.json nor demo.json; name a folder that `lori evaluate` or `lori demo` wrote");
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
            : throw new InputException(
                $"{argument}: must be NAME=FOLDER,FOLDER with a name and folders, or the folder of an evaluation or a demonstration");
    }

    private static ComparedResult OfEvaluation(string folder, string path)
    {
        var evaluation = JsonFile.ReadTyped<ComparedEvaluation>(path, ComparedEvaluation.Remedy);
        var answers = EvaluationAnswers.Read(Path.Combine(folder, EvaluationAnswers.FileName));
        answers.Check(path, evaluation.Examples, evaluation.Correct, evaluation.Accuracy, evaluation.AccuracyStrict, evaluation.CutOff,
            evaluation.Empty);
        using var document = JsonFile.ReadDocument(path);
        var identity = Path.Combine(folder, EvaluationIdentity.FileName);
        return new ComparedResult(folder, evaluation.Method, evaluation.Seed, answers.Accuracy, answers.Correct)
        {
            Dataset = evaluation.Dataset,
            QuestionsSha256 = File.Exists(identity) ? EvaluationIdentity.Read(identity).QuestionsSha256 : null,
            Settings = DistinguishingSettings.OfEvaluation(document.RootElement, evaluation.Seed),
            Places = DistinguishingSettings.PlacesOf(document.RootElement),
            Examples = answers.Correct.Count,
            Disagreements = answers.Disagreements,
            CutOff = answers.CutOff ?? evaluation.CutOff,
            Empty = answers.Empty ?? evaluation.Empty,
        };
    }

    private static ComparedResult[] OfDemo(string folder, string path)
    {
        var demo = JsonFile.ReadTyped<ComparedDemo>(path, ComparedDemo.Remedy);
        return demo.Rows.Count == 0 || demo.Rows.Contains(null)
            ? throw new InputException(
                $"{path}: 'rows' {(demo.Rows.Count == 0 ? "is empty" : "holds null")}, so that there is nothing to "
                + $"compare; {ComparedDemo.Remedy}")
            : [.. demo.Rows.Select(row => OfRow(folder, path, row!) with
            {
                Dataset = demo.Dataset.Length > 0 ? demo.Dataset : demo.Setting,
                Settings = [KeyValuePair.Create("", demo.Setting)],
            })];
    }

    private static ComparedResult OfRow(string folder, string path, ComparedDemoRow row)
    {
        var place = $"{path}: {row.Method} with seed {row.Seed}";
        if (row.Right is { } marks && (marks.Length != row.Examples || marks.Any(mark => mark is not ('0' or '1'))))
        {
            throw new InputException($"{place} needs one mark 0 or 1 in right for each of {row.Examples} questions; {ComparedDemo.Remedy}");
        }

        EvaluationAnswers.CheckShare(place, row.Examples, row.Correct, row.Accuracy, ComparedDemo.Remedy);
        if (row.Right is { } right)
        {
            EvaluationAnswers.CheckShare(
                $"{place}: its marks in right disagree", row.Examples, right.Count(mark => mark == '1'), row.Accuracy, ComparedDemo.Remedy);
        }

        return new ComparedResult(
            folder, row.Method, row.Seed, row.Accuracy,
            row.Right?.Select((mark, index) => (mark, index)).ToDictionary(pair => $"{pair.index}", pair => pair.mark == '1'))
        {
            IsDemo = true,
            Examples = row.Examples,
        };
    }
}
