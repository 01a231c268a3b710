using System.Globalization;
using System.Text.RegularExpressions;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Safetensors;
using LoRi.Models.Native;
using LoRi.Models.Weights;
using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>
/// A corpus of trajectories in files: one file, the shards of one (all of them, or their index), or several corpora one after
/// the other. Read as float64, whatever the files hold.
/// </summary>
public sealed partial class TrajectoryFiles : ITrajectorySource, IDisposable
{
    private const string IndexSuffix = ".index.json";

    private readonly List<SafetensorsFile> files = [];
    private readonly List<TrajectoryEntry> examples = [];

    private TrajectoryFiles()
    {
    }

    /// <summary>Traced levels.</summary>
    public int Levels { get; private set; }

    /// <summary>Components of a state.</summary>
    public int Width { get; private set; }

    /// <summary>Number of examples.</summary>
    public int Count => examples.Count;

    /// <summary>Values of one batch at most, padding included: 64 MB.</summary>
    private long BatchValues { get; init; } = 8 << 20;

    /// <summary>Whether any example has anchor states.</summary>
    public bool HasAnchors => examples.Exists(e => e.Anchor is not null);

    /// <summary>The data's own names of the examples; numbers where a file has none.</summary>
    public IReadOnlyList<string> Ids { get; private set; } = [];

    /// <summary>Whether every example has a name of its own, not a number for want of one.</summary>
    public bool HasIds { get; private set; } = true;

    /// <summary>The files that are read, the shards of an index in its place.</summary>
    public IEnumerable<string> Paths => files.Select(file => file.Path);

    /// <summary>Opens files and checks their numbering and shapes; values are checked when they are read.</summary>
    /// <param name="paths">All files of a set, in any order.</param>
    /// <returns>The open files, which the caller disposes of.</returns>
    /// <exception cref="InputException">A file cannot be read or is no trajectory file.</exception>
    public static TrajectoryFiles Open(IEnumerable<string> paths) => Open(paths, new TrajectoryFiles());

    /// <summary>The same with batches of so many values at most.</summary>
    internal static TrajectoryFiles Open(IEnumerable<string> paths, long batchValues) =>
        Open(paths, new TrajectoryFiles { BatchValues = batchValues });

    private static TrajectoryFiles Open(IEnumerable<string> paths, TrajectoryFiles corpus)
    {
        ArgumentNullException.ThrowIfNull(paths);
        try
        {
            foreach (var part in Parts(Once([.. paths])))
            {
                corpus.Add(part);
            }

            return corpus.Count > 0 ? corpus : throw new InputException("--trajectories: name at least one file");
        }
        catch
        {
            corpus.Dispose();
            throw;
        }
    }

    /// <summary>Opens one file, a single shard included, and reads all its values.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InputException">The file must be rejected.</exception>
    public static void Check(string path)
    {
        NativeRuntime.Load();
        using var file = SafetensorsFile.Open(path);
        var index = new TrajectoryIndex([file], isShard: ShardName().IsMatch(path));
        foreach (var place in index.Examples.SelectMany(e => new[] { e.Trajectory, e.Anchor })
            .OfType<(SafetensorsFile, SafetensorsEntry)>())
        {
            Read(place).Dispose();
        }
    }

    /// <summary>Rationale tokens of an example.</summary>
    /// <param name="example">The example, counted from 0.</param>
    public int Length(int example) => examples[example].Length;

    /// <summary>Whether an example has anchor states.</summary>
    /// <param name="example">The example, counted from 0.</param>
    public bool HasAnchor(int example) => examples[example].Anchor is not null;

    /// <summary>
    /// Batches of examples of similar length. Anchors are those of the examples that have any, so there may be fewer than rows.
    /// </summary>
    /// <param name="use">Gets each batch once; the batch is gone when it returns.</param>
    public void ForEach(Action<TrajectoryBatch> use)
    {
        ArgumentNullException.ThrowIfNull(use);
        foreach (var rows in Batches())
        {
            using var scope = NewDisposeScope();
            use(new TrajectoryBatch(rows, Trajectories(rows), Lengths(rows), Anchors(WithAnchor(rows))));
        }
    }

    /// <summary>The examples of every batch, in the order of <see cref="ForEach"/>.</summary>
    internal IEnumerable<int[]> Batches()
    {
        var order = Enumerable.Range(0, Count).OrderBy(i => examples[i].Length).ToArray();
        for (var start = 0; start < order.Length;)
        {
            var end = start + 1;
            while (end < order.Length && Values(order[end], end - start + 1) <= BatchValues)
            {
                end++;
            }

            yield return order[start..end];
            start = end;
        }
    }

    /// <summary>Rationale tokens of some examples.</summary>
    internal int[] Lengths(IReadOnlyList<int> rows) => [.. rows.Select(Length)];

    /// <summary>Those of some examples that have anchor states.</summary>
    internal int[] WithAnchor(IReadOnlyList<int> rows) => [.. rows.Where(HasAnchor)];

    /// <summary>States of some examples, [B, L, T, d], padded behind with zeros; T is at least 1.</summary>
    /// <param name="rows">Numbers of examples, counted from 0.</param>
    /// <exception cref="InputException">A value is not finite.</exception>
    public Tensor Trajectories(IReadOnlyList<int> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var longest = System.Math.Max(1, rows.Max(Length));
        var padded = zeros([rows.Count, Levels, longest, Width], ScalarType.Float64);
        for (var i = 0; i < rows.Count; i++)
        {
            if (examples[rows[i]].Trajectory is { } found)
            {
                using var states = Read(found);
                using var target = padded[i].narrow(1, 0, states.shape[1]);
                target.copy_(states);
            }
        }

        return padded;
    }

    /// <summary>Anchor states of some examples that all have them, [B, L, d].</summary>
    /// <param name="rows">Numbers of examples, counted from 0.</param>
    /// <exception cref="InputException">An example has none, or a value is not finite.</exception>
    public Tensor Anchors(IReadOnlyList<int> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var all = zeros([rows.Count, Levels, Width], ScalarType.Float64);
        for (var i = 0; i < rows.Count; i++)
        {
            var found = examples[rows[i]].Anchor ?? throw new InputException($"{files[0].Path}: example {Ids[rows[i]]} has no anchor");
            using var states = Read(found);
            using var target = all[i];
            target.copy_(states);
        }

        return all;
    }

    /// <summary>The file that holds an example.</summary>
    internal string PathOf(int example) => (examples[example].Trajectory ?? examples[example].Anchor)!.Value.File.Path;

    /// <summary>The largest magnitude of an example's states, those at the anchor included.</summary>
    internal double Largest(int example)
    {
        using var scope = NewDisposeScope();
        return Largest(examples[example].Trajectory, examples[example].Anchor);
    }

    /// <summary>The SHA-256 of the files' bytes, one after the other, in hexadecimal.</summary>
    public string Sha256()
    {
        using var hash = new ContentHash();
        foreach (var file in files)
        {
            using var stream = InputFile.Open(file.Path);
            hash.Add(stream);
        }

        return hash.Take();
    }

    /// <inheritdoc/>
    public void Dispose() => files.ForEach(file => file.Dispose());

    private static double Largest(params (SafetensorsFile File, SafetensorsEntry Tensor)?[] places) =>
        places.OfType<(SafetensorsFile, SafetensorsEntry)>().Max(place => Read(place).abs().max().item<double>());

    private static Tensor Read((SafetensorsFile File, SafetensorsEntry Tensor) place)
    {
        var values = place.File.ReadTensor(place.Tensor.Name, ScalarType.Float64);
        using var finite = values.isfinite();
        using var all = finite.all();
        return all.item<bool>()
            ? values
            : throw new InputException(
                $"{TrajectoryIndex.Name(place.File, place.Tensor)} holds NaN or infinity; write the trajectories again, with a model whose "
                + "states are finite");
    }

    /// <summary>The paths grouped by what is numbered together: the shards of one file belong to each other.</summary>
    private static IEnumerable<IReadOnlyList<string>> Parts(IReadOnlyList<string> paths) => paths
        .Select(WithIndex)
        .SelectMany(path => path.EndsWith(IndexSuffix, StringComparison.Ordinal) ? Shards(path) : [path])
        .GroupBy(path => ShardName().Match(path) is { Success: true } match ? match.Groups[1].Value : path, StringComparer.Ordinal)
        .Select(group => Whole([.. group.Distinct(StringComparer.Ordinal)]));

    /// <summary>The shards of one file, none missing: a part of a corpus must not pass for the whole.</summary>
    private static IReadOnlyList<string> Whole(IReadOnlyList<string> paths)
    {
        var match = ShardName().Match(paths[0]);
        return !match.Success || int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture) == paths.Count
            ? paths
            : throw new InputException(
                $"{paths[0]}: {paths.Count} of the shards of this corpus are named, there are {match.Groups[2].Value.TrimStart('0')}; name "
                + "all of them, or their index");
    }

    private static string[] Once(string[] paths)
    {
        var twice = paths.GroupBy(Path.GetFullPath, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        return twice is null ? paths : throw new InputException($"{twice.First()}: named twice; every file counts once");
    }

    private static string WithIndex(string path) => !File.Exists(path) && File.Exists(path + IndexSuffix) ? path + IndexSuffix : path;

    /// <summary>The shards that an index names; index and shards must agree on every tensor.</summary>
    private static List<string> Shards(string path)
    {
        var index = ShardIndex.Read(path);
        var found = new List<string>();
        var tensors = 0;
        foreach (var name in index.Shards)
        {
            var shard = Path.Combine(Path.GetDirectoryName(path) ?? "", name);
            using var file = SafetensorsFile.Open(shard);
            foreach (var tensor in file.Entries)
            {
                index.CheckHolds(name, tensor.Name);
            }

            tensors += file.Entries.Count;
            found.Add(shard);
        }

        return tensors == index.WeightMap.Count
            ? found
            : throw new InputException(
                $"{path}: weight_map names {index.WeightMap.Count} tensors, the shards hold {tensors}; index and shards do not belong "
                + "together");
    }

    private void Add(IReadOnlyList<string> paths)
    {
        var opened = new List<SafetensorsFile>();
        foreach (var path in paths)
        {
            var file = SafetensorsFile.Open(path);
            files.Add(file);
            opened.Add(file);
        }

        var index = new TrajectoryIndex(opened);
        if (Count > 0 && index.Shape != (Levels, Width))
        {
            throw new InputException($"{paths[0]}: has {index.Shape.Levels} levels of {index.Shape.Width} components, "
                + $"the files before it have {Levels} of {Width}; all must be of one model");
        }

        (Levels, Width) = index.Shape;
        var first = Count;
        HasIds &= index.Ids is not null;
        Ids = [.. Ids, .. index.Ids ?? [.. Enumerable.Range(first, index.Examples.Count).Select(i => $"{i}")]];
        examples.AddRange(index.Examples);
    }

    private long Values(int longest, int rows) => (long)rows * Levels * System.Math.Max(1, examples[longest].Length) * Width;

    [GeneratedRegex(@"\A(.*)-[0-9]{5}-of-([0-9]{5})\.safetensors\z", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex ShardName();
}
