namespace LoRi.Runs.Compare;

/// <summary>What a comparison reads of an <c>evaluation.json</c>.</summary>
internal sealed record ComparedEvaluation
{
    /// <summary>What to do about a damaged file.</summary>
    public const string Remedy = "evaluate again";

    /// <summary>The method.</summary>
    public required string Method { get; init; }

    /// <summary>Share of right answers.</summary>
    public required double Accuracy { get; init; }

    /// <summary>The same by the strict rule.</summary>
    public double? AccuracyStrict { get; init; }

    /// <summary>The data set.</summary>
    public string Dataset { get; init; } = "";

    /// <summary>The seed.</summary>
    public long? Seed { get; init; }

    /// <summary>Questions.</summary>
    public int? Examples { get; init; }

    /// <summary>Right answers.</summary>
    public int? Correct { get; init; }

    /// <summary>Answers that were cut off.</summary>
    public int? CutOff { get; init; }

    /// <summary>Empty answers.</summary>
    public int? Empty { get; init; }
}

/// <summary>What a comparison reads of a <c>demo.json</c>.</summary>
internal sealed record ComparedDemo
{
    /// <summary>What to do about a damaged file.</summary>
    public const string Remedy = "run the demonstration again";

    /// <summary>The setting's name.</summary>
    public string Setting { get; init; } = "";

    /// <summary>Which questions were asked; empty in files of older versions.</summary>
    public string Dataset { get; init; } = "";

    /// <summary>A row for each method and seed.</summary>
    public required IReadOnlyList<ComparedDemoRow?> Rows { get; init; }
}

/// <summary>What a comparison reads of a row of a <c>demo.json</c>.</summary>
internal sealed record ComparedDemoRow
{
    /// <summary>The method.</summary>
    public required string Method { get; init; }

    /// <summary>The seed.</summary>
    public required long Seed { get; init; }

    /// <summary>Questions.</summary>
    public required int Examples { get; init; }

    /// <summary>Right answers.</summary>
    public int? Correct { get; init; }

    /// <summary>Share of right answers.</summary>
    public required double Accuracy { get; init; }

    /// <summary>A mark 0 or 1 for each question; null in files of older versions.</summary>
    public string? Right { get; init; }
}
