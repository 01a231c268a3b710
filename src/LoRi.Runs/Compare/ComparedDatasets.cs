using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Json;

namespace LoRi.Runs.Compare;

/// <summary>Tells data sets apart whose files share a name.</summary>
internal static class ComparedDatasets
{
    /// <summary>
    /// The results with distinct names for distinct questions: the folder of the files before the name, as much of it as is
    /// needed, or where the files are the same the number of questions. Where an evaluation does not say which questions it
    /// asked, the name alone counts.
    /// </summary>
    /// <exception cref="InputException">The settings of an evaluation are damaged.</exception>
    public static IReadOnlyList<ComparedResult> Distinguished(ComparedResult[] results)
    {
        var names = new Dictionary<(string Dataset, string? Hash), string>();
        foreach (var alike in results.GroupBy(result => result.Dataset))
        {
            ComparedResult[] firsts = [.. alike.DistinctBy(result => result.QuestionsSha256)];
            if (firsts.Length > 1 && firsts.All(first => first.QuestionsSha256 is not null))
            {
                foreach (var (first, name) in firsts.Zip(Names(firsts)))
                {
                    names[(first.Dataset, first.QuestionsSha256)] = name;
                }
            }
        }

        return [.. results.Select(
            result => names.TryGetValue((result.Dataset, result.QuestionsSha256), out var name) ? result with { Dataset = name } : result)];
    }

    private static string[] Names(ComparedResult[] firsts)
    {
        string[][][] files = [.. firsts.Select(first => Files(first.Source))];
        var deepest = files.Max(paths => paths.Length == 0 ? 0 : paths.Max(path => path.Length));
        return Enumerable.Range(2, deepest)
            .Select(parts =>
                files.Select(paths => string.Join(' ', paths.Select(path => string.Join('/', path.TakeLast(parts))))).ToArray())
            .Append([.. firsts.Select(first => $"{first.Dataset} ({first.Examples} questions)")])
            .FirstOrDefault(names => names.All(name => name.Length > 0) && names.Distinct().Count() == names.Length)
            ?? [.. firsts.Select(first => $"{first.Dataset} ({first.QuestionsSha256})")];
    }

    /// <summary>The data files of an evaluation, each as the parts of its path; none where its settings are not there.</summary>
    private static string[][] Files(string folder)
    {
        var config = Path.Combine(folder, "config.json");
        return File.Exists(config) && JsonFile.ReadObject(config)["data"] is JsonArray data
            ? [.. data.Where(file => file?.GetValueKind() == JsonValueKind.String)
                .Select(file => file!.GetValue<string>().Replace('\\', '/').Split('/', StringSplitOptions.RemoveEmptyEntries))]
            : [];
    }
}
