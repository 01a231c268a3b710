using System.Diagnostics;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Training.Trajectories;
using static TorchSharp.torch;

namespace LoRi.Training.TeacherCaches;

/// <summary>
/// The folder of a teacher cache: its index and its files, each of which appears under its name only when it is complete.
/// </summary>
internal sealed class CacheFolder
{
    /// <summary>The folder of the raw states.</summary>
    public const string TrajectoriesFolder = "trajectories";

    private const string LockName = ".lock";

    private readonly string path;
    private readonly Action<string> info;
    private readonly Action<string, int, int>? show;

    private CacheFolder(string path, CacheIndex index, Action<string> info, Action<string, int, int>? show) =>
        (this.path, Index, this.info, this.show) = (path, index, info, show);

    /// <summary>What is in the folder.</summary>
    public CacheIndex Index { get; private set; }

    /// <summary>The file of the index.</summary>
    public string IndexFile => CacheIndex.FileOf(path);

    /// <summary>Whether raw states are there only if they are to stay.</summary>
    public bool TrajectoriesSettled =>
        Index.KeepTrajectories || (Index.Trajectories is null && !Directory.Exists(Path.Combine(path, TrajectoriesFolder)));

    /// <summary>Opens the cache in a folder; one that is not there yet begins as <paramref name="begin"/> and has no files.</summary>
    /// <exception cref="InputException">The cache there was made from something else.</exception>
    public static CacheFolder Open(string path, CacheIndex begin, Action<string> info, Action<string, int, int>? show = null)
    {
        var file = CacheIndex.FileOf(path);
        if (!File.Exists(file))
        {
            // What another process begins meanwhile is no stranger's.
            if (HoldsSomething(path) && !File.Exists(file))
            {
                throw new InputException(
                    $"--teacher-cache {path}: the folder holds something, but no index.json of a teacher cache; name another folder");
            }

            return new CacheFolder(path, begin, info, show);
        }

        var index = CacheIndex.Read(file);
        return begin.MadeFrom.DifferenceFrom(index.MadeFrom) is { } difference
            ? throw new InputException(
                $"{file}: the cache was made from {difference}; name another --teacher-cache, or what it was made from")
            : new CacheFolder(path, index, info, show);
    }

    /// <summary>The cache in a folder as it is, whatever it was made from.</summary>
    /// <exception cref="InputException">The index is damaged.</exception>
    public static CacheFolder As(string path) => new(path, CacheIndex.Read(CacheIndex.FileOf(path)), _ => { }, null);

    /// <summary>
    /// Keeps other processes from writing here until it is disposed, and removes what an interrupted one left; waits for one that is
    /// writing, after which the folder is to be opened anew.
    /// </summary>
    /// <param name="stop">Asks not to wait any longer.</param>
    /// <exception cref="InputException">The folder cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was asked not to wait any longer.</exception>
    public IDisposable Lock(CancellationToken stop)
    {
        var file = Path.Combine(path, LockName);
        try
        {
            var held = FileLock.Wait(file, note => info($"teacher cache: {note}"), "another process is writing it", stop: stop);
            try
            {
                Clear(file);
                return held;
            }
            catch
            {
                held.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"--teacher-cache {path}: cannot be written ({e.Message}); name another folder", e);
        }
    }

    /// <summary>Removes what an interrupted process left, where nobody else can be writing it.</summary>
    private void Clear(string file)
    {
        if (FileLock.KeepsOthersOut(file))
        {
            AtomicFile.RemoveLeft(path, SearchOption.AllDirectories);
        }
        else
        {
            info($"teacher cache: locks have no effect in {path}, as on some network folders; see that no other process writes there");
        }
    }

    /// <summary>Replaces the index.</summary>
    public void Save(CacheIndex index)
    {
        Index = index;
        index.Write(IndexFile);
    }

    /// <summary>The path of a file of a set.</summary>
    public string FileOf(ShardSet set, string name) => Path.Combine(path, set.Folder, name);

    /// <summary>The files of a set that are still to be written.</summary>
    public IEnumerable<CacheShard> Missing(ShardSet set) =>
        set.Shards.Where(shard => shard.Sha256 is null || !File.Exists(FileOf(set, shard.File)));

    /// <summary>Whether all files of a set are there.</summary>
    public bool Complete(ShardSet? set) => set is not null && !Missing(set).Any();

    /// <summary>Compares a file with the hash that the index has of it.</summary>
    /// <exception cref="InputException">They differ.</exception>
    public void Verify(string file, string expected)
    {
        var found = ContentHash.OfFile(file);
        if (found != expected)
        {
            throw new InputException(
                $"{file}: its SHA-256 is {found[..12]}..., but {IndexFile} says {expected[..System.Math.Min(12, expected.Length)]}...; the "
                + "file is damaged, remove it and it is made again");
        }
    }

    /// <summary>Checks all files of a set and maps them.</summary>
    /// <exception cref="InputException">A file is damaged.</exception>
    public TeacherTargets Map(ShardSet set)
    {
        foreach (var shard in set.Shards)
        {
            Verify(FileOf(set, shard.File), shard.Sha256 ?? throw new InvalidOperationException("invariant: an incomplete set is read"));
        }

        return TeacherTargets.Open(set.Shards.Select(shard => FileOf(set, shard.File)));
    }

    /// <summary>Writes the files of a set that are missing; those that are there stay as they are.</summary>
    /// <param name="set">A set of the index.</param>
    /// <param name="what">How the log calls its values.</param>
    /// <param name="source">Where its batches come from.</param>
    /// <param name="project">From states to what is stored.</param>
    public void Fill(ShardSet set, string what, Func<IBatchedTrajectories> source, Func<Tensor, Tensor> project)
    {
        AtomicFile.CreateFolder(Path.Combine(path, set.Folder));
        var missing = Missing(set).ToHashSet();
        if (missing.Count > 0 && missing.Count < set.Shards.Count)
        {
            info($"teacher cache: {set.Shards.Count - missing.Count} of {set.Shards.Count} files of {what} are there; going on "
                + $"with {missing.First().File}");
        }

        var clock = Stopwatch.StartNew();
        var (done, all) = (0, set.Shards.Sum(shard => shard.Rows));
        for (var number = 0; number < set.Shards.Count; number++)
        {
            var shard = set.Shards[number];
            if (missing.Contains(shard))
            {
                var file = FileOf(set, shard.File);
                Write(file, shard, source(), project, rows => show?.Invoke($"teacher's {what}", done + rows, all));
                set.Shards[number] = shard with { Sha256 = ContentHash.OfFile(file) };
                Save(Index);
                info($"teacher cache: {what}, file {number + 1} of {set.Shards.Count}, {shard.Rows:N0} "
                    + $"rows, {clock.Elapsed.TotalSeconds:F0} s");
            }

            done += shard.Rows;
        }
    }

    /// <summary>Removes raw states that are not to be kept: from the index first, then from the disk.</summary>
    public void RemoveTrajectories()
    {
        if (!TrajectoriesSettled)
        {
            Save(Index with { Trajectories = null });
            Directory.Delete(Path.Combine(path, TrajectoriesFolder), recursive: true);
        }
    }

    private static bool HoldsSomething(string path) => Directory.Exists(path)
        && Directory.EnumerateFileSystemEntries(path).Any(entry => Path.GetFileName(entry) != LockName && !AtomicFile.IsUnfinished(entry));

    private static void Write(
        string file, CacheShard shard, IBatchedTrajectories source, Func<Tensor, Tensor> project, Action<int> progress)
    {
        try
        {
            using var writer = new TeacherTargetsWriter(file);
            var rows = 0;
            for (var batch = shard.FirstBatch; batch < shard.FirstBatch + shard.Batches; batch++)
            {
                using var scope = NewDisposeScope();
                var states = source.Read(batch);
                writer.Add(states, project(states.Trajectories));
                progress(rows += states.Lengths.Length);
            }

            writer.Finish();
        }
        catch (IOException e)
        {
            throw new InputException(
                $"{file}: cannot be written ({e.Message}); free some space and continue with --resume, or name a --teacher-cache elsewhere",
                e);
        }
    }
}
