using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace LoRi.Files.Disk;

/// <summary>A read-only view of a whole file. Every access is checked against the file's length.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? map;
    private readonly MemoryMappedViewAccessor? view;
    private readonly byte* start;
    private readonly SafeFileHandle handle;
    private bool disposed;

    private MappedFile(string path, SafeFileHandle handle)
    {
        Path = path;
        this.handle = handle;
        Length = RandomAccess.GetLength(handle);
        if (Length == 0)
        {
            return;
        }

        map = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, true);
        view = map.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        start = pointer + view.PointerOffset;
    }

    /// <summary>The path as it was given.</summary>
    public string Path { get; }

    /// <summary>Bytes in the file.</summary>
    public long Length { get; }

    /// <summary>Maps <paramref name="path"/>; whatever the system objects to becomes an <see cref="InputException"/>.</summary>
    public static MappedFile Open(string path)
    {
        var handle = InputFile.OpenHandle(path);
        try
        {
            return InputFile.On(path, () => new MappedFile(path, handle));
        }
        catch (InputException)
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Bytes <paramref name="offset"/> to <paramref name="offset"/> + <paramref name="length"/>.</summary>
    public ReadOnlySpan<byte> Bytes(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return new ReadOnlySpan<byte>(Pointer(offset, length), length);
    }

    /// <summary>
    /// Copies bytes from <paramref name="offset"/> on, through the system's read call: large copies then cost no page faults in
    /// the map, and a file that shrinks meanwhile is an error, not a crash.
    /// </summary>
    public void Read(long offset, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(destination.Length, Length - offset, nameof(destination));
        try
        {
            while (destination.Length > 0)
            {
                var read = RandomAccess.Read(handle, destination, offset);
                if (read == 0)
                {
                    throw new InputException($"{Path}: ended at byte {offset} while it was read; it was changed meanwhile, fetch it again");
                }

                offset += read;
                destination = destination[read..];
            }
        }
        catch (IOException e)
        {
            throw new InputException($"{Path}: cannot be read at byte {offset} ({e.Message}); check the disk", e);
        }
    }

    /// <summary>The address of a range that lies within the file; good until the file is disposed.</summary>
    public byte* Pointer(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
        return start + offset;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (disposed)
        {
            return;
        }

        disposed = true;
        view?.SafeMemoryMappedViewHandle.ReleasePointer();
        view?.Dispose();
        map?.Dispose();
        handle.Dispose();
    }
}
