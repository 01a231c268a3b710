using System.Text.Json.Nodes;
using LoRi.Files;

namespace LoRi.Training.TeacherCaches;

/// <summary>What is in the folder of a teacher cache, file by file.</summary>
internal static class CacheInspection
{
    /// <summary>
    /// Each file of each set with what the index says of it and whether it is there; those that are there are compared with their
    /// hashes.
    /// </summary>
    /// <exception cref="InputException">The index or a file is damaged.</exception>
    public static JsonArray Look(string path)
    {
        var cache = CacheFolder.As(path);
        foreach (var projection in cache.Index.Projections)
        {
            var subspace = cache.FileOf(projection.Coordinates, CachedSubspace.FileName);
            cache.Verify(File.Exists(subspace) ? subspace : throw Missing(subspace), projection.SubspaceSha256);
        }

        var sets = cache.Index.Projections.Select(projection => projection.Coordinates)
            .Concat(cache.Index.Trajectories is { } raw ? [raw] : Array.Empty<ShardSet>());
        return [.. sets.SelectMany(set => set.Shards.Select(shard => Row(cache, set, shard)))];
    }

    private static JsonObject Row(CacheFolder cache, ShardSet set, CacheShard shard)
    {
        var file = cache.FileOf(set, shard.File);
        var isThere = File.Exists(file);
        if (isThere && shard.Sha256 is { } expected)
        {
            cache.Verify(file, expected);
        }

        return new JsonObject
        {
            ["file"] = $"{set.Folder}/{shard.File}",
            ["rows"] = shard.Rows,
            ["tokens"] = shard.Tokens,
            ["state"] = shard.Sha256 is null ? "not made yet" : isThere ? "whole" : "missing, is made again when the cache is used",
        };
    }

    private static InputException Missing(string file) =>
        new($"{file}: is not there, but the index of the cache names it; remove the cache's folder to collect anew");
}
