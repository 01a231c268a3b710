using System.Text.Json.Nodes;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Files.Tokenizers;
using LoRi.Models.ModelFiles;
using LoRi.Models.Reasoning;

namespace LoRi.Runs.Export;

/// <summary>
/// The Python file by which <c>transformers</c> runs a model with its latent steps: the class of its architecture, whose
/// <c>generate</c> reads the card. It stands alone, since <c>transformers</c> copies it to a place of its own and loads it from there.
/// </summary>
internal static class ModellingFile
{
    /// <summary>The file's name.</summary>
    public const string Name = "modeling_lori.py";

    private const string Module = "modeling_lori";
    private const string ConfigClass = "LoRiConfig";
    private const string TokenizerClassKey = "tokenizer_class";
    private static readonly string[] Plain = ["lori_reasoning", "lori_substitution"];

    /// <summary>Its model class.</summary>
    public const string ModelClass = "LoRiForCausalLM";

    /// <summary>Whether the file knows how a model reasons; others are answered with by this program alone.</summary>
    public static bool Takes(ReasoningCard card) =>
        card.Reasoning is PlainReasoning or SequentialReasoning or JacobiReasoning or SubstitutedReasoning;

    /// <summary>
    /// Writes the file, and names it in the <c>config.json</c> of the same folder; the tokenizer's class as well, where one is there:
    /// pipelines look for a tokenizer only by configurations that they know, or that name its class.
    /// </summary>
    public static void WriteBesideWeights(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        var config = JsonFile.ReadObject(path);
        Write(folder, config);
        config["auto_map"] = new JsonObject
        {
            ["AutoConfig"] = $"{Module}.{ConfigClass}",
            ["AutoModelForCausalLM"] = $"{Module}.{ModelClass}",
        };
        var tokenizer = Path.Combine(folder, TokenizerFolder.ConfigName);
        if (File.Exists(tokenizer) && JsonFile.ReadObject(tokenizer)[TokenizerClassKey] is { } name)
        {
            config[TokenizerClassKey] = name.DeepClone();
        }

        AtomicFile.WriteText(path, config.ToJsonString(JsonText.Indented) + "\n");
    }

    /// <summary>Writes the file for models of the architecture that a <c>config.json</c> names.</summary>
    public static void Write(string folder, JsonObject config) =>
        AtomicFile.WriteText(Path.Combine(folder, Name), Text(Architecture(config)!));

    /// <summary>Whether the folder of an export has the file.</summary>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, Name));

    /// <summary>The class that a <c>config.json</c> names; null where it names none.</summary>
    public static string? Architecture(JsonObject config) =>
        config["architectures"] is JsonArray { Count: > 0 } names && names[0] is JsonValue value && value.TryGetValue<string>(out var name)
            ? name
            : null;

    /// <summary>The sources as one: the last imports the others, and the Llama classes in place of the architecture's.</summary>
    private static string Text(string architecture)
    {
        var stem = architecture.Replace("ForCausalLM", "", StringComparison.Ordinal).Replace("LMHeadModel", "", StringComparison.Ordinal);
        var lines = Source(Module).Split('\n').Where(line => !line.StartsWith("from .", StringComparison.Ordinal));
        var classes = string.Join('\n', lines)
            .Replace("import LlamaConfig as", $"import {stem}Config as", StringComparison.Ordinal)
            .Replace("import LlamaForCausalLM as", $"import {architecture} as", StringComparison.Ordinal);
        return string.Join("\n\n", Plain.Select(Source).Append(classes));
    }

    private static string Source(string name)
    {
        using var stream = typeof(ModellingFile).Assembly.GetManifestResourceStream($"LoRi.Runs.Export.{name}.py")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
