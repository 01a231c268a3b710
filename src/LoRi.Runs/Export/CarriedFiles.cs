using System.Text.Json.Nodes;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Files.Tokenizers;
using LoRi.Models.ModelFiles;

namespace LoRi.Runs.Export;

/// <summary>What a model that is made of another one takes from its folder beside weights: tokenizer and generation settings.</summary>
internal static class CarriedFiles
{
    private const string GenerationConfig = "generation_config.json";

    /// <summary>Generation settings that say what a text consists of, and not which token is taken.</summary>
    private static readonly string[] Kept =
        ["bos_token_id", "eos_token_id", "pad_token_id", "max_length", "max_new_tokens", "transformers_version"];

    /// <summary>Files of a tokenizer beside those that are written anew.</summary>
    private static readonly string[] TokenizerExtras = ["chat_template.jinja", "chat_template.json"];

    /// <summary>Writes the tokenizer with its special tokens and chat template; nothing where there is none.</summary>
    public static void WriteTokenizer(string folder, string source, TextTokenizer? tokenizer)
    {
        if (tokenizer is null)
        {
            return;
        }

        tokenizer.SaveTo(folder);
        SpecialTokens.Write(folder, tokenizer);
        foreach (var name in TokenizerExtras.Select(name => Path.Combine(FolderOf(source), name)).Where(File.Exists))
        {
            File.Copy(name, Path.Combine(folder, Path.GetFileName(name)), overwrite: true);
        }
    }

    /// <summary>Writes the generation settings of the source over those that were made, greedy ones for a trained model.</summary>
    public static void WriteGeneration(string folder, string source, ReasoningCard? card)
    {
        var generation = Path.Combine(FolderOf(source), GenerationConfig);
        if (File.Exists(generation))
        {
            var given = JsonFile.ReadObject(generation);
            AtomicFile.WriteText(Path.Combine(folder, GenerationConfig),
                (card is null ? given : Greedy(given)).ToJsonString(JsonText.Indented) + "\n");
        }
    }

    /// <summary>The folder of a model that is a folder or a file.</summary>
    public static string FolderOf(string source) => Directory.Exists(source) ? source : Path.GetDirectoryName(Path.GetFullPath(source))!;

    /// <summary>How a trained model is asked, and was measured: by its most likely tokens, whatever its base's settings were.</summary>
    private static JsonObject Greedy(JsonObject given)
    {
        JsonObject kept = new() { ["do_sample"] = false };
        foreach (var (key, value) in given.Where(pair => Kept.Contains(pair.Key)))
        {
            kept[key] = value?.DeepClone();
        }

        return kept;
    }
}
