using System.Collections;
using System.Globalization;

namespace LoRi.Training.Data;

/// <summary>The columns of one row of a Parquet file.</summary>
/// <param name="fields">Their values.</param>
internal sealed class ParquetFields(IDictionary<string, object?> fields) : IRowFields
{
    /// <inheritdoc/>
    public bool Has(string name) => fields.TryGetValue(name, out var value) && value is not null;

    /// <inheritdoc/>
    public bool IsList(string name) => fields.TryGetValue(name, out var value) && value is IEnumerable and not string;

    /// <inheritdoc/>
    public string Text(string name) => Scalar(name, Required(name));

    /// <inheritdoc/>
    public string Value(string name) => Text(name).Trim();

    /// <inheritdoc/>
    public IReadOnlyList<string> Values(string name) => Required(name) is IEnumerable items and not string
        ? [.. items.Cast<object?>().Select(item => Scalar(name, item))]
        : throw new BadRowException($"'{name}' is a {Required(name).GetType().Name}, expected a list");

    private object Required(string name) => fields.TryGetValue(name, out var value) && value is not null
        ? value
        : throw new BadRowException($"there is no '{name}', only: {string.Join(", ", fields.Where(f => f.Value is not null).Select(f => f.Key).Take(8))}");

    private static string Scalar(string name, object? value) => value switch
    {
        string text => text,
        ReadOnlyMemory<char> text => text.ToString(),
        bool truth => truth ? "True" : "False",
        double number => RowChecks.NumberText(number.ToString("R", CultureInfo.InvariantCulture)),
        float number => RowChecks.NumberText(number.ToString("R", CultureInfo.InvariantCulture)),
        sbyte or byte or short or ushort or int or uint or long or ulong or decimal =>
            RowChecks.NumberText(Convert.ToString(value, CultureInfo.InvariantCulture)!),
        _ => throw new BadRowException($"'{name}' is a {value?.GetType().Name ?? "null"}, expected text or a number"),
    };
}
