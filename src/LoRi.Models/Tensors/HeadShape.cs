namespace LoRi.Models.Tensors;

/// <summary>The heads of one pass over new positions, as they lie in memory.</summary>
/// <param name="Batch">Rows B.</param>
/// <param name="Time">New positions T.</param>
/// <param name="Past">Positions before them, P.</param>
/// <param name="Queries">Query heads; each key head serves as many of them, neighbours.</param>
/// <param name="Keys">Key heads, and as many of values.</param>
/// <param name="Size">Components of a head.</param>
internal readonly record struct HeadShape(int Batch, int Time, int Past, int Queries, int Keys, int Size)
{
    private const int Whole = 16;

    /// <summary>New positions of all rows.</summary>
    public int Rows => Batch * Time;

    /// <summary>Values of a position's queries, keys and values, in this order.</summary>
    public int Width => (Queries + (2 * Keys)) * Size;

    /// <summary>Positions that the last query sees.</summary>
    public int Seen => Past + Time;

    /// <summary>Values that a query's shares take: whole vectors.</summary>
    public int ShareStride => (Seen + Whole - 1) / Whole * Whole;

    /// <summary>Query heads that share a key head.</summary>
    public int Group => Queries / Keys;
}
