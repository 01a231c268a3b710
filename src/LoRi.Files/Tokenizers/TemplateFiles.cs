using System.Text;
using System.Text.Json.Nodes;
using LoRi.Files.Json;

namespace LoRi.Files.Tokenizers;

/// <summary>
/// Finds chat templates that are not in a tokenizer's own configuration: what a tokenizer is saved with then holds them, wherever
/// they were.
/// </summary>
internal static class TemplateFiles
{
    private const string Setting = "chat_template";

    /// <summary>
    /// Puts the template of a folder into the configuration of the tokenizer file in it: <c>chat_template.jinja</c>, which counts before
    /// the configuration's own; else, where that has none, <c>tokenizer_config.json</c>'s or <c>chat_template.json</c>'s.
    /// </summary>
    /// <exception cref="InputException">The template's file is not UTF-8 or not as it should be.</exception>
    public static void Add(string tokenizer, JsonObject config)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(tokenizer)) ?? ".";
        string plain = Path.Combine(folder, "chat_template.jinja"), wrapped = Path.Combine(folder, "chat_template.json");
        if (File.Exists(plain))
        {
            config[Setting] = ReadText(plain);
        }
        else if (config[Setting] is null && TokenizerFile.ReadConfig(tokenizer)[Setting] is JsonNode beside)
        {
            config[Setting] = beside.DeepClone();
        }
        else if (config[Setting] is null && File.Exists(wrapped))
        {
            config[Setting] = JsonFile.ReadObject(wrapped)[Setting]?.DeepClone()
                ?? throw new InputException($"{wrapped}: has no {Setting}; correct or remove the file");
        }
    }

    private static string ReadText(string file)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(JsonFile.ReadBytes(file)).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"{file}: is not UTF-8 ({e.Message.ReplaceLineEndings(" ")}); save it as UTF-8", e);
        }
    }
}
