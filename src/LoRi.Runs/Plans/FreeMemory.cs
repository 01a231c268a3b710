using System.Globalization;

namespace LoRi.Runs.Plans;

/// <summary>Memory that this process may still take: what the machine has free, or what the limits of its control groups leave.</summary>
internal static class FreeMemory
{
    private const string Unlimited = "max";

    /// <summary>Where a version of control groups keeps a limit, what is used of it and what of that the system would give back.</summary>
    private static readonly (string Controller, string Mount, string Limit, string Used, string Given)[] Groups =
    [
        ("", "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
        ("", "sys/fs/cgroup/unified", "memory.max", "memory.current", "inactive_file"),
        ("memory", "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ];

    /// <summary>Bytes; null where the system does not tell.</summary>
    /// <param name="root">The root of the file system.</param>
    public static long? Bytes(string root = "/")
    {
        var known = Limits(root).Append(Available(root)).OfType<long>().ToArray();
        return known.Length == 0 ? null : System.Math.Max(0, known.Min());
    }

    private static long? Available(string root)
    {
        var line = Lines(Path.Combine(root, "proc/meminfo"))
            .FirstOrDefault(text => text.StartsWith("MemAvailable:", StringComparison.Ordinal));
        return Words(line) is [_, var kilobytes, ..] && Number(kilobytes) is { } number ? number << 10 : null;
    }

    /// <summary>What each group that this process is in leaves, from its own up to the outermost.</summary>
    private static IEnumerable<long?> Limits(string root)
    {
        foreach (var member in Lines(Path.Combine(root, "proc/self/cgroup")).Select(line => line.Split(':', 3))
            .Where(parts => parts.Length == 3))
        {
            foreach (var group in Groups.Where(group => member[1].Split(',').Contains(group.Controller)))
            {
                var mount = Path.Combine(root, group.Mount);
                for (var path = member[2].Trim('/'); ; path = Path.GetDirectoryName(path) ?? "")
                {
                    yield return Left(Path.Combine(mount, path), group.Limit, group.Used, group.Given);
                    if (path.Length == 0)
                    {
                        break;
                    }
                }
            }
        }
    }

    private static long? Left(string folder, string limitFile, string usedFile, string given)
    {
        if (Lines(Path.Combine(folder, limitFile)) is not [var text, ..] || text == Unlimited || Number(text) is not { } limit)
        {
            return null;
        }

        var used = Number(Lines(Path.Combine(folder, usedFile)).FirstOrDefault()) ?? 0;
        var back = Number(
            Lines(Path.Combine(folder, "memory.stat")).Select(Words).FirstOrDefault(words => words is [var name, _] && name == given)?[1])
            ?? 0;
        return limit - used + back;
    }

    private static string[] Words(string? line) => line?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string[] Lines(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
