namespace LoRi.Files.Data;

/// <summary>What one row has in one column.</summary>
internal abstract record ParquetCell
{
    /// <summary>How a message calls it.</summary>
    public abstract string What { get; }

    /// <summary>Text.</summary>
    internal sealed record Text(string Value) : ParquetCell
    {
        /// <inheritdoc/>
        public override string What => "text";
    }

    /// <summary>A number or a truth value, written out.</summary>
    internal sealed record Number(string Value) : ParquetCell
    {
        /// <inheritdoc/>
        public override string What => "a number";
    }

    /// <summary>A list; null among its items is a missing one.</summary>
    internal sealed record Items(IReadOnlyList<ParquetCell?> Cells) : ParquetCell
    {
        /// <inheritdoc/>
        public override string What => "a list";
    }

    /// <summary>Something that no example is made of.</summary>
    internal sealed record Other(string Kind) : ParquetCell
    {
        /// <inheritdoc/>
        public override string What => Kind;
    }
}
