namespace LoRi.Models.Decoders;

/// <summary>
/// How low-rank adapters are made (Hu et al. 2021): a frozen matrix W acts as <c>W x + scaling B A dropout(x)</c>, with A of
/// rank x inputs and B of outputs x rank.
/// </summary>
public sealed record LoraSettings
{
    /// <summary>Rows of A and columns of B, r.</summary>
    public required int Rank { get; init; }

    /// <summary>Alpha, which the scaling is made of.</summary>
    public required double Alpha { get; init; }

    /// <summary>Share of the adapters' inputs that is dropped while training.</summary>
    public double Dropout { get; init; }

    /// <summary>Whether the scaling is alpha / sqrt(r) (Kalajdzievski 2023) in place of alpha / r.</summary>
    public bool RankStabilised { get; init; }

    /// <summary>Names, or ends of names, of the linear maps that get an adapter; null for all within the blocks.</summary>
    public IReadOnlyList<string>? Targets { get; init; }
}
