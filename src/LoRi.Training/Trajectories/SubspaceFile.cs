using System.Globalization;
using LoRi.Files;
using LoRi.Files.Safetensors;
using LoRi.Math;
using LoRi.Math.Fluent;
using Microsoft.FSharp.Collections;

namespace LoRi.Training.Trajectories;

/// <summary>Writes and reads fitted subspaces: safetensors in float64 with their metadata.</summary>
public static class SubspaceFile
{
    internal const string Format = "lori-subspace";
    internal const string ComponentVariance = "component.variance";
    internal const string StatisticPrefix = "statistic.";
    internal const string AnchorDeviation = "anchor.std";

    /// <summary>The three standardisations under which spectra are kept.</summary>
    public static IReadOnlyList<string> Standardisations { get; } = Spectra.Standardisations;

    /// <summary>Writes a subspace; <paramref name="source"/> is the SHA-256 of what it was fitted on.</summary>
    public static void Write(string path, SharedSubspace subspace, long seed, string source)
    {
        ArgumentNullException.ThrowIfNull(subspace);
        SafetensorsWriter.Write(path, Contents(subspace), Metadata(subspace, seed, source));
    }

    /// <summary>Reads and checks a subspace.</summary>
    /// <exception cref="InputException">The file cannot be read, or is not a subspace that can be used.</exception>
    public static SharedSubspace Read(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return new SubspaceReader(file).Read();
    }

    /// <summary>The name of a kind in files and on the command line.</summary>
    public static string KindName(SubspaceKind kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return kind.IsRandom ? "random" : kind.IsIdentity ? "identity" : kind.IsComplement ? "complement" : "multilinear-svd";
    }

    /// <summary>The shape of stored variances, for coordinates of these sizes; null for a name that means nothing.</summary>
    internal static long[]? VarianceShape(string name, int layers, int width) =>
        Subspaces.VarianceShape(name, layers, width) is { } shape ? [.. shape.Select(size => (long)size)] : null;

    private static IEnumerable<SafetensorsContent> Contents(SharedSubspace subspace)
    {
        var (layers, width) = Subspaces.CoordinateRanks(subspace);
        yield return Doubles("layer.basis", subspace.LayerBasis, subspace.Levels, subspace.LayerRank);
        yield return Doubles("hidden.basis", subspace.HiddenBasis, subspace.Width, subspace.HiddenRank);
        yield return Doubles("mean", subspace.Mean, subspace.Levels, subspace.Width);
        yield return Doubles("rms", subspace.Rms, subspace.Levels);
        foreach (var (name, values) in subspace.Variances)
        {
            yield return Doubles(name, values, VarianceShape(name, layers, width)!);
        }

        if (subspace.AnchorDeviation.Length > 0)
        {
            yield return Doubles(AnchorDeviation, subspace.AnchorDeviation, subspace.Levels);
        }

        foreach (var (name, spectrum) in subspace.Spectra)
        {
            yield return Doubles($"spectrum.{name}.layer", spectrum.Layer, subspace.Levels);
            yield return Doubles($"spectrum.{name}.hidden", spectrum.Hidden, subspace.Width);
        }
    }

    private static SafetensorsContent Doubles(string name, double[] values, params long[] shape) =>
        SafetensorsContent.FromDoubles(name, shape, values);

    private static Dictionary<string, string> Metadata(SharedSubspace subspace, long seed, string source) => new()
    {
        ["format"] = Format,
        ["standardise"] = Spectra.Name(subspace.Standardisation),
        ["kind"] = KindName(subspace.Kind),
        ["seed"] = seed.ToString(CultureInfo.InvariantCulture),
        ["examples"] = subspace.Examples.ToString(CultureInfo.InvariantCulture),
        ["tokens"] = subspace.Tokens.ToString(CultureInfo.InvariantCulture),
        ["energy"] = subspace.Energy.ToString("R", CultureInfo.InvariantCulture),
        ["energy_kept"] = subspace.EnergyKept.ToString("R", CultureInfo.InvariantCulture),
        ["source_sha256"] = source,
    };
}
