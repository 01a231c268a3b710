using System.Numerics;
using LoRi.Files.Disk;
using LoRi.Files.Text;

namespace LoRi.Files.Gguf;

/// <summary>
/// A GGUF file, version 2 or 3, mapped into memory. Counts, lengths, offsets and shapes are checked when it is opened:
/// after that, every tensor is known to lie within the file and to overlap no other.
/// </summary>
public sealed class GgufFile : IDisposable
{
    private const int LeastTensorBytes = 24, LeastEntryBytes = 13, MostListed = 200_000;
    private const uint Magic = 0x46554747, NewerTypes = 256;

    private readonly MappedFile file;
    private readonly Dictionary<string, object> metadata = new(StringComparer.Ordinal);
    private readonly Dictionary<string, GgufTensor> byName = new(StringComparer.Ordinal);

    private GgufFile(MappedFile file)
    {
        this.file = file;
        GgufCursor cursor = new(file);
        (var tensors, var entries) = ReadCounts(cursor);
        ReadMetadata(cursor, entries);
        Tensors = ReadTensors(cursor, tensors);
        CheckOverlaps();
    }

    /// <summary>The path that was opened.</summary>
    public string Path => file.Path;

    /// <summary>2 or 3.</summary>
    public int Version { get; private set; }

    /// <summary>
    /// All metadata, as .NET values: numbers of the file's own width, <see cref="bool"/>, <see cref="string"/>, arrays of these,
    /// and <c>object[]</c> for arrays of arrays.
    /// </summary>
    public IReadOnlyDictionary<string, object> Metadata => metadata;

    /// <summary>All tensors, in the order of the file's list.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Opens and checks a file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The open file, which the caller disposes of.</returns>
    /// <exception cref="InputException">The file cannot be read or is malformed.</exception>
    public static GgufFile Open(string path)
    {
        var file = MappedFile.Open(path);
        try
        {
            return new GgufFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The tensor of that name, or null.</summary>
    /// <param name="name">The tensor's name as the file writes it, such as <c>token_embd.weight</c>.</param>
    public GgufTensor? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>The tensor of that name.</summary>
    /// <param name="name">The tensor's name as the file writes it, such as <c>token_embd.weight</c>.</param>
    /// <exception cref="InputException">There is none.</exception>
    public GgufTensor Get(string name) =>
        Find(name) ?? throw new InputException(
            $"{Path}: there is no tensor {MessageText.Quote(name)} among the {Tensors.Count} of the file; check that it is the right file");

    /// <summary>The bytes of a tensor of up to 2 GB, in place; they go away with the file.</summary>
    /// <param name="tensor">A tensor of this file.</param>
    public ReadOnlySpan<byte> Bytes(GgufTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensor.Length <= int.MaxValue
            ? file.Bytes(tensor.Begin, (int)tensor.Length)
            : throw new ArgumentException($"{tensor.Name} has {tensor.Length} bytes, more than a span can hold", nameof(tensor));
    }

    /// <summary>All values of a tensor as float32, rows first.</summary>
    /// <param name="name">The tensor's name; quantised blocks are widened.</param>
    public float[] ReadFloats(string name)
    {
        var tensor = Get(name);
        var count = tensor.Rows * tensor.RowValues;
        if (count > Array.MaxLength)
        {
            throw new InputException($"{Path}: tensor {MessageText.Quote(name)} has {count} values, too many to read at once");
        }

        var values = new float[count];
        Dequantize(tensor, 0, values, row => row);
        return values;
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    /// <summary>
    /// Rows from <paramref name="firstRow"/> on as float32, as many as fit into <paramref name="values"/>; row <c>r</c> of the
    /// result is row
    /// <paramref name="sourceRow"/><c>(r)</c> of the file.
    /// </summary>
    internal unsafe void Dequantize(GgufTensor tensor, long firstRow, Span<float> values, Func<long, long> sourceRow)
    {
        var read = GgufDequantizer.Find(tensor.Type) ?? throw new InputException(
            $"{Path}: tensor {MessageText.Quote(tensor.Name)} is {tensor.Type.Name}, which cannot be read here; use a file "
            + $"of {GgufDequantizer.Names}");
        var rows = (int)(values.Length / tensor.RowValues);
        long width = tensor.RowValues, rowBytes = tensor.RowBytes;
        var start = file.Pointer(tensor.Begin, tensor.Length);
        fixed (float* target = values)
        {
            var pinned = target;
            var parts = int.Min(rows, Environment.ProcessorCount * 4);
            Parallel.For(0, parts, part =>
            {
                var end = (long)rows * (part + 1) / parts;
                for (var row = (long)rows * part / parts; row < end; row++)
                {
                    read(start + (sourceRow(firstRow + row) * rowBytes), pinned + (row * width), width);
                }
            });
        }
    }

    /// <summary>
    /// The bytes of rows from <paramref name="firstRow"/> on, as many as fit into <paramref name="bytes"/>; row <c>r</c> of the result is
    /// row <paramref name="sourceRow"/><c>(r)</c> of the file.
    /// </summary>
    internal void CopyRows(GgufTensor tensor, long firstRow, Span<byte> bytes, Func<long, long> sourceRow)
    {
        var length = (int)tensor.RowBytes;
        for (var row = 0; row < bytes.Length / length; row++)
        {
            file.Bytes(tensor.Begin + (sourceRow(firstRow + row) * length), length).CopyTo(bytes[(row * length)..]);
        }
    }

    private (int Tensors, int Entries) ReadCounts(GgufCursor cursor)
    {
        var magic = cursor.UInt32("the magic number");
        if (magic != Magic)
        {
            throw FileCause.Of(file.Bytes(0, (int)long.Min(file.Length, FileCause.Looked))) is { } cause
                ? new InputException($"{Path}: is {cause}; a GGUF file is wanted here")
                : cursor.Bad("the four bytes GGUF are missing", 0);
        }

        var version = cursor.UInt32("the version");
        if (version is not (2 or 3))
        {
            var swapped = version is 0x02000000 or 0x03000000;
            throw swapped ? cursor.Unsupported("is big-endian, which is not supported", "convert it to little-endian")
                : cursor.Unsupported($"is a GGUF file of version {version}; only 2 and 3 are supported",
                    "convert the model again, or use its Hub folder");
        }

        Version = (int)version;
        return (Count(cursor, LeastTensorBytes, "the number of tensors"), Count(cursor, LeastEntryBytes, "the number of metadata entries"));
    }

    private static int Count(GgufCursor cursor, int bytesEach, string what)
    {
        var count = cursor.Count(bytesEach, what);
        return count <= MostListed ? count : throw cursor.Bad($"{what} is {count}, more than the {MostListed} that are read");
    }

    private void ReadMetadata(GgufCursor cursor, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var at = cursor.Position;
            var key = cursor.String("a metadata key");
            if (!metadata.TryAdd(key, cursor.Value(MessageText.Quote(key))))
            {
                throw cursor.Bad($"the metadata key {MessageText.Quote(key)} appears twice", at);
            }
        }
    }

    private uint Alignment(GgufCursor cursor)
    {
        if (!metadata.TryGetValue("general.alignment", out var value))
        {
            return 32;
        }

        return value is uint alignment && BitOperations.IsPow2(alignment)
            ? alignment
            : throw cursor.Bad("general.alignment is not a power of two of kind u32", 0);
    }

    private GgufTensor[] ReadTensors(GgufCursor cursor, int count)
    {
        ulong alignment = Alignment(cursor);
        List<(GgufTensor Tensor, ulong Offset, long At)> listed = [];
        for (var i = 0; i < count; i++)
        {
            var at = cursor.Position;
            (var tensor, var offset) = ReadTensor(cursor, at);
            listed.Add((tensor, offset, at));
            if (!byName.TryAdd(tensor.Name, tensor))
            {
                throw cursor.Bad($"the tensor {MessageText.Quote(tensor.Name)} appears twice", at);
            }
        }

        var dataStart = ((ulong)cursor.Position + alignment - 1) / alignment * alignment;
        var tensors = new GgufTensor[count];
        for (var i = 0; i < count; i++)
        {
            (var tensor, var offset, var at) = listed[i];
            if (offset % alignment != 0 || offset > (ulong)file.Length || dataStart + offset + (ulong)tensor.Length > (ulong)file.Length)
            {
                throw cursor.Bad(
                    $"the tensor {MessageText.Quote(tensor.Name)} has offset {offset} and {tensor.Length} bytes: not a multiple "
                    + $"of {alignment} within the file's {file.Length} bytes", at);
            }

            tensors[i] = tensor with { Begin = (long)(dataStart + offset) };
            byName[tensor.Name] = tensors[i];
        }

        return tensors;
    }

    private (GgufTensor Tensor, ulong Offset) ReadTensor(GgufCursor cursor, long at)
    {
        var name = cursor.String("a tensor name");
        var shown = $"the tensor {MessageText.Quote(name)}";
        var dimensions = cursor.UInt32($"the number of dimensions of {shown}");
        if (dimensions > 4)
        {
            throw cursor.Bad($"{shown} has {dimensions} dimensions, more than 4", at);
        }

        var sizes = new ulong[dimensions];
        for (var i = 0; i < sizes.Length; i++)
        {
            sizes[sizes.Length - 1 - i] = cursor.UInt64($"a dimension of {shown}");
        }

        var id = cursor.UInt32($"the type of {shown}");
        var type = GgufType.Find(id) ?? throw Unknown(cursor, shown, id, at);
        var offset = cursor.UInt64($"the offset of {shown}");
        return (new GgufTensor(name, type, [.. sizes.Select(size => (long)size)], 0, ByteLength(cursor, shown, sizes, type, at)), offset);
    }

    /// <summary>
    /// Types are numbered in the order in which they were invented: a number that is a little too high is a newer type, not
    /// damage.
    /// </summary>
    private static InputException Unknown(GgufCursor cursor, string shown, uint id, long at) => id < NewerTypes
        ? cursor.Unsupported($"{shown} has the type number {id}, which is not supported",
            $"use a file of {GgufDequantizer.Names}, or the model's Hub folder")
        : cursor.Bad($"{shown} has the unknown type {id}", at);

    private long ByteLength(GgufCursor cursor, string shown, ulong[] sizes, GgufType type, long at)
    {
        UInt128 bytes = 1;
        foreach (var size in sizes)
        {
            bytes *= size;
            if (size == 0 || bytes > (UInt128)file.Length * (UInt128)type.BlockValues)
            {
                throw cursor.Bad(
                    $"{shown} has the shape [{string.Join(", ", sizes)}] (rows first), which a file of {file.Length} bytes cannot hold",
                    at);
            }
        }

        var row = sizes.Length == 0 ? 1 : sizes[^1];
        return row % (ulong)type.BlockValues == 0
            ? (long)(bytes / (UInt128)type.BlockValues * (UInt128)type.BlockBytes)
            : throw cursor.Bad($"{shown} has rows of {row} values, not a multiple of the {type.BlockValues} of a {type.Name} block", at);
    }

    private void CheckOverlaps()
    {
        GgufTensor? before = null;
        foreach (var tensor in Tensors.OrderBy(tensor => tensor.Begin))
        {
            if (before is not null && before.Begin + before.Length > tensor.Begin)
            {
                throw new InputException(
                    $"{Path}: the tensors {MessageText.Quote(before.Name)} and {MessageText.Quote(tensor.Name)} overlap at "
                    + $"byte {tensor.Begin}; the file is damaged, fetch it again");
            }

            before = tensor;
        }
    }
}
