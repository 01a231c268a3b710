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
    private const string Wide = "F64";
    private const string Narrow = "F32";

    private readonly SafetensorsFile file;
    private readonly SafetensorsEntry coordinates;
    private readonly SafetensorsEntry anchors;
    private readonly ScalarType dtype;
    private readonly long[] offsets;

    private TeacherTargets(SafetensorsFile file)
    {
        this.file = file;
        coordinates = file.Get("coordinates");
        anchors = file.Get("anchors");
        dtype = coordinates.Dtype == Wide ? ScalarType.Float64 : ScalarType.Float32;
        var entry = file.Get("offsets");
        offsets = MemoryMarshal.Cast<byte, long>(file.Bytes(entry)).ToArray();
    }

    /// <summary>Number of rows.</summary>
    public int Rows => offsets.Length - 1;

    /// <summary>Rows whose rationale is empty: they contribute nothing to the rationale terms.</summary>
    public int RowsWithoutRationale => Enumerable.Range(0, Rows).Count(row => offsets[row + 1] == offsets[row]);

    /// <summary>Projects a corpus and writes the file; rows of the source are numbered 0 .. <paramref name="rows"/> - 1.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="source">The teacher's trajectories.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="project">Coordinates [B, r_L, T, r_d] of trajectories [B, L, T, d].</param>
    public static TeacherTargets Write(string path, ITrajectorySource source, int rows, Func<Tensor, Tensor> project)
    {
        var (blocks, states, lengths) = (new byte[rows][], new byte[rows][], new int[rows]);
        var dtype = ScalarType.Float32;
        long[] shape = [], anchorShape = [];
        source.ForEach(batch =>
        {
            var coordinates = project(batch.Trajectories);
            dtype = coordinates.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
            var z = coordinates.transpose(1, 2).to(dtype).cpu().contiguous();
            var a = batch.Anchors.to(dtype).cpu().contiguous();
            (shape, anchorShape) = ([z.shape[2], z.shape[3]], [a.shape[1], a.shape[2]]);
            for (var index = 0; index < batch.Rows.Length; index++)
            {
                var (row, length) = (batch.Rows[index], batch.Lengths[index]);
                (blocks[row], states[row], lengths[row]) = (z[index].narrow(0, 0, length).bytes.ToArray(), a[index].bytes.ToArray(), length);
            }
        });
        var offsets = new long[rows + 1];
        for (var row = 0; row < rows; row++)
        {
            offsets[row + 1] = offsets[row] + lengths[row];
        }

        var name = dtype == ScalarType.Float64 ? Wide : Narrow;
        SafetensorsWriter.Write(path,
        [
            new SafetensorsContent("offsets", "I64", [rows + 1], stream => stream.Write(MemoryMarshal.AsBytes<long>(offsets))),
            new SafetensorsContent("coordinates", name, [offsets[rows], .. shape], stream => WriteAll(stream, blocks)),
            new SafetensorsContent("anchors", name, [rows, .. anchorShape], stream => WriteAll(stream, states)),
        ]);
        return Open(path);
    }

    /// <summary>Maps a file that was written before.</summary>
    public static TeacherTargets Open(string path) => new(SafetensorsFile.Open(path));

    /// <summary>The targets of some rows, on a device.</summary>
    public TargetBatch Batch(IReadOnlyList<int> rows, Device device)
    {
        var lengths = rows.Select(row => (int)(offsets[row + 1] - offsets[row])).ToArray();
        var longest = System.Math.Max(1, lengths.Max());
        using var host = NewDisposeScope();
        var z = zeros([rows.Count, longest, coordinates.Shape[1], coordinates.Shape[2]], dtype);
        var a = zeros([rows.Count, anchors.Shape[1], anchors.Shape[2]], dtype);
        for (var index = 0; index < rows.Count; index++)
        {
            Read(coordinates, offsets[rows[index]], z[index].narrow(0, 0, lengths[index]));
            Read(anchors, rows[index], a[index]);
        }

        return new TargetBatch(
            z.to(device).transpose(1, 2).MoveToOuterDisposeScope(), lengths, a.to(device).MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private static void WriteAll(Stream stream, byte[][] rows)
    {
        foreach (var row in rows)
        {
            stream.Write(row);
        }
    }

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
