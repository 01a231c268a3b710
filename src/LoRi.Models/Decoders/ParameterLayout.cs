namespace LoRi.Models.Decoders;

/// <summary>A parameter as a checkpoint names it: some leading rows of a stored parameter.</summary>
/// <param name="Name">The name in a checkpoint.</param>
/// <param name="RowStart">First row inside the stored parameter.</param>
/// <param name="Rows">Number of rows.</param>
public sealed record ParameterPart(string Name, long RowStart, long Rows);

/// <summary>One tensor of weights. Matrices that are always multiplied together are stored as one, in several parts.</summary>
/// <param name="Name">Its own name.</param>
/// <param name="Shape">Its shape, rows first.</param>
/// <param name="Decay">Whether weight decay applies (matrices; not embeddings, norms, biases).</param>
/// <param name="Parts">What checkpoints call its parts.</param>
public sealed record ParameterSlot(string Name, long[] Shape, bool Decay, IReadOnlyList<ParameterPart> Parts)
{
    /// <summary>A parameter that a checkpoint stores under its own name.</summary>
    /// <param name="name">The name in checkpoints.</param>
    /// <param name="shape">Sizes of its axes.</param>
    /// <param name="decay">Whether weight decay applies to it.</param>
    public ParameterSlot(string name, long[] shape, bool decay)
        : this(name, shape, decay, [new ParameterPart(name, 0, shape[0])])
    {
    }

    /// <summary>Whether it is trained; what is not is frozen and gets no gradient.</summary>
    public bool Trained { get; init; } = true;

    /// <summary>The same parameter of another module, under its name.</summary>
    /// <param name="module">The name of the other module.</param>
    public ParameterSlot Under(string module) =>
        new($"{module}.{Name}", Shape, Decay, [.. Parts.Select(part => part with { Name = $"{module}.{part.Name}" })]);

    /// <summary>Number of values.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);
}
