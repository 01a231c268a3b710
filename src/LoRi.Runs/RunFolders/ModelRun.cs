using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Json;

namespace LoRi.Runs.RunFolders;

/// <summary>The run that trained a model, as far as its folder tells.</summary>
internal static class ModelRun
{
    /// <summary>
    /// The settings of the run that <c>--model</c> names, by its own folder or its <c>final/</c>; null for what no run made.
    /// </summary>
    /// <exception cref="InputException">The file is damaged.</exception>
    public static JsonObject? SettingsOf(string model)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(model));
        var folder = Path.GetFileName(full) == "final" ? Path.GetDirectoryName(full)! : full;
        var config = Path.Combine(folder, "config.json");
        return File.Exists(config) && JsonFile.ReadObject(config) is { } settings && settings.ContainsKey("command") ? settings : null;
    }

    /// <summary>The seed that a run's settings record; null where they record none.</summary>
    public static long? SeedOf(JsonObject? settings) =>
        settings?["seed"] is JsonValue seed && seed.TryGetValue<long>(out var value) ? value : null;
}
