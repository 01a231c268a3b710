namespace LoRi.Files.Data;

/// <summary>Where the rationale of a generic row is, and what its steps are.</summary>
internal static class GenericRationale
{
    private const string DefaultColumn = "rationale";

    /// <summary>Names under which published data has it, tried in this order where no other name was asked for.</summary>
    internal static IReadOnlyList<string> DefaultColumns { get; } = [DefaultColumn, "steps", "cot"];

    /// <summary>The column to read among those present, or none where the data has no rationales.</summary>
    internal static string? Column(DataOptions options, Func<string, bool> has) =>
        options.RationaleColumn == DefaultColumn ? DefaultColumns.FirstOrDefault(has) : options.RationaleColumn;

    internal static (IReadOnlyList<string> Steps, string Rationale) Read(IRowFields fields, DataOptions options)
    {
        var column = Column(options, fields.Has);
        if (column is null)
        {
            return ([], "");
        }

        return fields.IsList(column) ? OfSteps(fields.Values(column)) : OfText(fields.Text(column));
    }

    /// <summary>A rationale given as steps: they are joined by spaces.</summary>
    internal static (IReadOnlyList<string> Steps, string Rationale) OfSteps(IEnumerable<string> steps)
    {
        var kept = steps.Select(s => s.Trim()).Where(s => s.Length > 0).ToArray();
        return (kept, string.Join(' ', kept));
    }

    /// <summary>A rationale given as one text.</summary>
    internal static (IReadOnlyList<string> Steps, string Rationale) OfText(string text)
    {
        var rationale = text.Trim();
        return (RowChecks.StepsOf(rationale), rationale);
    }
}
