using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Files.Text;

namespace LoRi.Files.Safetensors;

/// <summary>
/// Reads and checks the header of a safetensors file. Whatever the format's description forbids is refused, also where
/// other readers let it pass: white space before the brace, other padding than spaces after it, repeated names, entries that are
/// not objects.
/// </summary>
internal ref struct SafetensorsHeader
{
    private const long LargestHeader = 100_000_000;

    /// <summary>More tensors or dimensions than any model has; without a limit they cost a hundred times the header's memory.</summary>
    private const int MostTensors = 200_000, MostDimensions = 64;

    /// <summary>The reference implementation refuses the 128th level.</summary>
    private const int DeepestJson = 127;

    private readonly string path;
    private readonly ulong dataLength;
    private readonly long dataStart;
    private readonly Dictionary<string, SafetensorsEntry> entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> metadata = new(StringComparer.Ordinal);
    private readonly ReadOnlySpan<byte> header;
    private Utf8JsonReader json;

    private SafetensorsHeader(MappedFile file, ReadOnlySpan<byte> header)
    {
        path = file.Path;
        this.header = header;
        dataStart = 8 + header.Length;
        dataLength = (ulong)(file.Length - dataStart);
        json = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = DeepestJson });
    }

    /// <summary>The metadata, and the tensors in the order of their bytes.</summary>
    public static (IReadOnlyDictionary<string, string> Metadata, SafetensorsEntry[] Entries) Read(MappedFile file)
    {
        var header = HeaderBytes(file);
        try
        {
            SafetensorsHeader reader = new(file, header);
            reader.ReadTop();
            return (reader.metadata, reader.InDataOrder());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            var reason = e is JsonException json ? JsonReason.What(json) : e.Message.Split('\n', 2)[0].TrimEnd('.', '\r');
            throw new InputException($"{file.Path}: the header is not valid JSON ({reason}); the file is damaged, fetch or write it again",
                e);
        }
    }

    private static ReadOnlySpan<byte> HeaderBytes(MappedFile file)
    {
        if (file.Length < 8)
        {
            throw new InputException(
                $"{file.Path}: {file.Length} bytes are too few for a safetensors file, which begins with an 8-byte header length; fetch it "
                + "again");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(file.Bytes(0, 8));
        if (length > LargestHeader || (long)length > file.Length - 8)
        {
            throw OtherFile(file)
                ?? new InputException(
                    $"{file.Path}: the header claims {length} bytes at byte 0, but {file.Length - 8} follow and the limit "
                    + $"is {LargestHeader}; no safetensors file, or cut short");
        }

        var header = file.Bytes(8, (int)length);
        if (header.Length == 0 || header[0] != (byte)'{')
        {
            throw OtherFile(file)
                ?? new InputException($"{file.Path}: the header does not begin with {{ at byte 8; not a safetensors file");
        }

        return Utf8.IsValid(header)
            ? header
            : throw new InputException($"{file.Path}: the header (bytes 8 to {8 + header.Length}) is not UTF-8; the file is damaged");
    }

    /// <summary>
    /// The error that says what the file is by its first bytes; null where they tell nothing, or where a header begins after its
    /// length.
    /// </summary>
    private static InputException? OtherFile(MappedFile file)
    {
        var start = file.Bytes(0, (int)long.Min(file.Length, FileCause.Looked));
        return !start[8..].StartsWith("{"u8) && FileCause.Of(start) is { } cause
            ? new InputException($"{file.Path}: is {cause}; a safetensors file is wanted here")
            : null;
    }

    private void ReadTop()
    {
        json.Read();
        var metadataSeen = false;
        while (NextKey(out var name))
        {
            if (name != "__metadata__")
            {
                var entry = ReadEntry(name);
                if (!entries.TryAdd(name, entry))
                {
                    throw Bad(name, "appears twice");
                }

                if (entries.Count > MostTensors)
                {
                    throw new InputException($"{path}: the header lists more than {MostTensors} tensors; write them to several files");
                }
            }
            else if (metadataSeen)
            {
                throw Bad(name, "appears twice");
            }
            else
            {
                metadataSeen = true;
                ReadMetadata();
            }
        }

        CheckPadding();
        while (json.Read())
        {
        }
    }

    /// <summary>The format pads the header with spaces; the reader of JSON would take tabs and line feeds as well.</summary>
    private readonly void CheckPadding()
    {
        int end = (int)json.BytesConsumed, other = header[end..].IndexOfAnyExcept((byte)' ');
        if (other >= 0 && header[end + other] is (byte)'\t' or (byte)'\n' or (byte)'\r')
        {
            throw new InputException(
                $"{path}: byte {8 + end + other}, after the header's closing brace, is 0x{header[end + other]:X2}; a header is padded with "
                + "spaces alone, write the file again");
        }
    }

    private bool NextKey(out string key)
    {
        json.Read();
        var found = json.TokenType == JsonTokenType.PropertyName;
        key = found ? json.GetString()! : "";
        return found;
    }

    private void ReadMetadata()
    {
        Expect("__metadata__", JsonTokenType.StartObject, "an object of strings");
        while (NextKey(out var key))
        {
            Expect("__metadata__", JsonTokenType.String, $"a string under {MessageText.Quote(key)}");
            if (!metadata.TryAdd(key, json.GetString()!))
            {
                throw Bad("__metadata__", $"has {MessageText.Quote(key)} twice");
            }
        }
    }

    private SafetensorsEntry ReadEntry(string name)
    {
        Expect(name, JsonTokenType.StartObject, "an object with dtype, shape and data_offsets");
        string? dtype = null;
        List<ulong>? shape = null, offsets = null;
        while (NextKey(out var key))
        {
            var again = key switch
            {
                "dtype" => dtype is not null,
                "shape" => shape is not null,
                "data_offsets" => offsets is not null,
                _ => false
            };
            if (again)
            {
                throw Bad(name, $"has {key} twice");
            }

            switch (key)
            {
                case "dtype":
                    Expect(name, JsonTokenType.String, "a string under dtype");
                    dtype = json.GetString();
                    break;
                case "shape":
                    shape = Integers(name, key);
                    break;
                case "data_offsets":
                    offsets = Integers(name, key);
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        return Entry(name, dtype ?? throw Bad(name, "has no dtype"), shape ?? throw Bad(name, "has no shape"),
            offsets ?? throw Bad(name, "has no data_offsets"));
    }

    private List<ulong> Integers(string name, string key)
    {
        Expect(name, JsonTokenType.StartArray, $"a list under {key}");
        List<ulong> values = [];
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            var digits = json.TokenType == JsonTokenType.Number && !json.ValueSpan.ContainsAnyExceptInRange((byte)'0', (byte)'9');
            if (!digits || !json.TryGetUInt64(out var value))
            {
                throw Bad(name, $"has something other than an integer from 0 to 2^64 - 1 in {key}");
            }

            values.Add(value);
            if (values.Count > MostDimensions)
            {
                throw Bad(name, $"has more than {MostDimensions} numbers in {key}");
            }
        }

        return values;
    }

    private readonly SafetensorsEntry Entry(string name, string dtype, List<ulong> shape, List<ulong> offsets)
    {
        var bits = (ulong)(SafetensorsDtype.Bits(dtype)
            ?? throw Bad(name, $"has dtype {MessageText.Quote(dtype)}, which is none of {SafetensorsDtype.Names}"));
        if (offsets.Count != 2 || offsets[1] < offsets[0] || offsets[1] > dataLength)
        {
            throw Bad(name,
                $"has data_offsets [{string.Join(", ", offsets)}]: not a begin and an end within the {dataLength} bytes of data");
        }

        UInt128 count = 1;
        foreach (var size in shape)
        {
            count *= size;
            if (count > ulong.MaxValue)
            {
                throw Bad(name, $"has shape [{string.Join(", ", shape)}], whose product is too large");
            }
        }

        var needed = count * bits;
        if (needed > ulong.MaxValue || needed != (UInt128)8 * (offsets[1] - offsets[0]))
        {
            throw Bad(name, $"needs {needed} bits for {dtype} [{string.Join(", ", shape)}] but has {offsets[1] - offsets[0]} bytes");
        }

        return new(name, dtype, [.. shape.Select(size => unchecked((long)size))], dataStart + (long)offsets[0],
            dataStart + (long)offsets[1]);
    }

    private readonly SafetensorsEntry[] InDataOrder()
    {
        SafetensorsEntry[] ordered =
            [.. entries.Values.OrderBy(e => e.Begin).ThenBy(e => e.End).ThenBy(e => e.Name, StringComparer.Ordinal)];
        var at = dataStart;
        foreach (var entry in ordered)
        {
            if (entry.Begin != at)
            {
                throw Bad(entry.Name, $"begins at byte {entry.Begin} where byte {at} is next: a hole or an overlap");
            }

            at = entry.End;
        }

        var end = dataStart + (long)dataLength;
        return at == end
            ? ordered
            : throw new InputException($"{path}: bytes {at} to {end} belong to no tensor; the file is damaged, fetch or write it again");
    }

    private void Expect(string name, JsonTokenType type, string wanted)
    {
        json.Read();
        if (json.TokenType != type)
        {
            throw Bad(name, $"is not as the format wants it: {wanted} is missing");
        }
    }

    private readonly InputException Bad(string name, string what) =>
        new($"{path}: header entry {MessageText.Quote(name)} {what}; the file is damaged or was written wrongly");
}
