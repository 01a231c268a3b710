using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Settings;

namespace LoRi.Training.Trajectories;

/// <summary>Which of a model's levels are traced: <c>all</c>, <c>every-K</c> or <c>last-N</c>.</summary>
public sealed record LevelSelection
{
    private const string EveryPrefix = "every-";
    private const string LastPrefix = "last-";

    private readonly int every = 1;
    private readonly int last = int.MaxValue;

    private LevelSelection(int every, int last) => (this.every, this.last) = (every, last);

    /// <summary>Every level.</summary>
    public static LevelSelection All { get; } = new(1, int.MaxValue);

    /// <summary>How settings write it.</summary>
    public static ValueForm<LevelSelection> Form { get; } = new()
    {
        Expected = "must be all, every-K or last-N with a number of at least 1",
        Schema = new() { ["type"] = "string", ["pattern"] = $"^(all|({EveryPrefix}|{LastPrefix})0*[1-9][0-9]*)$" },
        Read = node => Parse(node.GetValue<string>()) ?? throw new JsonException(),
        Write = levels => JsonValue.Create(levels.ToString()),
    };

    /// <summary>The selection of a text; null where it is none.</summary>
    private static LevelSelection? Parse(string text) => text == "all" ? All
        : TryCount(text, EveryPrefix, out var step) ? new LevelSelection(step, int.MaxValue)
        : TryCount(text, LastPrefix, out var count) ? new LevelSelection(1, count)
        : null;

    /// <summary>Why a model of so many levels does not have these; null where it has them.</summary>
    /// <param name="count">Levels of the model.</param>
    public string? Refusal(int count) =>
        every > count || (last != int.MaxValue && last > count) ? $"--levels {this}: the model has {count} levels only" : null;

    /// <summary>
    /// The chosen levels of <paramref name="count"/>, counted from 0. <c>every-K</c> takes the K-th, the 2K-th and so on.
    /// </summary>
    /// <param name="count">Levels of the model.</param>
    /// <exception cref="InputException">More levels are asked for than there are.</exception>
    public IReadOnlyList<int> Indices(int count)
    {
        if (Refusal(count) is { } refusal)
        {
            throw new InputException(refusal);
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
