using System.Text.Json;
using System.Text.RegularExpressions;
using LoRi.Files.Settings;
using LoRi.Runs.Settings;

namespace LoRi.Runs.Compare;

/// <summary>The settings by which two results of one method may differ, seeds and what changes with a seed left out.</summary>
internal static partial class DistinguishingSettings
{
    /// <summary>Compared by the name of the file or folder without its seed: every seed has its own.</summary>
    private static readonly string[] Places = ["model", "teacher", "subspace", "data"];

    /// <summary>Settings that change where, when and how fast things are done, not what is learnt: those that may differ on resume, and a
    /// few more.</summary>
    private static readonly HashSet<string> Irrelevant =
    [
        CommandSettings.CommandKey, CommandSettings.VersionKey, "method", "seed", "tokenizer", "online", "skip_bad_lines",
        .. Commands.Distill.Settings.Where(setting => setting.OnResume is OnResume.Free or OnResume.Rounding).Select(setting => setting.Key)
            .Except(Places),
    ];

    /// <summary>The settings of an evaluation and of the run that trained its model, plain ones first.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> OfEvaluation(JsonElement evaluation, long? seed)
    {
        var settings = new Dictionary<string, string>();
        var places = new Dictionary<string, string>();
        var hasRun = evaluation.TryGetProperty("run", out var run) && run.ValueKind == JsonValueKind.Object;
        foreach (var setting in hasRun ? run.EnumerateObject().Where(one => !Irrelevant.Contains(one.Name)) : [])
        {
            (Places.Contains(setting.Name) ? places : settings)[setting.Name] = Places.Contains(setting.Name) ? Place(setting.Value, seed)
                : Text(setting.Value);
        }

        foreach (var (key, name) in new[] { ("latent_steps", "latent_steps"), ("prefix_fed", "prefix_fed"),
            ("question_text", "question_text"), ("max_new_tokens", "max_new_tokens"), ("dtype", "evaluation_dtype") })
        {
            if (evaluation.TryGetProperty(key, out var value))
            {
                settings[name] = Text(value);
            }
        }

        if (!hasRun && evaluation.TryGetProperty("model", out var model))
        {
            places["model"] = Place(model, seed);
        }

        return [.. settings, .. places];
    }

    /// <summary>The files and folders among those settings by their names, seeds included.</summary>
    public static IReadOnlyDictionary<string, string> PlacesOf(JsonElement evaluation) =>
        OfEvaluation(evaluation, null).Where(setting => Places.Contains(setting.Key)).ToDictionary();

    /// <summary>
    /// A path without the last number that is the seed, and without the word that announces it: <c>svd-0</c>,
    /// <c>svd_seed0</c> and <c>svd/0</c> with seed 0 are all <c>svd</c>.
    /// </summary>
    public static string WithoutSeed(string path, long? seed)
    {
        var parts = Separator().Split(path.Replace('\\', '/')).ToList();
        var at = seed is null ? -1
            : parts.FindLastIndex(part => Mark().Match(part) is { Success: true } mark && mark.Groups["number"].Value == $"{seed}");
        if (at >= 0)
        {
            parts[at] = Announced(Mark().Match(parts[at]).Groups["word"].Value);
            if (parts[at].Length == 0 && at >= 2)
            {
                parts[at - 2] = Announced(parts[at - 2]);
            }
        }

        var names = string.Concat(parts).Split('/').Select(name => Repeated().Replace(name, "$1").Trim('-', '_', '.', ' '));
        return string.Join('/', names.Where(name => name.Length > 0));
    }

    private static string Announced(string word) => word is "seed" or "s" ? "" : word;

    private static string Place(JsonElement value, long? seed) => value.ValueKind switch
    {
        JsonValueKind.String => WithoutSeed(Path.GetFileName(Path.TrimEndingDirectorySeparator(value.GetString()!)), seed),
        JsonValueKind.Array => string.Join(' ', value.EnumerateArray().Select(item => Place(item, seed))),
        _ => Text(value),
    };

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    [GeneratedRegex("([-_. /])", RegexOptions.CultureInvariant)]
    private static partial Regex Separator();

    [GeneratedRegex("([-_. ])[-_. ]+", RegexOptions.CultureInvariant)]
    private static partial Regex Repeated();

    [GeneratedRegex(@"\A(?<word>[A-Za-z]*)(?<number>[0-9]+)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Mark();
}
