using System.Runtime.InteropServices;
using System.Text;

namespace LoRi.Files.Data;

/// <summary>Writes the compact protocol of Thrift.</summary>
internal sealed class ThriftWriter
{
    private const int Number = 6;
    private readonly List<byte> bytes = [];

    /// <summary>A field with a whole number; nothing where there is none.</summary>
    public ThriftWriter Int(int field, long? value)
    {
        if (value is { } number)
        {
            Head(field, Number);
            Zigzag(number);
        }

        return this;
    }

    /// <summary>A field with a truth value.</summary>
    public ThriftWriter Truth(int field, bool value)
    {
        Head(field, value ? ThriftCursor.True : ThriftCursor.False);
        return this;
    }

    /// <summary>A field with a text.</summary>
    public ThriftWriter Text(int field, string value)
    {
        Head(field, ThriftCursor.Binary);
        Item(value);
        return this;
    }

    /// <summary>A field with a list of texts.</summary>
    public ThriftWriter Texts(int field, IReadOnlyCollection<string> values)
    {
        List(field, ThriftCursor.Binary, values.Count);
        foreach (var value in values)
        {
            Item(value);
        }

        return this;
    }

    /// <summary>A field with a list of structures.</summary>
    public ThriftWriter Structures(int field, IReadOnlyCollection<ThriftWriter> values)
    {
        List(field, ThriftCursor.Struct, values.Count);
        foreach (var value in values)
        {
            value.Append(bytes);
        }

        return this;
    }

    /// <summary>A field with a structure; nothing where there is none.</summary>
    public ThriftWriter Structure(int field, ThriftWriter? value)
    {
        if (value is not null)
        {
            Head(field, ThriftCursor.Struct);
            value.Append(bytes);
        }

        return this;
    }

    /// <summary>Ends the structure and appends it to a stream.</summary>
    public void WriteTo(Stream stream)
    {
        stream.Write(CollectionsMarshal.AsSpan(bytes));
        stream.WriteByte(0);
    }

    private void Append(List<byte> target)
    {
        target.AddRange(bytes);
        target.Add(0);
    }

    private void Head(int field, int type)
    {
        bytes.Add((byte)type);
        Zigzag(field);
    }

    private void List(int field, int kind, int count)
    {
        Head(field, ThriftCursor.List);
        bytes.Add((byte)(0xF0 | kind));
        Varint((ulong)count);
    }

    private void Item(string text)
    {
        var encoded = Encoding.UTF8.GetBytes(text);
        Varint((ulong)encoded.Length);
        bytes.AddRange(encoded);
    }

    private void Zigzag(long value) => Varint((ulong)((value << 1) ^ (value >> 63)));

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
    }
}
