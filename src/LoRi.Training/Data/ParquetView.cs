namespace LoRi.Training.Data;

/// <summary>A file whose end can be drawn nearer, so that whoever reads a column finds nothing behind it.</summary>
/// <param name="path">Its path, for messages.</param>
/// <param name="file">The file.</param>
internal sealed class ParquetView(string path, Stream file) : Stream
{
    /// <summary>The file's path.</summary>
    public string Path => path;

    /// <summary>Where reading ends.</summary>
    public long End { get; set; } = file.Length;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => true;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length { get; } = file.Length;

    /// <inheritdoc/>
    public override long Position
    {
        get => file.Position;
        set => file.Position = value;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer) => file.Read(buffer[..(int)long.Clamp(End - file.Position, 0, buffer.Length)]);

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => file.Seek(offset, origin);

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
