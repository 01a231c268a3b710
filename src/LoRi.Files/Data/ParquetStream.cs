namespace LoRi.Files.Data;

/// <summary>Bytes behind which there is nothing to be read: the library takes the end for more bytes, and never comes to one.</summary>
/// <param name="bytes">The bytes.</param>
internal sealed class ParquetStream(byte[] bytes) : MemoryStream(bytes, writable: false)
{
    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) =>
        count == 0 || Position < Length ? base.Read(buffer, offset, count) : throw new EndOfStreamException();

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer) =>
        buffer.IsEmpty || Position < Length ? base.Read(buffer) : throw new EndOfStreamException();

    /// <inheritdoc/>
    public override int ReadByte() => Position < Length ? base.ReadByte() : throw new EndOfStreamException();
}
