using LoRi.Files;
using LoRi.Files.Text;
using LoRi.Math;
using LoRi.Training.Trajectories;

namespace LoRi.Training.TeacherCaches;

/// <summary>What a collection will write, and where it comes from; known before the teacher runs.</summary>
internal sealed class CollectionPlan
{
    private readonly TeacherCacheOptions options;
    private readonly CacheFolder folder;
    private readonly Dictionary<int, int> lengths;
    private readonly int stateBytes;
    private readonly int coordinateBytes;
    private readonly long statesLeft;
    private readonly long coordinatesLeft;
    private readonly long free;

    /// <summary>Plans what is still missing.</summary>
    /// <param name="options">The cache.</param>
    /// <param name="folder">What is there.</param>
    /// <param name="known">The subspace, where it need not be fitted.</param>
    /// <param name="begun">Coordinates that were begun.</param>
    /// <param name="valueBytes">Bytes of a coordinate.</param>
    public CollectionPlan(
        TeacherCacheOptions options, CacheFolder folder, FittedSubspace? known, CachedProjection? begun, long valueBytes)
    {
        (this.options, this.folder) = (options, folder);
        (Levels, Width) = (options.Levels.Indices.Count, options.Width);
        lengths = options.Rows.ToDictionary(row => row.Index, row => row.TracedLength);
        Batches = [.. ModelTrajectories.Batched(options.Rows, folder.Index.BatchSize)
            .Select(rows => rows.Select(row => row.Index).ToArray())];
        stateBytes = options.MadeFrom.Dtype == "float64" ? sizeof(double) : sizeof(float);
        coordinateBytes = valueBytes > sizeof(float) ? sizeof(double) : sizeof(float);
        var (layers, components) = CachedSubspace.LargestSizes(options.Settings.Subspace, known, Levels, Width);
        statesLeft = Left(StateBytes, folder.Index.Trajectories);
        coordinatesLeft = Left(CoordinateBytes(layers, components), begun?.Coordinates);
        free = options.FreeSpace(options.Folder);
        StoresStates = folder.Index.KeepTrajectories || (known is null && (folder.Index.Trajectories is not null || StatesFit));
    }

    /// <summary>The rows of every batch.</summary>
    public IReadOnlyList<int[]> Batches { get; }

    /// <summary>
    /// Whether raw states go to disk: because they are to be kept, or so that fitting costs no second run of the teacher.
    /// </summary>
    public bool StoresStates { get; }

    private int Levels { get; }

    private int Width { get; }

    private ValueBytes StateBytes => ValueBytes.Of((long)Levels * Width, Levels, Width, stateBytes);

    private bool StatesFit => statesLeft <= options.LargestScratch && statesLeft + coordinatesLeft + OneFile <= free;

    /// <summary>A file is put together from scratch files beside it.</summary>
    private long OneFile => System.Math.Min(folder.Index.ShardBytes, System.Math.Max(statesLeft, coordinatesLeft));

    private long Needed => coordinatesLeft + OneFile + (StoresStates ? statesLeft : 0);

    /// <summary>The files of the raw states.</summary>
    public List<CacheShard> StateShards() => ShardPlan.Of(Batches, lengths, StateBytes, folder.Index.ShardBytes);

    /// <summary>The files of the coordinates.</summary>
    public List<CacheShard> CoordinateShards(FittedSubspace subspace)
    {
        var (layers, components) = CachedSubspace.LargestSizes(options.Settings.Subspace, subspace, Levels, Width);
        return ShardPlan.Of(Batches, lengths, CoordinateBytes(layers, components), folder.Index.ShardBytes);
    }

    /// <summary>Says what will be written, and stops where it does not fit.</summary>
    /// <exception cref="InputException">There is too little space.</exception>
    public void CheckSpace(Action<string> info)
    {
        var states = folder.Index.KeepTrajectories ? $" and {MessageText.Bytes(statesLeft)} of states, which are kept"
            : StoresStates ? $" and {MessageText.Bytes(statesLeft)} of states, which are removed afterwards"
            : string.Empty;
        var parts = $"at most {MessageText.Bytes(coordinatesLeft)} of coordinates and anchors{states}";
        info($"teacher cache: will write {parts}; {MessageText.Bytes(free)} are free at {options.Folder}");
        if (Needed > free)
        {
            throw new InputException(
                $"--teacher-cache {options.Folder}: {MessageText.Bytes(Needed)} are needed ({parts}, and one file's scratch), but "
                + $"only {MessageText.Bytes(free)} are free there; "
                + "free some, name a folder on another disk, ask for lower ranks or fewer levels, or train with --online");
        }

        if (!StoresStates && options.Given is null && statesLeft > 0)
        {
            info($"teacher cache: the states take {MessageText.Bytes(statesLeft)}, too much for scratch files, so the teacher runs once "
                + "for the subspace and once for the coordinates");
        }
    }

    private ValueBytes CoordinateBytes(int layers, int components) =>
        ValueBytes.Of((long)layers * components, Levels, Width, coordinateBytes);

    private long Left(ValueBytes bytes, ShardSet? set) => set is null
        ? bytes.Total(lengths.Count, lengths.Values.Sum(length => (long)length))
        : folder.Missing(set).Sum(shard => bytes.Total(shard.Rows, shard.Tokens));
}
