using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LoRi.Files;
using LoRi.Files.Hub;
using LoRi.Runs.Settings;

namespace LoRi.Runs.Export;

/// <summary>What the Hub takes in the header of a model card, and what it calls things that lie on this machine.</summary>
internal static partial class HubMetadata
{
    /// <summary>The Hub's identifiers of licences.</summary>
    private static readonly HashSet<string> Licences = new(StringComparer.Ordinal)
    {
        "apache-2.0", "mit", "openrail", "bigscience-openrail-m", "creativeml-openrail-m", "bigscience-bloom-rail-1.0",
        "bigcode-openrail-m",
        "openrail++", "afl-3.0", "artistic-2.0", "bsl-1.0", "bsd", "bsd-2-clause", "bsd-3-clause", "bsd-3-clause-clear", "c-uda", "cc",
        "cc0-1.0",
        "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0",
        "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cdla-sharing-1.0",
        "cdla-permissive-1.0", "cdla-permissive-2.0", "wtfpl", "ecl-2.0", "epl-1.0", "epl-2.0", "etalab-2.0", "eupl-1.1", "eupl-1.2",
        "agpl-3.0",
        "gfdl", "gpl", "gpl-2.0", "gpl-3.0", "lgpl", "lgpl-2.1", "lgpl-3.0", "isc", "h-research", "intel-research", "lppl-1.3c", "ms-pl",
        "apple-ascl", "apple-amlr", "mpl-2.0", "odc-by", "odbl", "openmdw-1.0", "openrail-m", "osl-3.0", "postgresql", "ofl-1.1", "ncsa",
        "unlicense", "zlib", "pddl", "lgpl-lr", "deepfloyd-if-license", "fair-noncommercial-research-license", "llama2", "llama3",
        "llama3.1",
        "llama3.2", "llama3.3", "llama4", "gemma", "unknown", "other",
    };

    /// <summary>Refuses what the Hub would not take.</summary>
    /// <exception cref="InputException">A licence, language or name of a repository is none.</exception>
    public static void Check(ExportOptions options)
    {
        if (options.Licence is { } licence && !Licences.Contains(licence))
        {
            throw OptionRules.Wrong("--license", licence,
                "must be an identifier of the Hub, such as apache-2.0, mit, cc-by-4.0, llama3.2 or other");
        }

        foreach (var code in options.Languages.Where(code => !Language().IsMatch(code)))
        {
            throw OptionRules.Wrong("--language", code, "must be a code of ISO 639, such as en or de");
        }

        foreach (var name in options.Datasets.Where(name => !IsRepository(name)))
        {
            throw OptionRules.Wrong("--dataset", name, "must be a data set of the Hub, OWNER/NAME");
        }

        if (options.BaseModel is { } basis)
        {
            CheckBase(basis);
        }
    }

    /// <summary>Whether a text is a repository's whole name, <c>OWNER/NAME</c>.</summary>
    public static bool IsRepository(string name) => name.Contains('/', StringComparison.Ordinal) && RepositoryId.IsName(name);

    /// <summary>
    /// The name of what lies in the Hub's own cache, whose folders are called <c>models--OWNER--NAME</c>; null for other places.
    /// </summary>
    /// <param name="path">A path, or something else.</param>
    /// <param name="kind"><c>models</c> or <c>datasets</c>.</param>
    public static string? NameOf(JsonNode? path, string kind)
    {
        var start = kind + "--";
        var cached = path is JsonValue value && value.TryGetValue<string>(out var text)
            ? text.Split('/', '\\').FirstOrDefault(part => part.StartsWith(start, StringComparison.Ordinal))
            : null;
        var name = cached?[start.Length..].Replace("--", "/", StringComparison.Ordinal);
        return name is not null && RepositoryId.IsName(name) ? name : null;
    }

    /// <summary>What an adapter's files may call its base: a name that others have too, never a place of this machine.</summary>
    public static string? BaseOf(JsonNode? written) =>
        NameOf(written, "models")
            ?? (written is JsonValue value && value.TryGetValue<string>(out var name) && RepositoryId.IsName(name) && !IsLocal(name)
                ? name
                : null);

    /// <summary>What the card leaves open, for those who hand it out; null where it says all that the Hub asks for.</summary>
    public static string? Missing(ExportOptions options, Provenance made)
    {
        string?[] open =
        [
            options.Licence is null ? "a licence (--license)" : null,
            options.Licence == "other" ? "what licence that is (license_name and license_link in its header)" : null,
            options.Languages.Count == 0 ? "languages (--language)" : null,
            made.Base is null ? "the base model (--base-model)" : null,
            made.Card is not null && made.Datasets.Count == 0 ? "the data sets (--dataset)" : null,
            made.Evaluations.Any(one => one.HubName is null)
                ? "what the Hub calls the evaluated data (--evaluation FOLDER=OWNER/NAME)"
                : null,
        ];
        return open.OfType<string>().ToArray() is { Length: > 0 } left
            ? $"the model card does not name {string.Join(", ", left)}; add them here or in its README.md"
            : null;
    }

    private static bool IsLocal(string name) =>
        Path.Exists(name) || name.StartsWith("runs/", StringComparison.Ordinal) || name.EndsWith("/final", StringComparison.Ordinal);

    private static void CheckBase(string name)
    {
        if (!IsRepository(name))
        {
            throw OptionRules.Wrong("--base-model", name, "must be the model's name on the Hub, OWNER/NAME");
        }

        if (name.EndsWith("/final", StringComparison.Ordinal) || Directory.Exists(Path.Combine(name, "final"))
            || Directory.Exists(Path.Combine(name, "checkpoints")))
        {
            throw OptionRules.Wrong("--base-model", name,
                "is a run of this machine, which nobody else has under that name; give the name on the Hub, OWNER/NAME");
        }
    }

    [GeneratedRegex("^([a-z]{2,3}|code|multilingual)\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Language();
}
