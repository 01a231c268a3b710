using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Models.ModelFiles;
using LoRi.Models.Sequences;

namespace LoRi.Training.TeacherCaches;

/// <summary>What a teacher cache was made from: another teacher, other rows or other states are another cache.</summary>
/// <param name="Teacher">Where the teacher was; not compared.</param>
/// <param name="TeacherSha256">SHA-256 of its weights and its configuration.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="Tokens">Traced tokens of all rows.</param>
/// <param name="RowsSha256">SHA-256 of the ids of all rows.</param>
/// <param name="Levels">The traced levels as the option names them.</param>
/// <param name="TeacherText">The rationale as the teacher reads it, or the question where its states are traced.</param>
/// <param name="Dtype">Type of the teacher's arithmetic.</param>
internal sealed record CacheIdentity(
    string Teacher, string TeacherSha256, int Rows, long Tokens, string RowsSha256, string Levels, string TeacherText, string Dtype)
{
    private const int ShortHash = 12;

    /// <summary>The identity for a teacher and encoded rows.</summary>
    public static CacheIdentity Of(
        string teacher, string teacherSha256, IReadOnlyList<EncodedExample> rows, string levels, string teacherText, string dtype)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return new CacheIdentity(
            teacher, teacherSha256, rows.Count, rows.Sum(row => (long)row.TracedLength), HashOf(rows), levels, teacherText, dtype);
    }

    /// <summary>
    /// SHA-256, in hexadecimal, of a model's weights and <c>config.json</c>, file after file in the order of their names.
    /// </summary>
    /// <exception cref="InputException">A file cannot be read.</exception>
    public static string HashOfModel(string model)
    {
        var place = ModelLoader.Resolve(model);
        using var hash = new ContentHash();
        foreach (var file in WeightFiles(place))
        {
            hash.Add(Convert.FromHexString(ContentHash.OfFile(file)));
        }

        return hash.Take();
    }

    /// <summary>What differs from the identity that an index holds, with both values; null where nothing does.</summary>
    internal string? DifferenceFrom(CacheIdentity cached)
    {
        (string What, string There, string Here)[] all =
        [
            ("teacher weights", $"SHA-256 {Short(cached.TeacherSha256)}... of {cached.Teacher}", $"{Short(TeacherSha256)}... of {Teacher}"),
            ("levels", cached.Levels, Levels),
            ("teacher text", cached.TeacherText, TeacherText),
            ("dtype", cached.Dtype, Dtype),
            ("number of rows", $"{cached.Rows}", $"{Rows}"),
            ("data", $"rows with SHA-256 {Short(cached.RowsSha256)}...", $"{Short(RowsSha256)}..."),
        ];
        bool[] same =
        [
            cached.TeacherSha256 == TeacherSha256, cached.Levels == Levels, cached.TeacherText == TeacherText,
            cached.Dtype == Dtype, cached.Rows == Rows, cached.RowsSha256 == RowsSha256 && cached.Tokens == Tokens,
        ];
        var first = Array.IndexOf(same, false);
        return first < 0 ? null : $"other {all[first].What}: {all[first].There} there, {all[first].Here} here";
    }

    private static string Short(string hash) => hash[..System.Math.Min(ShortHash, hash.Length)];

    private static IEnumerable<string> WeightFiles(string place) => File.Exists(place)
        ? [place]
        : Directory.EnumerateFiles(place)
            .Where(file => file.EndsWith(".safetensors", StringComparison.Ordinal)
                || file.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || Path.GetFileName(file) == "config.json")
            .Order(StringComparer.Ordinal);

    /// <summary>The ids of all parts of all rows, each with its length.</summary>
    private static string HashOf(IReadOnlyList<EncodedExample> rows)
    {
        using var hash = new ContentHash();
        foreach (var row in rows)
        {
            hash.Add(row.Index);
            foreach (var part in new[] { row.Question, row.Rationale, row.Prefix, row.Answer })
            {
                hash.Add(part.Length);
                hash.Add<int>(part);
            }
        }

        return hash.Take();
    }
}
