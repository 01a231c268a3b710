namespace LoRi.Files.Settings;

/// <summary>Where settings come from, for the messages about them.</summary>
/// <param name="File">The file of <c>--config</c>, or nothing for the command line.</param>
public sealed record SettingSource(string? File)
{
    /// <summary>The command line.</summary>
    public static SettingSource CommandLine { get; } = new((string?)null);

    /// <summary>The line that each setting of the file stands in, where that is known.</summary>
    public IReadOnlyDictionary<string, long>? Lines { get; init; }

    /// <summary>How a message names the setting <paramref name="key"/>.</summary>
    /// <param name="key">The name that files give the setting.</param>
    public string Place(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return File is null ? Setting.FlagOf(key)
            : Lines?.TryGetValue(key, out var line) == true ? $"--config {File}, line {line}: {key}"
            : $"--config {File}: {key}";
    }
}
