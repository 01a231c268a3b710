using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files.Settings;
using LoRi.Math;

namespace LoRi.Training.Trajectories;

/// <summary>How settings write a statistic beyond second moments: <c>none</c>, <c>lag-1</c>, <c>third</c> or <c>parts-K</c>.</summary>
internal static class OrderForm
{
    private const string PartsPrefix = "parts-";
    private const int MostParts = 999;

    private static readonly (string Name, Order Value)[] named = [("none", Order.Off), ("lag-1", Order.Lag1), ("third", Order.Third)];

    /// <summary>The form.</summary>
    public static ValueForm<Order> Form { get; } = new()
    {
        Expected = $"must be {string.Join(", ", named.Select(one => one.Name))} or {PartsPrefix}K with a number from 2 to {MostParts}",
        Schema = new()
        {
            ["type"] = "string",
            ["pattern"] = $"^({string.Join('|', named.Select(one => one.Name))}|{PartsPrefix}0*([2-9]|[1-9][0-9][0-9]?))$",
        },
        Read = node => Parse(node.GetValue<string>()) ?? throw new JsonException(),
        Write = order => JsonValue.Create(Text(order)),
    };

    private static Order? Parse(string text)
    {
        if (text.StartsWith(PartsPrefix, StringComparison.Ordinal)
            && int.TryParse(text[PartsPrefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var parts)
            && parts is > 1 and <= MostParts)
        {
            return Order.NewParts(parts);
        }

        return named.FirstOrDefault(one => one.Name == text).Value;
    }

    private static string Text(Order order) => order is Order.Parts parts
        ? string.Create(CultureInfo.InvariantCulture, $"{PartsPrefix}{parts.Item}")
        : named.First(one => one.Value == order).Name;
}
