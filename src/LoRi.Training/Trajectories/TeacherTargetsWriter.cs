using System.Runtime.InteropServices;
using LoRi.Files.Safetensors;
using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>
/// Writes teacher targets in the order in which rows arrive, with an index by row: what does not fit memory goes to scratch
/// files beside the result, which vanish with this object.
/// </summary>
internal sealed class TeacherTargetsWriter(string path) : IDisposable
{
    internal const string Wide = "F64";
    internal const string Narrow = "F32";
    internal const string Rows = "rows";
    internal const string Lengths = "lengths";
    internal const string Coordinates = "coordinates";
    internal const string Anchors = "anchors";

    private readonly FileStream coordinates = Scratch(path);
    private readonly FileStream anchors = Scratch(path);
    private readonly List<long> rows = [];
    private readonly List<long> lengths = [];
    private ScalarType dtype = ScalarType.Float32;
    private long[] shape = [0, 0];
    private long[] anchorShape = [0, 0];

    /// <summary>A batch and its coordinates [B, r_L, T, r_d].</summary>
    internal void Add(TrajectoryBatch batch, Tensor projected)
    {
        dtype = projected.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        var z = projected.transpose(1, 2).to(dtype).cpu().contiguous();
        var a = batch.Anchors.to(dtype).cpu().contiguous();
        (shape, anchorShape) = ([z.shape[2], z.shape[3]], [a.shape[1], a.shape[2]]);
        for (var index = 0; index < batch.Rows.Length; index++)
        {
            rows.Add(batch.Rows[index]);
            lengths.Add(batch.Lengths[index]);
            coordinates.Write(z[index].narrow(0, 0, batch.Lengths[index]).bytes);
            anchors.Write(a[index].bytes);
        }
    }

    /// <summary>Puts the file together.</summary>
    internal void Finish()
    {
        var name = dtype == ScalarType.Float64 ? Wide : Narrow;
        SafetensorsWriter.Write(path,
        [
            Whole(Rows, rows),
            Whole(Lengths, lengths),
            new SafetensorsContent(Coordinates, name, [lengths.Sum(), .. shape], stream => Copy(coordinates, stream)),
            new SafetensorsContent(Anchors, name, [rows.Count, .. anchorShape], stream => Copy(anchors, stream)),
        ]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        coordinates.Dispose();
        anchors.Dispose();
    }

    private static SafetensorsContent Whole(string name, List<long> values) =>
        new(name, "I64", [values.Count], stream => stream.Write(MemoryMarshal.AsBytes<long>(CollectionsMarshal.AsSpan(values))));

    private static void Copy(FileStream from, Stream into)
    {
        from.Position = 0;
        from.CopyTo(into, 1 << 20);
    }

    private static FileStream Scratch(string path) => new(
        $"{path}.{Guid.NewGuid():N}.tmp", FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 20, FileOptions.DeleteOnClose);
}
