using System.Collections.Immutable;

namespace LoRi.Files.Settings;

/// <summary>The values that were given to settings; every other has its default.</summary>
public sealed class SettingValues
{
    private readonly ImmutableDictionary<string, Given> given;

    private SettingValues(ImmutableDictionary<string, Given> given) => this.given = given;

    /// <summary>Nothing was given.</summary>
    public static SettingValues None { get; } = new(ImmutableDictionary<string, Given>.Empty);

    /// <summary>The keys of what was given.</summary>
    public IEnumerable<string> Keys => given.Keys;

    /// <summary>The value of a setting, given or by default.</summary>
    /// <param name="setting">A setting of the command that these values belong to.</param>
    public T Get<T>(Setting<T> setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        return given.TryGetValue(setting.Key, out var found) ? (T)found.Value! : setting.Default(this);
    }

    /// <summary>Whether a value was given.</summary>
    /// <param name="setting">The setting that is asked about.</param>
    public bool IsGiven(Setting setting) => SourceOf(setting) is not null;

    /// <summary>Where a value was given; null where none was.</summary>
    /// <param name="setting">The setting that is asked about.</param>
    public SettingSource? SourceOf(Setting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        return given.TryGetValue(setting.Key, out var found) ? found.Source : null;
    }

    /// <summary>The same with another value of a setting, where it was given before or not.</summary>
    /// <param name="setting">The setting to change.</param>
    /// <param name="value">Its new value.</param>
    public SettingValues With<T>(Setting<T> setting, T value) => Set(setting, value, SourceOf(setting) ?? SettingSource.CommandLine);

    /// <summary>The same without some settings.</summary>
    /// <param name="keys">Keys of the settings to leave out; those that are not here do not matter.</param>
    public SettingValues Without(params IEnumerable<string> keys) => new(given.RemoveRange(keys));

    /// <summary>These values over those of another, which stay where there is none here.</summary>
    /// <param name="other">The values that stay where these have none.</param>
    public SettingValues Over(SettingValues other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new(other.given.SetItems(given));
    }

    internal SettingValues Set(Setting setting, object? value, SettingSource source) =>
        new(given.SetItem(setting.Key, new Given(value, source)));

    private sealed record Given(object? Value, SettingSource Source);
}
