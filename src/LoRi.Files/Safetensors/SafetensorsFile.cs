using System.Runtime.InteropServices;
using LoRi.Files.Disk;
using LoRi.Files.Text;

namespace LoRi.Files.Safetensors;

/// <summary>
/// A safetensors file, mapped into memory and checked from end to end when it is opened: after that, every entry's
/// bytes are known to lie within the file and to fit its shape.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly MappedFile file;
    private readonly Dictionary<string, SafetensorsEntry> byName;

    private SafetensorsFile(MappedFile file)
    {
        this.file = file;
        (Metadata, var entries) = SafetensorsHeader.Read(file);
        Entries = entries;
        byName = entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
    }

    /// <summary>The path that was opened.</summary>
    public string Path => file.Path;

    /// <summary>The file's own notes (<c>__metadata__</c>); empty where there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>All tensors, in the order of their bytes.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>Opens and checks a file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The open file, which the caller disposes of.</returns>
    /// <exception cref="InputException">The file cannot be read or is malformed.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = MappedFile.Open(path);
        try
        {
            return new SafetensorsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The entry of that name, or null.</summary>
    /// <param name="name">The tensor's name in the file.</param>
    public SafetensorsEntry? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>The entry of that name.</summary>
    /// <param name="name">The tensor's name in the file.</param>
    /// <exception cref="InputException">There is none.</exception>
    public SafetensorsEntry Get(string name) =>
        Find(name) ?? throw new InputException(
            $"{Path}: there is no tensor {MessageText.Quote(name)} among the {Entries.Count} of the file; check that it is the right file");

    /// <summary>The bytes of an entry of up to 2 GB, in place; they go away with the file.</summary>
    /// <param name="entry">An entry of this file.</param>
    public ReadOnlySpan<byte> Bytes(SafetensorsEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return entry.Length <= int.MaxValue
            ? file.Bytes(entry.Begin, (int)entry.Length)
            : throw new ArgumentException(
                $"{entry.Name} has {entry.Length} bytes, more than a span can hold; copy it in parts", nameof(entry));
    }

    /// <summary>Part of an entry's bytes, in place; they go away with the file.</summary>
    /// <param name="entry">An entry of this file.</param>
    /// <param name="offset">Bytes after the entry's beginning.</param>
    /// <param name="count">How many bytes; with the offset no more than the entry has.</param>
    public ReadOnlySpan<byte> Bytes(SafetensorsEntry entry, long offset, int count)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, entry.Length - offset);
        return file.Bytes(entry.Begin + offset, count);
    }

    /// <summary>Copies part of an entry, from <paramref name="offset"/> bytes after its beginning.</summary>
    /// <param name="entry">An entry of this file.</param>
    /// <param name="offset">Bytes after the entry's beginning.</param>
    /// <param name="destination">Filled to its end.</param>
    public void CopyBytes(SafetensorsEntry entry, long offset, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(destination.Length, entry.Length - offset, nameof(destination));
        file.Read(entry.Begin + offset, destination);
    }

    /// <summary>The values of an entry as float64; integers beyond 2^53 are rounded.</summary>
    /// <param name="name">The tensor's name in the file.</param>
    /// <returns>As many values as the shape has, the last axis varying fastest.</returns>
    public double[] ReadDoubles(string name)
    {
        var entry = Get(name);
        if (entry.Count > Array.MaxLength)
        {
            throw new InputException($"{Path}: tensor {MessageText.Quote(name)} has {entry.Count} values, too many to read at once");
        }

        var values = new double[entry.Count];
        var bytes = Bytes(entry);
        switch (entry.Dtype)
        {
            case "F64": MemoryMarshal.Cast<byte, double>(bytes).CopyTo(values); break;
            case "F32": Widen<float>(bytes, values, x => x); break;
            case "F16": Widen<Half>(bytes, values, x => (double)x); break;
            case "BF16": Widen<ushort>(bytes, values, x => BitConverter.UInt32BitsToSingle((uint)x << 16)); break;
            case "I64": Widen<long>(bytes, values, x => x); break;
            case "U64": Widen<ulong>(bytes, values, x => x); break;
            case "I32": Widen<int>(bytes, values, x => x); break;
            case "U32": Widen<uint>(bytes, values, x => x); break;
            case "I16": Widen<short>(bytes, values, x => x); break;
            case "U16": Widen<ushort>(bytes, values, x => x); break;
            case "I8": Widen<sbyte>(bytes, values, x => x); break;
            case "U8": Widen<byte>(bytes, values, x => x); break;
            case "BOOL": Widen<byte>(bytes, values, x => x == 0 ? 0 : 1); break;
            default: throw Unsupported(entry);
        }

        return values;
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private static void Widen<T>(ReadOnlySpan<byte> bytes, double[] values, Func<T, double> widen)
        where T : struct
    {
        var narrow = MemoryMarshal.Cast<byte, T>(bytes);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = widen(narrow[i]);
        }
    }

    /// <summary>The refusal of an entry whose type nothing here computes with.</summary>
    /// <param name="entry">The entry.</param>
    internal InputException Unsupported(SafetensorsEntry entry) => new(
        $"{Path}: tensor {MessageText.Quote(entry.Name)} is {entry.Dtype}, which cannot be read here; convert it to F32, BF16 or another "
        + "common type");
}
