using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoRi.Files.Settings;

/// <summary>
/// A size of files as options and settings write it: a number with its unit, such as <c>5GB</c> or <c>500MiB</c>. A number alone
/// counts MiB, as settings of before had it.
/// </summary>
/// <param name="Bytes">Bytes; at least 1.</param>
[JsonConverter(typeof(Converter))]
public readonly record struct StorageSize(long Bytes)
{
    /// <summary>What a size must be, for messages.</summary>
    public const string Rule = "must be a size with its unit, such as 5GB or 500MiB; a number alone counts MiB";

    private const string Alone = "MiB";

    private static readonly (string Unit, long Bytes)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
    ];

    /// <summary>The size that a text names.</summary>
    /// <param name="flag">The option, for the message.</param>
    /// <param name="text">A number with a unit, such as <c>5GB</c> or <c>512MiB</c>.</param>
    /// <returns>Bytes.</returns>
    /// <exception cref="InputException">The text is no size; the message names <paramref name="flag"/>.</exception>
    public static StorageSize Parse(string flag, string text) =>
        TryParse(text, out var size) ? size : throw new InputException($"{flag} {text}: {Rule}");

    /// <summary>The size in the largest unit in which it is a whole number; in binary units where they suit.</summary>
    public override string ToString()
    {
        var bytes = Bytes;
        var unit = Units.OrderByDescending(one => one.Bytes).FirstOrDefault(one => bytes % one.Bytes == 0);
        return unit.Unit is null
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (decimal)(1 << 10)}KiB")
            : string.Create(CultureInfo.InvariantCulture, $"{bytes / unit.Bytes}{unit.Unit}");
    }

    private static bool TryParse(string text, out StorageSize size)
    {
        var trimmed = text.AsSpan().Trim().ToString();
        var unit = Units.FirstOrDefault(one => trimmed.EndsWith(one.Unit, StringComparison.OrdinalIgnoreCase));
        unit = unit.Unit is null ? Units.First(one => one.Unit == Alone) : unit;
        var digits = trimmed.EndsWith(unit.Unit, StringComparison.OrdinalIgnoreCase) ? trimmed[..^unit.Unit.Length].TrimEnd() : trimmed;
        var isSize = decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number is > 0 and < 1_000_000_000_000 && number * unit.Bytes is >= 1 and < 1L << 60;
        size = isSize ? new StorageSize((long)(number * unit.Bytes)) : default;
        return isSize;
    }

    private sealed class Converter : JsonConverter<StorageSize>
    {
        public override StorageSize Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType switch
            {
                JsonTokenType.String when TryParse(reader.GetString()!, out var size) => size,
                JsonTokenType.Number when reader.TryGetInt64(out var mebibytes) && TryParse($"{mebibytes}", out var size) => size,
                _ => throw new JsonException(),
            };

        public override void Write(Utf8JsonWriter writer, StorageSize value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
