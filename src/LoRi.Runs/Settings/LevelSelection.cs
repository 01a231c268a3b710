using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using LoRi.Files;

namespace LoRi.Runs.Settings;

/// <summary>Which of a model's levels are traced: <c>all</c>, <c>every-K</c> or <c>last-N</c>.</summary>
[JsonConverter(typeof(LevelSelectionJson))]
public sealed record LevelSelection
{
    private const string EveryPrefix = "every-";
    private const string LastPrefix = "last-";

    private readonly int every = 1;
    private readonly int last = int.MaxValue;

    private LevelSelection(int every, int last) => (this.every, this.last) = (every, last);

    /// <summary>Every level.</summary>
    public static LevelSelection All { get; } = new(1, int.MaxValue);

    /// <summary>Reads the option's text.</summary>
    /// <exception cref="InputException">The text is none of the three forms.</exception>
    public static LevelSelection Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text == "all")
        {
            return All;
        }

        if (TryCount(text, EveryPrefix, out var step))
        {
            return new LevelSelection(step, int.MaxValue);
        }

        return TryCount(text, LastPrefix, out var count)
            ? new LevelSelection(1, count)
            : throw new InputException($"--levels {text}: must be all, every-K or last-N with a number of at least 1");
    }

    /// <summary>
    /// The chosen levels of <paramref name="count"/>, counted from 0. <c>every-K</c> takes the K-th, the 2K-th and so on.
    /// </summary>
    /// <exception cref="InputException">More levels are asked for than there are.</exception>
    public IReadOnlyList<int> Indices(int count)
    {
        if (every > count || (last != int.MaxValue && last > count))
        {
            throw new InputException($"--levels {this}: the model has {count} levels only");
        }

        return [.. Enumerable.Range(0, count).Where(i => i >= count - last && (i + 1) % every == 0)];
    }

    /// <summary>The option's text.</summary>
    public override string ToString() => (every, last) switch
    {
        (1, int.MaxValue) => "all",
        (_, int.MaxValue) => string.Create(CultureInfo.InvariantCulture, $"{EveryPrefix}{every}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{LastPrefix}{last}"),
    };

    private static bool TryCount(string text, string prefix, out int count)
    {
        count = 0;
        return text.StartsWith(prefix, StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out count)
            && count >= 1;
    }
}

/// <summary>Writes a <see cref="LevelSelection"/> as the option's text.</summary>
internal sealed class LevelSelectionJson : JsonConverter<LevelSelection>
{
    /// <inheritdoc/>
    public override LevelSelection Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        LevelSelection.Parse(reader.GetString() ?? "");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, LevelSelection value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
