using System.IO.Enumeration;

namespace LoRi.Files.Hub;

/// <summary>Which files of a repository are fetched.</summary>
/// <param name="Files">Those that are.</param>
/// <param name="LeftOut">Those that were asked for but are of a kind that is never fetched.</param>
internal sealed record FileSelection(IReadOnlyList<RemoteFile> Files, IReadOnlyList<RemoteFile> LeftOut)
{
    /// <summary>Formats that can run code when they are loaded.</summary>
    private static readonly HashSet<string> Pickles = new(StringComparer.OrdinalIgnoreCase)
    {
        ".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".dill", ".npy", ".npz", ".nemo", ".mar", ".p",
        ".py", ".pyc", ".pyo", ".so", ".dll", ".dylib", ".exe",
    };

    /// <summary>Weights of other frameworks, some of which can run code as well.</summary>
    private static readonly HashSet<string> OtherWeights = new(StringComparer.OrdinalIgnoreCase)
    {
        ".h5", ".hdf5", ".keras", ".pb", ".msgpack", ".ot", ".tflite", ".onnx", ".onnx_data", ".mlmodel", ".pdparams",
    };

    /// <summary>Endings that say how a file is packed, not what it is.</summary>
    private static readonly HashSet<string> Packings =
        new(StringComparer.OrdinalIgnoreCase) { ".gz", ".bz2", ".xz", ".zst", ".zip", ".tar" };

    private static readonly string[] Weights = [".safetensors", ".gguf"];

    /// <summary>Applies the patterns of a request, and leaves out what must not be loaded.</summary>
    /// <exception cref="InputException">Nothing is left, or a model's weights are pickles only.</exception>
    public static FileSelection Of(IReadOnlyList<RemoteFile> files, DownloadRequest request)
    {
        var repository = request.Repository.Shown;
        var wanted = files.Where(file => IsWanted(file.Path, request)).ToLookup(file => IsRefused(file.Path));
        RemoteFile[] taken = [.. wanted[false]], refused = [.. wanted[true]];
        if (taken.Length == 0 && refused.Length == 0)
        {
            throw new InputException(
                $"{repository}: none of its {files.Count} files matches --include and --exclude; correct the patterns");
        }

        var noWeights = request.Repository.Kind == RepositoryKind.Model && !taken.Any(file => Has(Weights, file.Path));
        if (refused.Length > 0 && (taken.Length == 0 || noWeights))
        {
            throw new InputException(
                $"{repository}: has its content only as pickles or other frameworks' files ({Names(refused)}), which can run code when "
                + "loaded and are never fetched; "
                + "use a revision or a repository with .safetensors files");
        }

        return new(taken, refused);
    }

    /// <summary>Some names, for messages.</summary>
    public static string Names(IReadOnlyList<RemoteFile> files) =>
        string.Join(", ", files.Take(4).Select(file => file.Path)) + (files.Count > 4 ? $" and {files.Count - 4} more" : string.Empty);

    private static bool IsRefused(string path)
    {
        while (Packings.Contains(Path.GetExtension(path)))
        {
            path = path[..^Path.GetExtension(path).Length];
        }

        return Pickles.Contains(Path.GetExtension(path)) || OtherWeights.Contains(Path.GetExtension(path));
    }

    private static bool Has(string[] endings, string path) => endings.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    private static bool IsWanted(string path, DownloadRequest request) =>
        (request.Include.Count == 0 || request.Include.Any(pattern => Matches(pattern, path)))
            && !request.Exclude.Any(pattern => Matches(pattern, path));

    /// <summary><c>*</c> stands for any text, slashes too, and <c>?</c> for one character; a folder stands for all in it.</summary>
    private static bool Matches(string pattern, string path) =>
        FileSystemName.MatchesSimpleExpression(pattern.EndsWith('/') ? pattern + "*" : pattern, path, ignoreCase: false);
}
