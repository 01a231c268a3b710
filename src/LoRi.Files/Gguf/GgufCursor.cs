using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using LoRi.Files.Disk;

namespace LoRi.Files.Gguf;

/// <summary>Walks through the head of a GGUF file; every step is checked against the file's length first.</summary>
internal sealed class GgufCursor(MappedFile file)
{
    private const int DeepestArray = 4;

    /// <summary>The next byte to be read.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes from here to the end.</summary>
    public long Remaining => file.Length - Position;

    /// <summary>An error that names the file and a place in it.</summary>
    public InputException Bad(string what, long? at = null) =>
        new($"{file.Path}: at byte {at ?? Position}, {what}; the file is damaged or no GGUF file, fetch it again");

    /// <summary>An error about something that newer or older files have and that is not read here.</summary>
    public InputException Unsupported(string what, string remedy) => new($"{file.Path}: {what}; {remedy}");

    /// <summary>The next <paramref name="count"/> bytes.</summary>
    public ReadOnlySpan<byte> Take(int count, string what)
    {
        if (count > Remaining)
        {
            throw Bad($"{what} needs {count} bytes but the file ends after {Remaining}");
        }

        var bytes = file.Bytes(Position, count);
        Position += count;
        return bytes;
    }

    /// <summary>An unsigned 32-bit integer.</summary>
    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    /// <summary>An unsigned 64-bit integer.</summary>
    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>A count of things of at least <paramref name="bytesEach"/> bytes: refused when the file cannot hold them.</summary>
    public int Count(int bytesEach, string what)
    {
        var at = Position;
        var count = UInt64(what);
        var most = (ulong)long.Min(Array.MaxLength, Remaining / bytesEach);
        return count <= most ? (int)count : throw Bad($"{what} is {count}, more than the {Remaining} bytes after it can hold", at);
    }

    /// <summary>A string: its length in bytes, then UTF-8.</summary>
    public string String(string what)
    {
        var length = Count(1, $"the length of {what}");
        var at = Position;
        var bytes = Take(length, what);
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw Bad($"{what} is not UTF-8", at);
    }

    /// <summary>A metadata value: a number, bool, string, or an array (typed; arrays of arrays are <c>object[]</c>).</summary>
    public object Value(string key) => Value(UInt32($"the kind of {key}"), key, 0);

    private object Value(uint kind, string key, int depth) => kind switch
    {
        0 => Number<byte>(key),
        1 => Number<sbyte>(key),
        2 => Number<ushort>(key),
        3 => Number<short>(key),
        4 => Number<uint>(key),
        5 => Number<int>(key),
        6 => Number<float>(key),
        7 => Bool(key),
        8 => String($"the value of {key}"),
        9 => ArrayValue(key, depth),
        10 => Number<ulong>(key),
        11 => Number<long>(key),
        12 => Number<double>(key),
        _ => throw Bad($"{key} has the unknown kind {kind}"),
    };

    private Array ArrayValue(string key, int depth)
    {
        if (depth >= DeepestArray)
        {
            throw Bad($"{key} nests arrays more than {DeepestArray} deep");
        }

        var kind = UInt32($"the element kind of {key}");
        return kind switch
        {
            0 => Numbers<byte>(key),
            1 => Numbers<sbyte>(key),
            2 => Numbers<ushort>(key),
            3 => Numbers<short>(key),
            4 => Numbers<uint>(key),
            5 => Numbers<int>(key),
            6 => Numbers<float>(key),
            7 => Items(1, key, () => Bool(key)),
            8 => Items(8, key, () => String($"a string of {key}")),
            9 => Items(12, key, () => (object)ArrayValue(key, depth + 1)),
            10 => Numbers<ulong>(key),
            11 => Numbers<long>(key),
            12 => Numbers<double>(key),
            _ => throw Bad($"{key} is an array of the unknown kind {kind}"),
        };
    }

    private T[] Items<T>(int bytesEach, string key, Func<T> read)
    {
        var items = new T[Count(bytesEach, $"the array length of {key}")];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = read();
        }

        return items;
    }

    private bool Bool(string key)
    {
        var value = Take(1, $"the value of {key}")[0];
        return value <= 1 ? value == 1 : throw Bad($"the bool {key} has the value {value}", Position - 1);
    }

    private unsafe T Number<T>(string key)
        where T : unmanaged => MemoryMarshal.Read<T>(Take(sizeof(T), $"the value of {key}"));

    private unsafe T[] Numbers<T>(string key)
        where T : unmanaged
    {
        var numbers = new T[Count(sizeof(T), $"the array length of {key}")];
        var target = MemoryMarshal.AsBytes(numbers.AsSpan());
        Take(target.Length, $"the array {key}").CopyTo(target);
        return numbers;
    }
}
