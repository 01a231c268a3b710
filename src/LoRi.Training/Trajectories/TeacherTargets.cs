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
/// The teacher's coordinates and anchors of a whole data set in one memory-mapped float32 file, so that training a student
/// never runs the teacher.
/// </summary>
public sealed class TeacherTargets : IDisposable
{
    private readonly SafetensorsFile file;
    private readonly SafetensorsEntry coordinates;
    private readonly SafetensorsEntry anchors;
    private readonly long[] offsets;

    private TeacherTargets(SafetensorsFile file)
    {
        this.file = file;
        coordinates = file.Get("coordinates");
        anchors = file.Get("anchors");
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
        var blocks = new float[rows][];
        var states = new float[rows][];
        long[] shape = [], anchorShape = [];
        source.ForEach(batch =>
        {
            var z = project(batch.Trajectories).transpose(1, 2).to(ScalarType.Float32).cpu().contiguous();
            var a = batch.Anchors.to(ScalarType.Float32).cpu().contiguous();
            (shape, anchorShape) = ([z.shape[2], z.shape[3]], [a.shape[1], a.shape[2]]);
            for (var index = 0; index < batch.Rows.Length; index++)
            {
                blocks[batch.Rows[index]] = z[index].narrow(0, 0, batch.Lengths[index]).contiguous().data<float>().ToArray();
                states[batch.Rows[index]] = a[index].data<float>().ToArray();
            }
        });
        var offsets = new long[rows + 1];
        for (var row = 0; row < rows; row++)
        {
            offsets[row + 1] = offsets[row] + (blocks[row].Length / (shape[0] * shape[1]));
        }

        SafetensorsWriter.Write(path,
        [
            new SafetensorsContent("offsets", "I64", [rows + 1], stream => stream.Write(MemoryMarshal.AsBytes<long>(offsets))),
            new SafetensorsContent("coordinates", "F32", [offsets[rows], .. shape], stream => WriteAll(stream, blocks)),
            new SafetensorsContent("anchors", "F32", [rows, .. anchorShape], stream => WriteAll(stream, states)),
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
        var block = (int)(coordinates.Shape[1] * coordinates.Shape[2]);
        var width = (int)(anchors.Shape[1] * anchors.Shape[2]);
        var z = new float[rows.Count * longest * block];
        var a = new float[rows.Count * width];
        for (var index = 0; index < rows.Count; index++)
        {
            Read(coordinates, offsets[rows[index]] * block, z.AsSpan(index * longest * block, lengths[index] * block));
            Read(anchors, (long)rows[index] * width, a.AsSpan(index * width, width));
        }

        var teacher = tensor(z, [rows.Count, longest, coordinates.Shape[1], coordinates.Shape[2]]).to(device).transpose(1, 2);
        return new TargetBatch(teacher, lengths, tensor(a, [rows.Count, anchors.Shape[1], anchors.Shape[2]]).to(device));
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private static void WriteAll(Stream stream, float[][] rows)
    {
        foreach (var row in rows)
        {
            stream.Write(MemoryMarshal.AsBytes<float>(row));
        }
    }

    private void Read(SafetensorsEntry entry, long first, Span<float> into) =>
        file.CopyBytes(entry, first * sizeof(float), MemoryMarshal.AsBytes(into));
}
