using System.Runtime.InteropServices;
using LoRi.Training.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>What a student is compared with, for some rows.</summary>
/// <param name="Coordinates">The teacher's coordinates Z_T, [B, r_L, T, r_d], padded behind.</param>
/// <param name="Lengths">Rationale tokens of each row.</param>
/// <param name="Anchors">The teacher's raw anchor states, [B, L, d].</param>
public sealed record TargetBatch(Tensor Coordinates, int[] Lengths, Tensor Anchors);

/// <summary>
/// The teacher's coordinates and anchors of a whole data set in one memory-mapped file, so that training a student never runs
/// the teacher: float64 where the coordinates are, float32 otherwise.
/// </summary>
public sealed class TeacherTargets : IDisposable
{
    private readonly SafetensorsFile file;
    private readonly SafetensorsEntry coordinates;
    private readonly SafetensorsEntry anchors;
    private readonly ScalarType dtype;
    private readonly long[] starts;
    private readonly long[] lengths;
    private readonly long[] places;

    private TeacherTargets(SafetensorsFile file)
    {
        this.file = file;
        coordinates = file.Get("coordinates");
        anchors = file.Get("anchors");
        dtype = coordinates.Dtype == TeacherTargetsWriter.Wide ? ScalarType.Float64 : ScalarType.Float32;
        long[] Whole(string name) => MemoryMarshal.Cast<byte, long>(file.Bytes(file.Get(name))).ToArray();
        (starts, lengths, places) = (Whole("starts"), Whole("lengths"), Whole("places"));
    }

    /// <summary>Number of rows.</summary>
    public int Rows => lengths.Length;

    /// <summary>Rows whose rationale is empty: they contribute nothing to the rationale terms.</summary>
    public int RowsWithoutRationale => lengths.Count(length => length == 0);

    /// <summary>Projects a corpus and writes the file; rows of the source are numbered 0 .. <paramref name="rows"/> - 1.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="source">The teacher's trajectories.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="project">Coordinates [B, r_L, T, r_d] of trajectories [B, L, T, d].</param>
    public static TeacherTargets Write(string path, ITrajectorySource source, int rows, Func<Tensor, Tensor> project)
    {
        using var writer = new TeacherTargetsWriter(path, rows);
        source.ForEach(batch => writer.Add(batch, project(batch.Trajectories)));
        writer.Finish();
        return Open(path);
    }

    /// <summary>Maps a file that was written before.</summary>
    public static TeacherTargets Open(string path) => new(SafetensorsFile.Open(path));

    /// <summary>The targets of some rows, on a device.</summary>
    public TargetBatch Batch(IReadOnlyList<int> rows, Device device)
    {
        var counts = rows.Select(row => (int)lengths[row]).ToArray();
        var longest = System.Math.Max(1, counts.Max());
        using var host = NewDisposeScope();
        var z = zeros([rows.Count, longest, coordinates.Shape[1], coordinates.Shape[2]], dtype);
        var a = zeros([rows.Count, anchors.Shape[1], anchors.Shape[2]], dtype);
        for (var index = 0; index < rows.Count; index++)
        {
            Read(coordinates, starts[rows[index]], z[index].narrow(0, 0, counts[index]));
            Read(anchors, places[rows[index]], a[index]);
        }

        return new TargetBatch(
            z.to(device).transpose(1, 2).MoveToOuterDisposeScope(), counts, a.to(device).MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    /// <summary>Fills a tensor of this file's type with the values from a place of the entry's first dimension on.</summary>
    private void Read(SafetensorsEntry entry, long first, Tensor into)
    {
        var bytes = into.bytes;
        if (bytes.Length > 0)
        {
            var row = entry.Length / entry.Shape[0];
            file.CopyBytes(entry, first * row, bytes);
        }
    }
}
