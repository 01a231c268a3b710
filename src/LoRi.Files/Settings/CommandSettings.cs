using System.Text.Json.Nodes;
using LoRi.Files.Text;

namespace LoRi.Files.Settings;

/// <summary>The settings of a command, and what they must be together.</summary>
/// <param name="Name">The command.</param>
/// <param name="Settings">Its settings, in the order of its help.</param>
public sealed record CommandSettings(string Name, IReadOnlyList<Setting> Settings)
{
    /// <summary>The key by which a file of settings names the command that wrote it.</summary>
    public const string CommandKey = "command";

    /// <summary>The key by which it names the version of the program.</summary>
    public const string VersionKey = "version";

    private readonly Dictionary<string, Setting> byKey = Settings.ToDictionary(setting => setting.Key, StringComparer.Ordinal);

    /// <summary>What a first run needs, or sets in most cases; commands without have a plain list of options.</summary>
    public IReadOnlyList<Setting> FirstRun { get; init; } = [];

    /// <summary>What its settings must be together.</summary>
    public IReadOnlyList<SettingRule> Rules { get; init; } = [];

    /// <summary>What a setting contradicts by what others choose, such as a method; null where it does not.</summary>
    public Func<Setting, SettingValues, Contradiction?> Excludes { get; init; } = (_, _) => null;

    /// <summary>The commands whose settings messages name where this one has no such setting.</summary>
    public Func<IEnumerable<CommandSettings>> Others { get; init; } = () => [];

    /// <summary>The setting of a key; null where there is none.</summary>
    /// <param name="key">The name that files give the setting, such as <c>batchSize</c>.</param>
    public Setting? Find(string key) => byKey.GetValueOrDefault(key);

    /// <summary>Values from JSON; null is as if a setting were left out.</summary>
    /// <param name="settings">Values by their settings' keys.</param>
    /// <param name="source">Where they stand, for messages.</param>
    /// <exception cref="InputException">A key is unknown, or a value has another form.</exception>
    public SettingValues Read(JsonObject settings, SettingSource source)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(source);
        var values = SettingValues.None;
        foreach (var (key, value) in settings.Where(pair => pair.Key is not (CommandKey or VersionKey)))
        {
            var setting = Find(key) is { } found && !(found.IsOfCommandLine && source.File is not null) ? found
                : throw Unknown(key, source);
            values = value is null ? values : values.Set(setting, setting.Read(value, source), source);
        }

        return values;
    }

    /// <summary>What of some settings this command has, whatever version of the program wrote them; what is unknown is left out.</summary>
    /// <param name="settings">Values by their settings' keys.</param>
    /// <param name="source">Where they stand, for messages.</param>
    /// <exception cref="InputException">A value has another form.</exception>
    public SettingValues ReadKnown(JsonObject settings, SettingSource source)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Read(
            new JsonObject(
                settings.Where(pair => Find(pair.Key) is not null).Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone()))),
                source);
    }

    /// <summary>
    /// Values from the command line, laid over those of a file: what the command line says wins. Both are looked at first, each by
    /// itself, so that a message names the right one.
    /// </summary>
    /// <param name="commandLine">Values by their settings' keys.</param>
    /// <param name="file">The values of <c>--config</c>; null without.</param>
    /// <exception cref="InputException">
    /// A key is unknown, a value has another form, or a setting has no effect beside the others.
    /// </exception>
    public SettingValues Read(JsonObject commandLine, SettingFile? file)
    {
        var own = Read(commandLine, SettingSource.CommandLine);
        if (file is null)
        {
            RefuseContradictions(own, own);
            return own;
        }

        var written = ReadFile(file);
        RefuseContradictions(written, written);
        var replaced = Rules.SelectMany(rule => rule.Replaces)
            .Where(pair => own.Keys.Contains(pair.Given) && !own.Keys.Contains(pair.Dropped));
        var rest = written.Without(replaced.Select(pair => pair.Dropped));

        // Another method than the file's puts out of force what only the file's has; and what suits the file's size alone gives way.
        var both = own.Over(rest);
        rest = rest.Without(
            Settings.Where(setting => !own.IsGiven(setting) && Contradicts(setting, both) is not null).Select(setting => setting.Key));
        foreach (var setting in Settings.Where(setting => setting.SuitsRun && rest.IsGiven(setting) && !own.IsGiven(setting)))
        {
            both = own.Over(rest);
            var suits = !Rules.Any(
                rule => rule.About.Any(about => about.Key == setting.Key) && rule.About.Any(own.IsGiven) && rule.Broken(both) is not null);
            rest = suits ? rest : rest.Without(setting.Key);
        }

        both = own.Over(rest);
        RefuseContradictions(own, both);
        return both;
    }

    /// <summary>Checks everything that can be checked without reading a file.</summary>
    /// <param name="values">Values of this command's settings.</param>
    /// <exception cref="SettingException">A value is missing or out of range, or two contradict each other.</exception>
    public void Check(SettingValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        foreach (var setting in Settings.Where(setting => setting.Required is not null && !setting.IsThere(values)))
        {
            throw new SettingException($"{(setting.IsMain ? $"{Name}:" : $"{setting.Flag} is missing:")} {setting.Required}", values,
                setting);
        }

        foreach (var setting in Settings.Where(
            setting => values.IsGiven(setting) && !(setting.AsksNothing(values) && Excludes(setting, values) is not null)))
        {
            if (setting.Broken(values) is { } rule)
            {
                throw new SettingException($"{setting.Say(values)}: {rule}", values, setting);
            }
        }

        foreach (var rule in Rules)
        {
            if (rule.Broken(values) is { } message)
            {
                throw new SettingException(message, values, rule.About);
            }
        }
    }

    /// <summary>
    /// Every setting that is in force, with the values of those that are left out and with full paths: what <c>config.json</c>
    /// holds.
    /// </summary>
    /// <param name="values">Values of this command's settings.</param>
    /// <returns>An object with a key for each setting.</returns>
    public JsonObject ToJson(SettingValues values)
    {
        var all = new JsonObject();
        foreach (var setting in Settings.Where(
            setting => setting.OnResume != OnResume.Once && setting.InForce(values) && Excludes(setting, values) is null
                && setting.Contradicts(values) is null))
        {
            all[setting.Key] = setting.Write(values);
        }

        return all;
    }

    /// <summary>JSON Schema of a file of settings, for editors; what a run needs beside it may stand on the command line.</summary>
    public JsonObject Schema()
    {
        var properties = new JsonObject
        {
            [CommandKey] = new JsonObject { ["const"] = Name },
            [VersionKey] = new JsonObject { ["type"] = "string" },
        };
        foreach (var setting in Settings.Where(setting => !setting.IsOfCommandLine))
        {
            properties[setting.Key] = setting.Schema();
        }

        return new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = $"Settings of lori {Name}",
            ["type"] = "object",
            ["properties"] = properties,
            ["additionalProperties"] = false,
        };
    }

    private Contradiction? Contradicts(Setting setting, SettingValues values) =>
        setting.AsksNothing(values) ? null : Excludes(setting, values) ?? setting.Contradicts(values);

    private SettingValues ReadFile(SettingFile file)
    {
        var (settings, source) = (file.Settings, file.Source);
        if (settings[CommandKey] is not { } written)
        {
            return Read(settings, source);
        }

        if (written.ToJsonString() != JsonValue.Create(Name).ToJsonString())
        {
            throw new InputException(
                $"{source.Place(CommandKey)} {written.ToJsonString()}: these are the settings of another command than `lori {Name}`; "
                + "replay them with that one");
        }

        if (settings.ContainsKey(VersionKey))
        {
            return Read(settings, source);
        }

        // Runs of before settings were told apart by command kept all of them, also those without meaning.
        var others = Others().SelectMany(other => other.Settings).Select(setting => setting.Key).Where(key => Find(key) is null)
            .ToHashSet();
        var values =
            Read(new JsonObject(
                settings.Where(pair => !others.Contains(pair.Key)).Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone()))),
                source);
        return values.Without(Settings.Where(setting => Contradicts(setting, values) is not null).Select(setting => setting.Key));
    }

    /// <summary>Refuses a setting that its user gave and that has no effect beside the others.</summary>
    private void RefuseContradictions(SettingValues given, SettingValues all)
    {
        foreach (var setting in Settings.Where(setting => given.IsGiven(setting) && setting.IsThere(given)))
        {
            if (Contradicts(setting, all) is { } found)
            {
                throw new SettingException($"{setting.Say(all)} and {found.Against} contradict each other: {found.Why}", given, setting);
            }
        }
    }

    private InputException Unknown(string key, SettingSource source) =>
        Find(key) is { } known ? new($"{source.Place(key)}: belongs on the command line, as {known.Flag}; leave it out here")
            : Others().FirstOrDefault(other => other.Find(key) is not null) is { } has
            ? new($"{source.Place(key)}: `lori {Name}` has no such setting, `lori {has.Name}` has it; leave it out")
            : new($"{source.Place(key)}: there is no such setting; settings are named as the options are, with "
                + $"underscores{DidYouMean.Hint(key, byKey.Keys)}");
}
