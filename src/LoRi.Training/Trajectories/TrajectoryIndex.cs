using System.Globalization;
using System.Text.RegularExpressions;
using LoRi.Files;
using LoRi.Files.Safetensors;
using LoRi.Files.Text;

namespace LoRi.Training.Trajectories;

/// <summary>The examples of one trajectory file, or of the shards of one, checked for numbering and shapes.</summary>
internal sealed partial class TrajectoryIndex
{
    internal const string Format = "lori-trajectories";
    private const int LargestCount = 100_000_000;

    private static readonly string[] Dtypes = ["F64", "F32", "F16", "BF16"];

    private readonly SortedDictionary<int, TrajectoryEntry> entries = [];

    /// <summary>Reads the names and shapes of all tensors; one shard by itself need not be numbered from 0.</summary>
    internal TrajectoryIndex(IReadOnlyList<SafetensorsFile> files, bool isShard = false)
    {
        foreach (var file in files)
        {
            CheckFormat(file);
            foreach (var tensor in file.Entries)
            {
                Add(file, tensor);
            }
        }

        Examples = isShard ? [.. entries.Values] : Numbered(files[0].Path);
        Ids = isShard ? null : TrajectoryIds.Read(files, Examples.Count);
    }

    /// <summary>Levels and components, the same for all tensors.</summary>
    internal (int Levels, int Width) Shape { get; private set; }

    /// <summary>The examples in the order of their numbers.</summary>
    internal IReadOnlyList<TrajectoryEntry> Examples { get; }

    /// <summary>The data's own names of the examples, if the file has them.</summary>
    internal IReadOnlyList<string>? Ids { get; }

    /// <summary>How messages name a tensor.</summary>
    internal static string Name(SafetensorsFile file, SafetensorsEntry tensor) => $"{file.Path}: tensor {tensor.Name}";

    private static void CheckFormat(SafetensorsFile file)
    {
        var found = file.Metadata.GetValueOrDefault("format");
        if (found != Format)
        {
            throw new InputException($"{file.Path}: the metadata's format is {found ?? "missing"}, expected {Format}; "
                + "name a trajectory file, as `lori trajectories` writes it");
        }
    }

    private void Add(SafetensorsFile file, SafetensorsEntry tensor)
    {
        var match = TensorName().Match(tensor.Name);
        if (!match.Success || !int.TryParse(match.Groups[2].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number > LargestCount)
        {
            throw new InputException(
                $"{file.Path}: tensor {MessageText.Quote(tensor.Name)} is unexpected; names are trajectory.0, anchor.0, trajectory.1, ...");
        }

        var isAnchor = match.Groups[1].Value == "anchor";
        CheckShape(file, tensor, isAnchor);
        if (!entries.TryGetValue(number, out var entry))
        {
            entries[number] = entry = new TrajectoryEntry();
        }

        if ((isAnchor ? entry.Anchor : entry.Trajectory) is { } other)
        {
            throw new InputException($"{Name(file, tensor)} is also in {other.File.Path}; every example must be in one file");
        }

        if (isAnchor)
        {
            entry.Anchor = (file, tensor);
        }
        else
        {
            entry.Trajectory = (file, tensor);
        }
    }

    private void CheckShape(SafetensorsFile file, SafetensorsEntry tensor, bool isAnchor)
    {
        if (!Dtypes.Contains(tensor.Dtype))
        {
            throw new InputException($"{Name(file, tensor)} is {tensor.Dtype}, expected one of {string.Join(", ", Dtypes)}");
        }

        if (tensor.Shape.Count != (isAnchor ? 2 : 3) || tensor.Shape.Any(size => size < 1 || size > LargestCount))
        {
            throw new InputException($"{Name(file, tensor)} has shape {MessageText.Shape(tensor.Shape)}, expected "
                + (isAnchor ? "levels x components" : "levels x tokens x components, at least 1 each"));
        }

        var shape = ((int)tensor.Shape[0], (int)tensor.Shape[^1]);
        Shape = Shape == default ? shape : Shape;
        if (shape != Shape)
        {
            throw new InputException($"{Name(file, tensor)} has {shape.Item1} levels of {shape.Item2} components, "
                + $"others have {Shape.Levels} of {Shape.Width}; all tensors must be of one model");
        }
    }

    private TrajectoryEntry[] Numbered(string path)
    {
        if (entries.Count == 0)
        {
            throw new InputException($"{path}: there is no example in it");
        }

        var place = 0;
        foreach (var number in entries.Keys)
        {
            if (number != place)
            {
                throw new InputException($"{path}: there is neither trajectory.{place} nor anchor.{place}, but there is number {number}; "
                    + "examples are numbered 0, 1, 2, ... without gaps");
            }

            place++;
        }

        return [.. entries.Values];
    }

    [GeneratedRegex(@"\A(trajectory|anchor)\.(0|[1-9][0-9]{0,8})\z", RegexOptions.CultureInvariant)]
    private static partial Regex TensorName();
}
