namespace LoRi.Training;

/// <summary>What one micro-batch contributes to a step beside its gradient.</summary>
/// <param name="Loss">The total that was differentiated.</param>
/// <param name="Terms">The unweighted terms in the order of the objective.</param>
internal sealed record MicroBatch(double Loss, IReadOnlyList<(string Name, double Value)> Terms)
{
    /// <summary>As bytes that give the same bits again.</summary>
    public static byte[] Write(IReadOnlyCollection<MicroBatch> parts)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(parts.Count);
        foreach (var part in parts)
        {
            writer.Write(part.Loss);
            writer.Write(part.Terms.Count);
            foreach (var (name, value) in part.Terms)
            {
                writer.Write(name);
                writer.Write(value);
            }
        }

        writer.Flush();
        return stream.ToArray();
    }

    /// <summary>What <see cref="Write"/> wrote.</summary>
    public static IReadOnlyList<MicroBatch> Read(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes));
        return [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => new MicroBatch(reader.ReadDouble(),
            [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => (reader.ReadString(), reader.ReadDouble()))]))];
    }
}
