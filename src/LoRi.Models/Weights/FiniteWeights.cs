using LoRi.Files;
using static TorchSharp.torch;

namespace LoRi.Models.Weights;

/// <summary>Weights are numbers: what was read is looked at before anything is computed with it.</summary>
internal static class FiniteWeights
{
    /// <summary>Refuses values that are NaN or infinite.</summary>
    /// <param name="path">The file that they were read from.</param>
    /// <param name="name">What it calls them.</param>
    /// <param name="values">The values.</param>
    /// <exception cref="InputException">One is.</exception>
    public static void Check(string path, string name, Tensor values) => Check(path, name, Are(values));

    /// <summary>The same for values that were looked at.</summary>
    /// <exception cref="InputException">They are not finite.</exception>
    public static void Check(string path, string name, bool areFinite)
    {
        if (!areFinite)
        {
            throw new InputException($"{path}: {name} holds NaN or infinity; the checkpoint is damaged, fetch it again");
        }
    }

    /// <summary>Whether all values are finite; their sum is where they are, but for very large ones.</summary>
    public static bool Are(Tensor values) => values.sum().isfinite().item<bool>() || values.isfinite().all().item<bool>();
}
