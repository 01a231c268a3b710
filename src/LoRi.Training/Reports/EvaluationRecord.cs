using System.Text.Json.Nodes;

namespace LoRi.Training.Reports;

/// <summary>An <c>evaluation.json</c>.</summary>
/// <param name="Folder">Where it is.</param>
/// <param name="Dataset">The data it was measured on.</param>
/// <param name="Examples">Questions.</param>
/// <param name="Correct">Right answers.</param>
/// <param name="Accuracy">Share of right answers.</param>
/// <param name="Strict">Share of right answers by the strict rule.</param>
/// <param name="Low">Lower end of the 95 % interval.</param>
/// <param name="High">Upper end of the 95 % interval.</param>
/// <param name="TokensGenerated">Tokens written for all questions.</param>
/// <param name="Seconds">Seconds of generation.</param>
internal sealed record EvaluationRecord(
    string Folder, string Dataset, int Examples, int Correct, double Accuracy, double? Strict, double Low, double High, double? TokensGenerated, double? Seconds)
{
    private const string FileName = "evaluation.json";

    /// <summary>Those in a folder and in the folders directly under it.</summary>
    /// <exception cref="InputException">A file is damaged.</exception>
    public static IReadOnlyList<EvaluationRecord> ReadUnder(string folder) => !Directory.Exists(folder) ? [] :
        [.. Directory.GetDirectories(folder).Order(StringComparer.Ordinal).Prepend(folder).Where(place => File.Exists(Path.Combine(place, FileName))).Select(Read)];

    /// <summary>The one in a folder.</summary>
    /// <exception cref="InputException">There is none, or it is damaged.</exception>
    public static EvaluationRecord Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        var json = JsonFile.ReadObject(path);
        try
        {
            var interval = json["ci95"]!.AsArray();
            return new EvaluationRecord(
                folder,
                json["dataset"]!.GetValue<string>(),
                json["examples"]!.GetValue<int>(),
                json["correct"]!.GetValue<int>(),
                json["accuracy"]!.GetValue<double>(),
                json["accuracy_strict"]?.GetValue<double>(),
                interval[0]!.GetValue<double>(),
                interval[1]!.GetValue<double>(),
                json["tokens_generated"]?.GetValue<double>(),
                json["seconds"]?.GetValue<double>());
        }
        catch (Exception e) when (e is NullReferenceException or InvalidOperationException or FormatException or ArgumentOutOfRangeException)
        {
            throw new InputException($"{path}: lacks one of dataset, examples, correct, accuracy, ci95, or it has the wrong form; evaluate again", e);
        }
    }
}
