using LoRi.Files.Disk;
using LoRi.Math;
using LoRi.Models.Sequences;
using LoRi.Training.Teachers;
using LoRi.Training.Trajectories;

namespace LoRi.Training.TeacherCaches;

/// <summary>Which cache is wanted, and how it is made where it is not there.</summary>
internal sealed record TeacherCacheOptions
{
    /// <summary>Bytes of one file where nothing else is asked for: 1 GiB.</summary>
    public const long DefaultShardBytes = 1L << 30;

    /// <summary>The cache's folder; it need not exist.</summary>
    public required string Folder { get; init; }

    /// <summary>The teacher, the data and the states.</summary>
    public required CacheIdentity MadeFrom { get; init; }

    /// <summary>The training rows.</summary>
    public required IReadOnlyList<EncodedExample> Rows { get; init; }

    /// <summary>How the subspace is fitted and the objective is made.</summary>
    public required LoRiSettings Settings { get; init; }

    /// <summary>A subspace that was fitted before; left out, one is fitted to the states.</summary>
    public MeasuredSubspace? Given { get; init; }

    /// <summary>The traced levels.</summary>
    public required TracedLevels Levels { get; init; }

    /// <summary>Components of a state, d.</summary>
    public required int Width { get; init; }

    /// <summary>Rows of one teacher's pass, where the cache is made anew.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Bytes of one file at most (one batch at least).</summary>
    public long ShardBytes { get; init; } = DefaultShardBytes;

    /// <summary>Whether raw states stay in the cache, so that other subspaces can be fitted to them.</summary>
    public bool KeepTrajectories { get; init; }

    /// <summary>Raw states above this many bytes are not put on disk unless they are to be kept: the teacher runs twice instead.</summary>
    public long LargestScratch { get; init; } = 64L << 30;

    /// <summary>Bytes that are free where a folder is or will be.</summary>
    public Func<string, long> FreeSpace { get; init; } = DiskSpace.Free;
}
