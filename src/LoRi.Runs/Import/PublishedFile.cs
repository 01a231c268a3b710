using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Text;
using LoRi.Models.Weights;

namespace LoRi.Runs.Import;

/// <summary>The file of what published code saved: safetensors under any name. A pickle is told how it becomes one.</summary>
internal static class PublishedFile
{
    private const string Pickle = "safetensors.torch.save_file({k: v.clone().contiguous() for k, v in torch.load('FILE', "
        + "map_location='cpu', weights_only=True).items()}, 'model.safetensors')";

    private const string Pattern = "*.safetensors";

    /// <summary>How many bytes of a file tell whether it is a pickle: those before safetensors' header, and the header's first.</summary>
    private const int Told = 9;

    /// <summary>Opens the file, or the one that lies in a folder.</summary>
    /// <exception cref="InputException">It is a pickle or malformed, or the folder holds none or several.</exception>
    public static SafetensorsCheckpoint Open(string path)
    {
        try
        {
            return SafetensorsCheckpoint.Open(In(path));
        }
        catch (InputException) when (PickleOf(path) is not null)
        {
            var file = PickleOf(path)!;
            throw new InputException(
                $"{file}: is a pickle, which can run any program and is never loaded; convert it in Python, where its torch and "
                + $"safetensors are: {Pickle.Replace("FILE", Path.GetFileName(file), StringComparison.Ordinal)}");
        }
    }

    /// <summary>The one safetensors file of a folder that has none of the usual names.</summary>
    private static string In(string path)
    {
        if (!Directory.Exists(path) || SafetensorsCheckpoint.IsIn(path))
        {
            return path;
        }

        string[] found = [.. Directory.GetFiles(path, Pattern).Order(StringComparer.Ordinal)];
        return found.Length == 1 ? found[0]
            : throw new InputException(
                $"--checkpoint {path}: holds {(found.Length == 0 ? "no safetensors file" : MessageText.List([.. found.Select(Name)]))}; "
                + "name the file that the published code saved");
    }

    private static string Name(string file) => Path.GetFileName(file);

    /// <summary>The pickle that was named or lies in a folder without safetensors; null where there is none.</summary>
    private static string? PickleOf(string path) =>
        File.Exists(path) ? IsPickle(path) ? path : null
        : Directory.Exists(path) && !SafetensorsCheckpoint.IsIn(path) && Directory.GetFiles(path, Pattern).Length == 0
        ? Directory.GetFiles(path).Order(StringComparer.Ordinal).FirstOrDefault(IsPickle)
        : null;

    /// <summary>
    /// PyTorch's archive begins as a zip file, its older form with the protocol of the pickle. So may the length of safetensors' header,
    /// after which the header opens a brace.
    /// </summary>
    private static bool IsPickle(string path) => InputFile.Start(path, Told) is var start
        && (start is [0x50, 0x4B, 0x03, 0x04, ..]
            || (start is [0x80, >= 2 and <= 5, ..] && start is not [_, _, _, _, _, _, _, _, (byte)'{']));
}
