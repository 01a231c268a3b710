using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files.Settings;

namespace LoRi.Runs.Probe;

/// <summary>What becomes of the inputs of latent steps.</summary>
public enum InterventionKind
{
    /// <summary>Zeros.</summary>
    Zero,

    /// <summary>Their mean over the questions, step by step.</summary>
    Mean,

    /// <summary>Those of another question.</summary>
    Shuffle,

    /// <summary>Gaussian noise is added.</summary>
    Noise,

    /// <summary>What they keep in their leading directions.</summary>
    Rank,

    /// <summary>What they keep in as many random directions.</summary>
    RandomRank,
}

/// <summary>One way to replace the inputs of latent steps.</summary>
/// <param name="Kind">What becomes of them.</param>
/// <param name="Amount">Noise in units of the inputs' own deviation, or the number of directions; 0 where there is none.</param>
public sealed record LatentIntervention(InterventionKind Kind, double Amount = 0)
{
    /// <summary>What texts name one.</summary>
    internal const string Choices = "must be zero, mean, shuffle, noise:S with a number above 0, rank:K or random-rank:K with a whole "
        + "number of at least 1";

    /// <summary>How settings write some of them.</summary>
    internal static ValueForm<IReadOnlyList<LatentIntervention>> Form { get; } = new()
    {
        Expected = Choices,
        IsList = true,
        Schema = new() { ["type"] = new JsonArray("string", "array"), ["items"] = new JsonObject { ["type"] = "string" } },
        Read = node => [.. (node is JsonArray all ? all.Select(item => item!) : [node])
            .Select(item => Parse(item.GetValue<string>()) ?? throw new JsonException())],
        Write = all => new JsonArray([.. all.Select(one => JsonValue.Create(one.ToString()))]),
    };

    /// <summary>Whether something random is drawn of which another draw may say another thing.</summary>
    internal bool IsDrawn => Kind is InterventionKind.Noise or InterventionKind.RandomRank;

    /// <summary>Whether it keeps some directions.</summary>
    internal bool IsProjection => Kind is InterventionKind.Rank or InterventionKind.RandomRank;

    /// <summary>The intervention of a text; null where it is none.</summary>
    /// <param name="text">What the option's value says.</param>
    public static LatentIntervention? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(':');
        var kind = Enum.GetValues<InterventionKind>().Where(one => Forms.Name(one) == parts[0]).Select(one => (InterventionKind?)one)
            .FirstOrDefault();
        return (kind, parts.Length) switch
        {
            (InterventionKind.Zero or InterventionKind.Mean or InterventionKind.Shuffle, 1) => new(kind.Value),
            (InterventionKind.Noise, 2) when double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var size)
                && size > 0 && double.IsFinite(size) => new(kind.Value, size),
            (InterventionKind.Rank or InterventionKind.RandomRank, 2) when int.TryParse(
                parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var rank) && rank > 0 => new(kind.Value, rank),
            _ => null,
        };
    }

    /// <summary>The text that <see cref="Parse"/> reads.</summary>
    public override string ToString() =>
        Amount > 0 ? string.Create(CultureInfo.InvariantCulture, $"{Forms.Name(Kind)}:{Amount}") : Forms.Name(Kind);
}
