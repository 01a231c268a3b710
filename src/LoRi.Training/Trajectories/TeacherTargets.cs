using System.Runtime.InteropServices;
using LoRi.Files;
using LoRi.Files.Safetensors;
using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>
/// The teacher's coordinates and anchors of a whole data set in one or several memory-mapped files, so that training a student
/// never runs the teacher: float64 where the coordinates are, float32 otherwise. Memory holds the index by row only.
/// </summary>
internal sealed class TeacherTargets : ITeacherTargets
{
    private readonly List<Part> parts = [];
    private readonly Dictionary<int, Place> places = [];

    private sealed record Part(SafetensorsFile File, SafetensorsEntry Coordinates, SafetensorsEntry Anchors);

    private readonly record struct Place(int Part, int Number, long FirstToken, int Length);

    /// <summary>Number of rows.</summary>
    public int Rows => places.Count;

    /// <inheritdoc/>
    public int RowsWithoutRationale => places.Values.Count(place => place.Length == 0);

    /// <summary>Projects a corpus and writes one file.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="source">The teacher's trajectories.</param>
    /// <param name="project">Coordinates [B, r_L, T, r_d] of trajectories [B, L, T, d].</param>
    public static TeacherTargets Write(string path, ITrajectorySource source, Func<Tensor, Tensor> project)
    {
        using (var writer = new TeacherTargetsWriter(path))
        {
            source.ForEach(batch => writer.Add(batch, project(batch.Trajectories)));
            writer.Finish();
        }

        return Open(path);
    }

    /// <summary>Maps files that were written before; every row is in one of them.</summary>
    /// <exception cref="InputException">A file is damaged, or the files do not belong together.</exception>
    public static TeacherTargets Open(params IEnumerable<string> paths)
    {
        var targets = new TeacherTargets();
        try
        {
            foreach (var path in paths)
            {
                targets.Add(SafetensorsFile.Open(path));
            }

            return targets;
        }
        catch
        {
            targets.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public TargetBatch Batch(IReadOnlyList<int> rows, Device device)
    {
        var found = rows.Select(row => places[row]).ToArray();
        var counts = found.Select(place => place.Length).ToArray();
        var longest = System.Math.Max(1, counts.Max());
        using var host = NewDisposeScope();
        var (sizes, anchorSizes, dtype) = (parts[0].Coordinates.Shape, parts[0].Anchors.Shape, TypeOf(parts[0].Coordinates));
        var z = zeros([rows.Count, longest, sizes[1], sizes[2]], dtype);
        var a = zeros([rows.Count, anchorSizes[1], anchorSizes[2]], dtype);
        for (var index = 0; index < found.Length; index++)
        {
            var (part, place) = (parts[found[index].Part], found[index]);
            Read(part.File, part.Coordinates, place.FirstToken, z[index].narrow(0, 0, counts[index]));
            Read(part.File, part.Anchors, place.Number, a[index]);
        }

        return new TargetBatch(
            z.to(device).transpose(1, 2).MoveToOuterDisposeScope(), counts, a.to(device).MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose() => parts.ForEach(part => part.File.Dispose());

    private static ScalarType TypeOf(SafetensorsEntry entry) =>
        entry.Dtype == TeacherTargetsWriter.Wide ? ScalarType.Float64 : ScalarType.Float32;

    private void Add(SafetensorsFile file)
    {
        var part = new Part(file, file.Get(TeacherTargetsWriter.Coordinates), file.Get(TeacherTargetsWriter.Anchors));
        parts.Add(part);
        long[] Whole(string name) => MemoryMarshal.Cast<byte, long>(file.Bytes(file.Get(name))).ToArray();
        var (rows, lengths) = (Whole(TeacherTargetsWriter.Rows), Whole(TeacherTargetsWriter.Lengths));
        var first = parts[0];
        var fits = part.Coordinates.Dtype == first.Coordinates.Dtype
            && part.Coordinates.Shape.Skip(1).SequenceEqual(first.Coordinates.Shape.Skip(1))
            && part.Anchors.Shape.Skip(1).SequenceEqual(first.Anchors.Shape.Skip(1))
            && rows.Length == lengths.Length && part.Anchors.Shape[0] == rows.Length && lengths.Sum() == part.Coordinates.Shape[0];
        var token = 0L;
        for (var number = 0; number < rows.Length; number++)
        {
            fits = fits && places.TryAdd((int)rows[number], new Place(parts.Count - 1, number, token, (int)lengths[number]));
            token += lengths[number];
        }

        if (!fits)
        {
            throw new InputException(
                $"{file.Path}: its rows, types or sizes do not fit {(parts.Count == 1 ? "together" : "those of " + first.File.Path)}; "
                + "remove the file, it is made again");
        }
    }

    /// <summary>Fills a tensor of the file's type with the values from a place of the entry's first dimension on.</summary>
    private static void Read(SafetensorsFile file, SafetensorsEntry entry, long first, Tensor into)
    {
        var bytes = into.bytes;
        if (bytes.Length > 0)
        {
            var row = entry.Length / entry.Shape[0];
            file.CopyBytes(entry, first * row, bytes);
        }
    }
}
