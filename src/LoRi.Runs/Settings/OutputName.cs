namespace LoRi.Runs.Settings;

/// <summary>Refuses names of outputs that promise another kind of thing than is written.</summary>
public static class OutputName
{
    /// <summary>Endings that everyone takes for a kind of file; names of models such as <c>qwen2.5-0.5b</c> have points too.</summary>
    private static readonly HashSet<string> Endings = new(StringComparer.OrdinalIgnoreCase)
    {
        ".safetensors", ".gguf", ".ggml", ".bin", ".pt", ".pth", ".ckpt", ".pkl", ".onnx", ".npz", ".npy", ".h5",
        ".zip", ".tar", ".gz", ".tgz", ".xz", ".zst", ".bz2", ".7z",
        ".html", ".htm", ".pdf", ".png", ".svg", ".jpg", ".md", ".txt", ".log",
        ".json", ".jsonl", ".yaml", ".yml", ".toml", ".csv", ".tsv", ".parquet", ".xml",
    };

    /// <summary>An output that is a folder must not be named as a file is; one that is there already may.</summary>
    /// <param name="path">The value of <c>--output</c>.</param>
    /// <param name="written">What the folder holds.</param>
    /// <returns>What is wrong; null where nothing is.</returns>
    public static string? FolderFault(string path, string written)
    {
        ArgumentNullException.ThrowIfNull(path);
        var name = Path.TrimEndingDirectorySeparator(path);
        var ending = Path.GetExtension(name);
        if (!Endings.Contains(ending) || Directory.Exists(path))
        {
            return null;
        }

        var other = name[..^ending.Length];
        var instead = Path.GetFileName(other).Length > 0 ? $", such as {other}" : "";
        return $"--output {path}: is named as a {ending[1..]} file, and what is written is a folder of {written}; name a folder{instead}";
    }

    /// <summary>An output that is a file must not be named as another kind of file.</summary>
    /// <param name="path">The value of <c>--output</c>.</param>
    /// <param name="written">What the file is.</param>
    /// <param name="own">Its endings, the usual one first.</param>
    /// <returns>What is wrong; null where nothing is.</returns>
    public static string? FileFault(string path, string written, params string[] own)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(own);
        var ending = Path.GetExtension(path);
        return Endings.Contains(ending) && !own.Contains(ending, StringComparer.OrdinalIgnoreCase)
            ? $"--output {path}: is named as a {ending[1..]} file, and what is written is {written}; name it "
                + $"{Path.ChangeExtension(path, own[0])}"
            : null;
    }
}
