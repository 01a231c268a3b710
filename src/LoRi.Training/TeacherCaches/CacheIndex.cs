using System.Text.Json;
using System.Text.Json.Serialization;
using LoRi.Training.Checkpoints;

namespace LoRi.Training.TeacherCaches;

/// <summary>One file of a cache: some whole batches of the corpus.</summary>
/// <param name="File">Its name in the folder of its set.</param>
/// <param name="FirstBatch">The first batch that it holds.</param>
/// <param name="Batches">How many batches it holds.</param>
/// <param name="Rows">Their rows.</param>
/// <param name="Tokens">Their rationale tokens.</param>
/// <param name="Sha256">The SHA-256 of its bytes; null as long as it is not complete.</param>
internal sealed record CacheShard(string File, int FirstBatch, int Batches, int Rows, long Tokens, string? Sha256);

/// <summary>Files that hold the corpus together: states, or coordinates in one subspace.</summary>
/// <param name="Folder">The folder's name in the cache.</param>
/// <param name="Shards">The files.</param>
internal sealed record ShardSet(string Folder, List<CacheShard> Shards);

/// <summary>The corpus in one subspace.</summary>
/// <param name="MadeFrom">What chose the subspace, by option.</param>
/// <param name="SubspaceSha256">The SHA-256 of <c>subspace.safetensors</c> in the folder of the coordinates.</param>
/// <param name="SourceSha256">The SHA-256 of the states that the subspace was fitted on; null where it was given.</param>
/// <param name="Coordinates">The coordinates and anchors.</param>
internal sealed record CachedProjection(Dictionary<string, string> MadeFrom, string SubspaceSha256, string? SourceSha256, ShardSet Coordinates);

/// <summary>The index of a teacher cache, <c>index.json</c>: what it was made from and what is in it.</summary>
/// <param name="Format">Always <see cref="FormatName"/>.</param>
/// <param name="Version">Of the format.</param>
/// <param name="MadeFrom">The teacher, the data and the states.</param>
/// <param name="BatchSize">Rows of one teacher's pass.</param>
/// <param name="ShardBytes">Bytes of one file at most, unless one batch is larger.</param>
/// <param name="KeepTrajectories">Whether raw states stay when the coordinates are complete.</param>
/// <param name="Trajectories">Raw states: while they are needed, or for good.</param>
/// <param name="Projections">The corpus in subspaces.</param>
internal sealed record CacheIndex(
    string Format,
    int Version,
    CacheIdentity MadeFrom,
    int BatchSize,
    long ShardBytes,
    bool KeepTrajectories,
    ShardSet? Trajectories,
    List<CachedProjection> Projections)
{
    public const string FormatName = "lori-teacher-cache";
    public const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>The file of the index of a cache.</summary>
    public static string FileOf(string folder) => Path.Combine(folder, "index.json");

    /// <summary>Whether a folder is a cache, damaged or not.</summary>
    public static bool IsIn(string folder) => File.Exists(FileOf(folder));

    /// <summary>Reads and checks an index.</summary>
    /// <exception cref="InputException">It is damaged or of another version.</exception>
    public static CacheIndex Read(string path)
    {
        var node = JsonFile.ReadObject(path);
        if (node["format"]?.ToString() != FormatName || node["version"]?.ToString() != $"{CurrentVersion}")
        {
            throw new InputException($"{path}: is no {FormatName} of version {CurrentVersion}; name another folder, or remove this one to collect anew");
        }

        try
        {
            var index = JsonSerializer.Deserialize<CacheIndex>(node, Json)!;
            var names = index.Sets.SelectMany(set => set.Shards.Select(shard => shard.File).Append(set.Folder));
            return index.BatchSize >= 1 && index.ShardBytes >= 1 && names.All(name => name.Length > 0 && name[0] != '.' && name == Path.GetFileName(name))
                ? index
                : throw new InputException($"{path}: holds a name or a number that no such index has; the file is damaged, remove the folder to collect anew");
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: {JsonReason.What(e)}; the file is damaged, remove the folder to collect anew", e);
        }
    }

    /// <summary>Replaces the file in one step.</summary>
    public void Write(string path) => AtomicFile.WriteText(path, JsonSerializer.Serialize(this, Json) + "\n");

    [JsonIgnore]
    private IEnumerable<ShardSet> Sets => Projections.Select(one => one.Coordinates).Concat(Trajectories is { } raw ? [raw] : Array.Empty<ShardSet>());
}
