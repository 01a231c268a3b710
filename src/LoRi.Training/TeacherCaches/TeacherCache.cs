using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Math;
using LoRi.Models.Tensors;
using LoRi.Training.Teachers;
using LoRi.Training.Trajectories;
using static TorchSharp.torch;

namespace LoRi.Training.TeacherCaches;

/// <summary>
/// A teacher's coordinates and anchors on disk, tied to the teacher, the data and the subspace. Moments and their variances are
/// derived from the coordinates whenever the cache is opened, so no form of the objective ever asks for the teacher again.
/// </summary>
/// <param name="options">Which cache.</param>
/// <param name="teacher">Makes the teacher's trajectories for a batch size; called only where states are missing.</param>
/// <param name="info">Told what happens, a line each.</param>
/// <param name="gradients">Makes the gradients of the answer's loss with respect to them; called only for a subspace of gradients.</param>
/// <param name="stop">Asks not to wait any longer for another process that writes it.</param>
/// <param name="show">Receives what is done, and how many of how many rows are done; both are 0 where that is not known.</param>
internal sealed class TeacherCache(
    TeacherCacheOptions options, Func<int, IBatchedTrajectories> teacher, Action<string> info, Action<string, int, int>? show = null,
    Func<int, ITrajectorySource>? gradients = null, CancellationToken stop = default)
{
    private readonly Dictionary<string, string> madeFrom = CachedSubspace.MadeFrom(options.Settings.Subspace, options.Given?.Fitted);

    private CacheIndex Begin => new(
        CacheIndex.FormatName, CacheIndex.CurrentVersion, options.MadeFrom, options.BatchSize, options.ShardBytes, options.KeepTrajectories,
        Trajectories: null, []);

    /// <summary>The SHA-256 of the states that the subspace was fitted on, after <see cref="Open"/>; null where it was given.</summary>
    public string? SourceSha256 { get; private set; }

    /// <summary>Opens the cache, after making what it lacks.</summary>
    /// <param name="like">A tensor of the device and dtype that students are compared in.</param>
    /// <exception cref="InputException">The cache belongs to something else, is damaged, or does not fit the disk.</exception>
    public LoRiTeacher Open(Tensor like)
    {
        var folder = Filled(like);
        var projection = Projection(folder)!;
        SourceSha256 = projection.SourceSha256;
        show?.Invoke("checking the teacher cache", 0, 0);
        var targets = folder.Map(projection.Coordinates);
        try
        {
            var subspace = options.Given ?? Measured(folder, Stored(folder, projection), targets);
            return LoRiTeacher.Of(subspace, options.Settings.Objective, _ => targets, like, options.Levels);
        }
        catch
        {
            targets.Dispose();
            throw;
        }
    }

    /// <summary>The folder, after making what it lacks or waiting for another process to.</summary>
    private CacheFolder Filled(Tensor like)
    {
        var folder = Checked();
        if (!IsFilled(folder))
        {
            using var held = folder.Lock(stop);
            folder = Checked();
            if (!IsFilled(folder))
            {
                Collect(folder, like);
                return folder;
            }
        }

        info($"teacher cache reused: {options.Folder}; the teacher does not run");
        return folder;
    }

    private bool IsFilled(CacheFolder folder) =>
        Projection(folder) is { } ready && folder.Complete(ready.Coordinates) && folder.TrajectoriesSettled;

    private static FittedSubspace Stored(CacheFolder folder, CachedProjection projection)
    {
        var file = folder.FileOf(projection.Coordinates, CachedSubspace.FileName);
        folder.Verify(file, projection.SubspaceSha256);
        return SubspaceFile.Read(file).Fitted;
    }

    private CachedProjection? Projection(CacheFolder folder) =>
        folder.Index.Projections.Find(one => CachedSubspace.Same(one.MadeFrom, madeFrom));

    /// <summary>The folder as it is now.</summary>
    /// <exception cref="InputException">It cannot give what is asked for.</exception>
    private CacheFolder Checked()
    {
        var folder = CacheFolder.Open(options.Folder, Begin, info, show);
        var index = folder.Index;
        if (options.KeepTrajectories && !index.KeepTrajectories)
        {
            throw new InputException(
                $"{folder.IndexFile}: the cache was made without --keep-trajectories; name another --teacher-cache to make one with them");
        }

        if (Projection(folder) is null && index.Projections.Count > 0 && !index.KeepTrajectories)
        {
            var difference = CachedSubspace.Difference(index.Projections[0].MadeFrom, madeFrom);
            throw new InputException(
                $"{folder.IndexFile}: the cache holds another subspace, {difference}; name another --teacher-cache, or make one with "
                + "--keep-trajectories, to which any subspace can be fitted");
        }

        return folder;
    }

    private void Collect(CacheFolder folder, Tensor like)
    {
        using var scope = NewDisposeScope();
        var computed = new Lazy<IBatchedTrajectories>(() => teacher(folder.Index.BatchSize));
        var known = options.Given?.Fitted ?? (Projection(folder) is { } begun ? Stored(folder, begun) : null);
        var plan = new CollectionPlan(options, folder, known, Projection(folder), like.element_size());
        plan.CheckSpace(info);
        folder.Save(folder.Index);
        IBatchedTrajectories? stored = null;
        using var states = plan.StoresStates ? States(folder, plan, computed) : null;
        if (states is not null)
        {
            stored = new StoredTrajectories(states, plan.Batches);
        }

        var projection = Projection(folder) ?? Project(folder, plan, known, stored ?? computed.Value);
        var bound = new BoundSubspace(options.Given?.Fitted ?? Stored(folder, projection), new TorchTensor(like));
        folder.Fill(projection.Coordinates, "coordinates", () => stored ?? computed.Value, LoRiTeacher.Projecting(bound, like));
        folder.RemoveTrajectories();
    }

    /// <summary>The raw states, on disk.</summary>
    private static TeacherTargets States(CacheFolder folder, CollectionPlan plan, Lazy<IBatchedTrajectories> computed)
    {
        var set = folder.Index.Trajectories ?? new ShardSet(CacheFolder.TrajectoriesFolder, plan.StateShards());
        folder.Save(folder.Index with { Trajectories = set });
        folder.Fill(set, "states", () => computed.Value, states => states);
        return folder.Map(set);
    }

    /// <summary>Fits the subspace where none is given, and enters it with the plan of its coordinates.</summary>
    private CachedProjection Project(CacheFolder folder, CollectionPlan plan, FittedSubspace? known, IBatchedTrajectories source)
    {
        var hashed = new HashedTrajectories(source, done => show?.Invoke("fitting the subspace", done, options.Rows.Count));
        var subspace = known ?? TeacherFit.Bases(
            hashed, options.Settings, options.Settings.Subspace.Kind.IsGradient ? gradients?.Invoke(folder.Index.BatchSize) : null);
        var set = new ShardSet(CachedSubspace.Folder(madeFrom), plan.CoordinateShards(subspace));
        var file = folder.FileOf(set, CachedSubspace.FileName);
        AtomicFile.CreateFolder(Path.GetDirectoryName(file)!);
        SubspaceFile.Write(file, subspace, subspace.Kind is SubspaceKind.Random random ? random.seed : 0, hashed.Sha256);
        var projection = new CachedProjection(madeFrom, ContentHash.OfFile(file), options.Given is null ? hashed.Sha256 : null, set);
        folder.Save(folder.Index with { Projections = [.. folder.Index.Projections, projection] });
        return projection;
    }

    /// <summary>The subspace with the variances that this objective needs, from all coordinates.</summary>
    private MeasuredSubspace Measured(CacheFolder folder, FittedSubspace subspace, TeacherTargets targets) =>
        TeacherFit.Measured(subspace, options.Settings.Objective.Rationale, use =>
        {
            foreach (var rows in ModelTrajectories.Batched(options.Rows, folder.Index.BatchSize))
            {
                using var scope = NewDisposeScope();
                use(targets.Batch([.. rows.Select(row => row.Index)], CPU));
            }
        });
}
