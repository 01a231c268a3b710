using System.Text.Json;
using System.Text.Json.Serialization;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Json;

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
internal sealed record CachedProjection(
    Dictionary<string, string> MadeFrom, string SubspaceSha256, string? SourceSha256, ShardSet Coordinates);

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
    public const int CurrentVersion = 2;

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
            throw new InputException(
                $"{path}: is no {FormatName} of version {CurrentVersion}; name another folder, or remove this one to collect anew");
        }

        try
        {
            var index = JsonSerializer.Deserialize<CacheIndex>(node, Json)!;
            var names = index.Sets.SelectMany(set => set.Shards.Select(shard => shard.File).Append(set.Folder));
            var wrong = !index.IsWhole ? "holds null in a list"
                : index.BatchSize < 1 || index.ShardBytes < 1
                    || !names.All(name => name.Length > 0 && name[0] != '.' && name == Path.GetFileName(name))
                ? "holds a name or a number that no such index has"
                : index.Sets.Select(index.Problem).FirstOrDefault(problem => problem is not null);
            return wrong is null
                ? index
                : throw new InputException($"{path}: {wrong}; the file is damaged, remove the folder to collect anew");
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: {JsonReason.What(e)}; the file is damaged, remove the folder to collect anew", e);
        }
    }

    /// <summary>Whether no item of its lists is null; the parser looks at fields alone.</summary>
    [JsonIgnore]
    private bool IsWhole =>
        Projections.All(one => one is not null && one.MadeFrom.Values.All(value => value is not null))
            && Sets.All(set => set.Shards.All(shard => shard is not null));

    /// <summary>What cannot be true of the files of a set, which hold the corpus batch after batch; null where nothing is wrong.</summary>
    private string? Problem(ShardSet set)
    {
        var (batches, rows, tokens) = (0L, 0L, 0L);
        foreach (var shard in set.Shards)
        {
            var full = (long)shard.Batches * BatchSize;
            var isHash = shard.Sha256 is null or { Length: 64 } && shard.Sha256?.All(char.IsAsciiHexDigitLower) != false;
            if (shard.FirstBatch != batches || shard.Batches < 1 || shard.Rows < 1 || shard.Rows > full || shard.Rows <= full - BatchSize
                || shard.Tokens < 0 || !isHash)
            {
                return $"says of {set.Folder}/{shard.File} what cannot be ({shard.Rows} rows in {shard.Batches} batches "
                    + $"from {shard.FirstBatch} on, {shard.Tokens} tokens)";
            }

            (batches, rows, tokens) = (batches + shard.Batches, rows + shard.Rows, tokens + shard.Tokens);
        }

        return rows == MadeFrom.Rows && tokens == MadeFrom.Tokens ? null
            : $"gives the files of {set.Folder} {rows} rows and {tokens} tokens, but the corpus has {MadeFrom.Rows} and {MadeFrom.Tokens}";
    }

    /// <summary>Replaces the file in one step.</summary>
    public void Write(string path) => AtomicFile.WriteText(path, JsonSerializer.Serialize(this, Json) + "\n");

    [JsonIgnore]
    private IEnumerable<ShardSet> Sets =>
        Projections.Select(one => one.Coordinates).Concat(Trajectories is { } raw ? [raw] : Array.Empty<ShardSet>());
}
