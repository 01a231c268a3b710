using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using LoRi.Files;
using LoRi.Files.Json;
using LoRi.Files.Settings;

namespace LoRi.Runs.Settings;

/// <summary>The file of <c>--config</c>: settings as JSON or as YAML.</summary>
public static partial class OptionFile
{
    /// <summary>The settings of a file; which of the two forms it has tell its ending and its first character.</summary>
    /// <param name="path">A JSON or YAML file.</param>
    /// <exception cref="InputException">The file cannot be read or is not one object or mapping in which every name stands
    /// once.</exception>
    public static SettingFile Read(string path)
    {
        try
        {
            return ReadPlain(path);
        }
        catch (InputException e)
        {
            throw new InputException($"--config {e.Message}", e);
        }
    }

    /// <summary>The same of a file that no option names.</summary>
    /// <exception cref="InputException">As for <see cref="Read"/>.</exception>
    internal static SettingFile ReadPlain(string path)
    {
        var bytes = JsonFile.ReadBytes(path);
        return IsJson(path, bytes) ? new SettingFile(ReadJson(path, bytes), new SettingSource(path)) : ReadYaml(path, bytes);
    }

    private static bool IsJson(string path, ReadOnlySpan<byte> bytes)
    {
        var start = bytes.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? bytes[3..] : bytes;
        var ending = Path.GetExtension(path);
        return ending.Equals(".json", StringComparison.OrdinalIgnoreCase)
            || (!IsYamlEnding(ending) && start.TrimStart(" \t\r\n"u8) is [(byte)'{' or (byte)'[', ..] && !start.TrimStart(" \t\r\n"u8)
                .StartsWith("[["u8));
    }

    private static bool IsYamlEnding(string ending) =>
        ending.Equals(".yaml", StringComparison.OrdinalIgnoreCase) || ending.Equals(".yml", StringComparison.OrdinalIgnoreCase);

    private static JsonObject ReadJson(string path, byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes).AsSpan().TrimStart("\uFEFF \t\r\n");
        return text is [not ('{' or '['), ..] && Utf8.IsValid(bytes)
            ? throw new InputException(
                $"{path}: is not JSON with settings, which begins with a brace; where it is YAML, end its name with .yaml")
            : JsonFile.ParseObject(path, bytes, "correct it");
    }

    private static SettingFile ReadYaml(string path, byte[] bytes)
    {
        var text = Text(path, bytes);
        var first = text.Split('\n', 1000).Select((line, index) => (Text: line.Trim(), Number: index + 1))
            .FirstOrDefault(line => line.Text is [not ('#' or ';'), ..]);
        if (first.Text is not null && Assignment().IsMatch(first.Text))
        {
            throw new InputException(
                $"{path}, line {first.Number}: is written as TOML or INI would have it; settings are read as YAML (`steps: 100`) or JSON");
        }

        var (settings, lines) = YamlSettings.Read(path, text);
        return new SettingFile(settings, new SettingSource(path) { Lines = lines });
    }

    /// <summary>The file as text.</summary>
    private static string Text(string path, ReadOnlySpan<byte> bytes)
    {
        if (bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            throw new InputException($"{path}: is UTF-16; save it as UTF-8");
        }

        return bytes.Contains((byte)0) || !Utf8.IsValid(bytes)
            ? throw new InputException($"{path}: is not text in UTF-8, and settings are JSON or YAML; check that it is the right file")
            : Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF');
    }

    /// <summary>A section in brackets, or an assignment.</summary>
    [GeneratedRegex(@"^(\[\[?[A-Za-z_][\w.-]*\]\]?\s*(#.*)?|[A-Za-z_][\w.-]*\s*=.*)$",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Assignment();
}
