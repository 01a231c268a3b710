using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using LoRi.Files.Disk;
using LoRi.Files.Text;

namespace LoRi.Files.Safetensors;

/// <summary>Writes safetensors files: into a temporary file beside the target, flushed to disk, then renamed over it.</summary>
public static class SafetensorsWriter
{
    /// <summary>Writes one file; a reader sees the old one or the whole new one, never part of it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="contents">The tensors, in the order in which their bytes are to lie.</param>
    /// <param name="metadata">The file's own notes.</param>
    public static void Write(string path, IEnumerable<SafetensorsContent> contents, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        SafetensorsContent[] tensors = [.. contents];
        var header = Header(tensors, metadata);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (var tensor in tensors)
            {
                var before = stream.Position;
                tensor.Write(stream);
                if (stream.Position - before != ByteLength(tensor))
                {
                    throw new InvalidOperationException(
                        $"invariant: {tensor.Name} wrote {stream.Position - before} bytes where its shape needs {ByteLength(tensor)}");
                }
            }
        });
    }

    private static byte[] Header(SafetensorsContent[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is not null)
            {
                WriteMetadata(json, metadata);
            }

            WriteEntries(json, tensors);
            json.WriteEndObject();
        }

        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        return buffer.ToArray();
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        json.WriteStartObject("__metadata__");
        foreach ((var key, var value) in metadata)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    private static void WriteEntries(Utf8JsonWriter json, SafetensorsContent[] tensors)
    {
        HashSet<string> names = new(StringComparer.Ordinal) { "__metadata__" };
        long offset = 0;
        foreach (var tensor in tensors)
        {
            if (!names.Add(tensor.Name))
            {
                throw new ArgumentException($"the name {MessageText.Quote(tensor.Name)} appears twice or is reserved", nameof(tensors));
            }

            var end = offset + ByteLength(tensor);
            json.WriteStartObject(tensor.Name);
            json.WriteString("dtype", tensor.Dtype);
            WriteIntegers(json, "shape", tensor.Shape);
            WriteIntegers(json, "data_offsets", [offset, end]);
            json.WriteEndObject();
            offset = end;
        }
    }

    private static void WriteIntegers(Utf8JsonWriter json, string name, IReadOnlyList<long> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    /// <summary>Bytes that a tensor takes in a file.</summary>
    internal static long ByteLength(SafetensorsContent tensor)
    {
        long bits = SafetensorsDtype.Bits(tensor.Dtype)
            ?? throw new ArgumentException(
                $"{tensor.Name} has dtype {MessageText.Quote(tensor.Dtype)}, which the format does not know", nameof(tensor));
        return tensor.Shape.Aggregate(bits, (product, size) => checked(product * size)) / 8;
    }
}
