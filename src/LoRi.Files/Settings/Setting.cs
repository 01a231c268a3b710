using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files.Text;

namespace LoRi.Files.Settings;

/// <summary>Whether a setting may differ on resume.</summary>
public enum OnResume
{
    /// <summary>No: it decides what is learnt.</summary>
    Same,

    /// <summary>Yes: it changes what is written and when, or is compared by its content.</summary>
    Free,

    /// <summary>Yes, with a warning: it changes the order of sums, and so the last bits.</summary>
    Rounding,

    /// <summary>No, but where it is left out it follows from the data or the model.</summary>
    Derived,

    /// <summary>It belongs to one call, and no run keeps it.</summary>
    Once,
}

/// <summary>What a setting stands against where it was given and has no effect, and why.</summary>
/// <param name="Against">The other option with its value.</param>
/// <param name="Why">The reason, and what to do.</param>
public sealed record Contradiction(string Against, string Why);

/// <summary>
/// One setting, declared once: its option, its key in files, its help, the form of its values and what becomes of it where a run goes
/// on. Two commands may have settings of the same key that differ in the rest.
/// </summary>
/// <param name="Key">Its key in files: the option's name with underscores.</param>
/// <param name="ValueName">What help calls its value.</param>
/// <param name="Help">What help says of it; <c>{choices}</c> stands for the names of its values.</param>
public abstract record Setting(string Key, string ValueName, string Help)
{
    private readonly string? words;
    private readonly bool inWords;

    /// <summary>Its option.</summary>
    public string Flag => FlagOf(Key);

    /// <summary>Whether it is what the command is given without an option.</summary>
    public bool IsMain { get; init; }

    /// <summary>Whether no file has it: it names the file.</summary>
    public bool IsOfCommandLine { get; init; }

    /// <summary>How messages name it.</summary>
    public string Label => IsMain ? Key : Flag;

    /// <summary>The section of help that it stands in.</summary>
    public string Group { get; init; } = SettingGroups.Run;

    /// <summary>Whether it may differ on resume.</summary>
    public OnResume OnResume { get; init; }

    /// <summary>What to do where a command cannot do without it and it is missing; null where it may be.</summary>
    public string? Required { get; init; }

    /// <summary>The default in words, where it is no fixed value.</summary>
    public string? DefaultText
    {
        get => inWords ? words : ValueText();
        init => (inWords, words) = (true, value);
    }

    /// <summary>Whether it was chosen for the size of a run, so that a file's gives way where it does not suit the command line.</summary>
    public bool SuitsRun { get; init; }

    /// <summary>What a method without it lacks, as in "takes no latent steps".</summary>
    public string Lacking { get; init; } = "has no such setting";

    /// <summary>What a method that alone has it does, as in "aligns trajectories".</summary>
    public string? Purpose { get; init; }

    /// <summary>Whether it has any effect beside the others, so that a run keeps it.</summary>
    public Func<SettingValues, bool> InForce { get; init; } = _ => true;

    /// <summary>What it contradicts where it was given; null where it does not.</summary>
    public Func<SettingValues, Contradiction?> Contradicts { get; init; } = _ => null;

    /// <summary>Whether its value, though given, asks for nothing, so that it contradicts nothing.</summary>
    public Func<SettingValues, bool> AsksNothing { get; init; } = _ => false;

    /// <summary>The form of its values.</summary>
    public abstract ValueForm ValueForm { get; }

    /// <summary>Its help with choices and default.</summary>
    public string FullHelp =>
        Help.Replace("{choices}", MessageText.Or(ValueForm.Names), StringComparison.Ordinal)
            + (DefaultText is { } text ? $" (default: {text})" : "");

    /// <summary>JSON Schema of its values; null, as everywhere, is as if it were left out.</summary>
    public JsonObject Schema()
    {
        var form = ValueForm.Schema.DeepClone().AsObject();
        form["description"] = FullHelp;
        if (Fixed() is { } value)
        {
            form["default"] = value;
        }

        if (form["type"] is { } type)
        {
            form["type"] = new JsonArray(
                [.. type is JsonArray types ? types.Select(one => one!.DeepClone()) : [type.DeepClone()], JsonValue.Create("null")]);
        }
        else
        {
            form["enum"]!.AsArray().Add(null);
        }

        return form;
    }

    /// <summary>The option of a key.</summary>
    /// <param name="key">The name that files give the setting, such as <c>batchSize</c>.</param>
    /// <returns>Its option, such as <c>--batch-size</c>.</returns>
    public static string FlagOf(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return "--" + key.Replace('_', '-');
    }

    /// <summary>A value from JSON.</summary>
    /// <exception cref="SettingException">It has another form.</exception>
    internal object? Read(JsonNode node, SettingSource source)
    {
        try
        {
            return ReadValue(node);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            var text = node is JsonValue scalar && scalar.TryGetValue<string>(out var given) ? given : node.ToJsonString();
            throw new SettingException(source,
                $"{(IsMain ? Key : source.Place(Key))} {text}: {ValueForm.Expected}{DidYouMean.Hint(text, ValueForm.Names)}", e);
        }
    }

    /// <summary>The default as JSON where it is one fixed value; null where it is none or follows from others.</summary>
    private protected abstract JsonNode? Fixed();

    /// <summary>The value that it was declared with as text; null of what is none.</summary>
    private protected abstract string? ValueText();

    /// <summary>The value in force as JSON, with full paths.</summary>
    internal abstract JsonNode? Write(SettingValues values);

    /// <summary>The option with its value, for messages.</summary>
    /// <param name="values">Values among which this setting's is looked up.</param>
    public abstract string Say(SettingValues values);

    /// <summary>The rule that its value breaks; null where it breaks none.</summary>
    internal abstract string? Broken(SettingValues values);

    /// <summary>Whether its value is there: not left out, not a flag that is off.</summary>
    internal abstract bool IsThere(SettingValues values);

    /// <summary>A value from JSON; throws where it has another form.</summary>
    private protected abstract object? ReadValue(JsonNode node);
}

/// <summary>A setting whose values have a type.</summary>
/// <typeparam name="T">The type.</typeparam>
public sealed record Setting<T> : Setting
{
    private readonly T declared;

    /// <summary>Declares a setting.</summary>
    /// <param name="key">Its key in files.</param>
    /// <param name="valueName">What help calls its value.</param>
    /// <param name="form">The form of its values.</param>
    /// <param name="value">Its default.</param>
    /// <param name="help">What help says of it.</param>
    public Setting(string key, string valueName, ValueForm<T> form, T value, string help)
        : base(key, valueName, help)
    {
        ArgumentNullException.ThrowIfNull(form);
        (Form, Default, declared) = (form, _ => value, value);
    }

    /// <summary>The form of its values.</summary>
    public ValueForm<T> Form { get; init; }

    /// <summary>Its value where it is left out, which may follow from the others.</summary>
    public Func<SettingValues, T> Default { get; init; }

    /// <inheritdoc/>
    public override ValueForm ValueForm => Form;

    /// <summary>The same setting with another default.</summary>
    /// <param name="value">The default of the new setting.</param>
    public Setting<T> WithDefault(T value) => this with { Default = _ => value, DefaultText = TextOf(value) };

    /// <inheritdoc/>
    private protected override string? ValueText() => TextOf(declared);

    /// <inheritdoc/>
    private protected override JsonNode? Fixed() =>
        Default(SettingValues.None) is { } value && DefaultText == TextOf(value) ? Form.Write(value) : null;

    /// <inheritdoc/>
    internal override JsonNode? Write(SettingValues values) => values.Get(this) is { } value ? Form.Write(Form.Anywhere(value)) : null;

    /// <inheritdoc/>
    public override string Say(SettingValues values) =>
        values.Get(this) is { } value and not (true or ICollection { Count: 0 })
            ? $"{Flag} {(value is ICollection all ? string.Join(' ', all.Cast<object>()) : TextOf(value))}"
            : Flag;

    /// <inheritdoc/>
    internal override string? Broken(SettingValues values) => values.Get(this) is { } value ? Form.Broken(value) : null;

    /// <inheritdoc/>
    internal override bool IsThere(SettingValues values) =>
        values.Get(this) is not (null or false or "" or ICollection { Count: 0 });

    private protected override object? ReadValue(JsonNode node) => Form.Read(node);

    /// <summary>
    /// A value as people write it, small numbers with an exponent; null of what is none, of a flag that is off and of no list.
    /// </summary>
    private string? TextOf(T value) => value is null or false or ICollection { Count: 0 } or "" ? null
        : value is double and > 0 and < 0.001 and var number ? number.ToString("0.##########e0", CultureInfo.InvariantCulture)
        : value is int or long or double ? Convert.ToString(value, CultureInfo.InvariantCulture)
        : value is string words && Form.Names.Count == 0 ? words
        : Form.Write(value) is JsonValue node && node.TryGetValue<string>(out var text) ? text : Form.Write(value)?.ToJsonString();
}
