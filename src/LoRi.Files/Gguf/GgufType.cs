namespace LoRi.Files.Gguf;

/// <summary>An element type of GGUF: values are stored in blocks, each of so many values in so many bytes.</summary>
/// <param name="Id">The number in the file.</param>
/// <param name="Name">The name, for example <c>Q4_1</c>.</param>
/// <param name="BlockValues">Values of a block; 1 for plain numbers.</param>
/// <param name="BlockBytes">Bytes of a block.</param>
public sealed record GgufType(uint Id, string Name, int BlockValues, int BlockBytes)
{
    private static readonly Dictionary<uint, GgufType> Known = new GgufType[]
    {
        new(0, "F32", 1, 4), new(1, "F16", 1, 2), new(2, "Q4_0", 32, 18), new(3, "Q4_1", 32, 20),
        new(6, "Q5_0", 32, 22), new(7, "Q5_1", 32, 24), new(8, "Q8_0", 32, 34), new(9, "Q8_1", 32, 36),
        new(10, "Q2_K", 256, 84), new(11, "Q3_K", 256, 110), new(12, "Q4_K", 256, 144), new(13, "Q5_K", 256, 176),
        new(14, "Q6_K", 256, 210), new(15, "Q8_K", 256, 292), new(16, "IQ2_XXS", 256, 66), new(17, "IQ2_XS", 256, 74),
        new(18, "IQ3_XXS", 256, 98), new(19, "IQ1_S", 256, 50), new(20, "IQ4_NL", 32, 18), new(21, "IQ3_S", 256, 110),
        new(22, "IQ2_S", 256, 82), new(23, "IQ4_XS", 256, 136), new(24, "I8", 1, 1), new(25, "I16", 1, 2),
        new(26, "I32", 1, 4), new(27, "I64", 1, 8), new(28, "F64", 1, 8), new(29, "IQ1_M", 256, 56),
        new(30, "BF16", 1, 2), new(34, "TQ1_0", 256, 54), new(35, "TQ2_0", 256, 66), new(39, "MXFP4", 32, 17),
    }.ToDictionary(type => type.Id);

    /// <summary>The type of that number, or null.</summary>
    /// <param name="id">The number by which files name the type.</param>
    public static GgufType? Find(uint id) => Known.GetValueOrDefault(id);
}

/// <summary>One tensor of a GGUF file.</summary>
/// <param name="Name">The name in the file, for example <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Type">The element type.</param>
/// <param name="Shape">The size of every dimension, slowest first (the file lists them the other way round).</param>
/// <param name="Begin">The first byte, counted from the beginning of the file.</param>
/// <param name="Length">Bytes of the tensor.</param>
public sealed record GgufTensor(string Name, GgufType Type, IReadOnlyList<long> Shape, long Begin, long Length)
{
    /// <summary>Values of a row, the fastest dimension; 1 for a scalar.</summary>
    public long RowValues => Shape.Count == 0 ? 1 : Shape[^1];

    /// <summary>The number of rows.</summary>
    public long Rows => Shape.Take(Shape.Count - 1).Aggregate(1L, (product, size) => product * size);

    /// <summary>Bytes of a row, a whole number of blocks.</summary>
    public long RowBytes => RowValues / Type.BlockValues * Type.BlockBytes;
}
