namespace LoRi.Files.Settings;

/// <summary>Settings that are wrong, each by itself or together: the message is one line that names them.</summary>
public sealed class SettingException : InputException
{
    /// <summary>An error about some settings.</summary>
    /// <param name="message">The whole story but for the file that has them.</param>
    /// <param name="values">What was given, and where.</param>
    /// <param name="about">The settings that it is about.</param>
    public SettingException(string message, SettingValues values, params IEnumerable<Setting> about)
        : this(SourceOf(values, about), message)
    {
    }

    /// <summary>An error about a value that has another form; the message names its place.</summary>
    internal SettingException(SettingSource source, string message, Exception cause)
        : base(message, cause) => IsUsage = source.File is null;

    private SettingException(SettingSource source, string message)
        : base(source.File is { } file ? $"--config {file}: {message}" : message) => IsUsage = source.File is null;

    /// <summary>Whether the command line is to blame: it has one of the settings, or a file has none of them.</summary>
    public bool IsUsage { get; }

    private static SettingSource SourceOf(SettingValues values, IEnumerable<Setting> about)
    {
        ArgumentNullException.ThrowIfNull(values);
        var sources = about.Select(values.SourceOf).OfType<SettingSource>().ToArray();
        return Array.Find(sources, source => source.File is null) ?? sources.FirstOrDefault() ?? SettingSource.CommandLine;
    }
}
