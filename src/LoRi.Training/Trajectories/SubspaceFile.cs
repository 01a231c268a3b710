using System.Globalization;
using LoRi.Files;
using LoRi.Files.Safetensors;
using LoRi.Math;
using LoRi.Math.Fluent;

namespace LoRi.Training.Trajectories;

/// <summary>Writes and reads fitted subspaces: safetensors in float64 with their metadata.</summary>
public static class SubspaceFile
{
    internal const string Format = "lori-subspace";
    internal const string ComponentVariance = "component.variance";
    internal const string StatisticPrefix = "statistic.";
    internal const string AnchorDeviation = "anchor.std";

    /// <summary>Writes a subspace; <paramref name="source"/> is the SHA-256 of what it was fitted on.</summary>
    /// <param name="path">The file, which is replaced.</param>
    /// <param name="subspace">What is written.</param>
    /// <param name="seed">The seed of what was drawn.</param>
    /// <param name="source">SHA-256 in hexadecimal.</param>
    public static void Write(string path, MeasuredSubspace subspace, long seed, string source)
    {
        ArgumentNullException.ThrowIfNull(subspace);
        SafetensorsWriter.Write(path, Contents(subspace), Metadata(subspace, seed, source));
    }

    /// <summary>
    /// Writes a subspace whose measures are taken whenever it is used, as a teacher cache keeps it: its kept energy is NaN.
    /// </summary>
    /// <param name="path">The file, which is replaced.</param>
    /// <param name="subspace">What is written.</param>
    /// <param name="seed">The seed of what was drawn.</param>
    /// <param name="source">SHA-256 in hexadecimal.</param>
    public static void Write(string path, FittedSubspace subspace, long seed, string source) =>
        Write(path, MeasuredSubspaceModule.unmeasured(subspace), seed, source);

    /// <summary>Reads and checks a subspace, with as much as was measured.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InputException">The file cannot be read, or is not a subspace that can be used.</exception>
    public static MeasuredSubspace Read(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return new SubspaceReader(file).Read();
    }

    /// <summary>The name of a kind in files and on the command line.</summary>
    /// <param name="kind">The kind of a subspace.</param>
    public static string KindName(SubspaceKind kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return kind.IsRandom ? "random" : kind.IsIdentity ? "identity" : kind.IsComplement ? "complement" : kind.IsGradient ? "gradient"
            : "multilinear-svd";
    }

    /// <summary>The shape of stored variances, for coordinates of these sizes; null for a name that means nothing.</summary>
    internal static long[]? VarianceShape(string name, int layers, int width)
    {
        var shape = name == ComponentVariance ? [layers, width] : Subspaces.StatisticShape(name[StatisticPrefix.Length..], layers, width);
        return shape is null ? null : [.. shape.Select(size => (long)size)];
    }

    /// <summary>The measured variances by the names under which files keep them.</summary>
    /// <param name="subspace">A subspace with its measures.</param>
    public static IEnumerable<(string Name, double[] Values)> Variances(MeasuredSubspace subspace)
    {
        ArgumentNullException.ThrowIfNull(subspace);
        if (subspace.ComponentVariances is { Value: var components })
        {
            yield return (ComponentVariance, components);
        }

        foreach (var (name, values) in subspace.StatisticVariances)
        {
            yield return (StatisticPrefix + name, values);
        }
    }

    private static IEnumerable<SafetensorsContent> Contents(MeasuredSubspace subspace)
    {
        var fitted = subspace.Fitted;
        yield return Doubles("layer.basis", Matrices.Values(fitted.LayerBasis), fitted.Levels, fitted.LayerRank);
        yield return Doubles("hidden.basis", Matrices.Values(fitted.HiddenBasis), fitted.Width, fitted.HiddenRank);
        yield return Doubles("mean", Matrices.Values(fitted.Mean), fitted.Levels, fitted.Width);
        yield return Doubles("rms", fitted.Rms, fitted.Levels);
        var (layers, width) = fitted.CoordinateRanks;
        foreach (var (name, values) in Variances(subspace))
        {
            yield return Doubles(name, values, VarianceShape(name, layers, width)!);
        }

        if (subspace.AnchorDeviation is { Value: var deviation })
        {
            yield return Doubles(AnchorDeviation, deviation, fitted.Levels);
        }

        foreach (var (name, spectrum) in fitted.Spectra.Select(pair => (Spectra.Name(pair.Key), pair.Value))
            .OrderBy(pair => pair.Item1, StringComparer.Ordinal))
        {
            yield return Doubles($"spectrum.{name}.layer", spectrum.Layer, fitted.Levels);
            yield return Doubles($"spectrum.{name}.hidden", spectrum.Hidden, fitted.Width);
        }
    }

    private static SafetensorsContent Doubles(string name, double[] values, params long[] shape) =>
        SafetensorsContent.FromDoubles(name, shape, values);

    private static Dictionary<string, string> Metadata(MeasuredSubspace subspace, long seed, string source) => new()
    {
        ["format"] = Format,
        ["standardise"] = Spectra.Name(subspace.Fitted.Standardisation),
        ["kind"] = KindName(subspace.Fitted.Kind),
        ["seed"] = seed.ToString(CultureInfo.InvariantCulture),
        ["examples"] = subspace.Fitted.Examples.ToString(CultureInfo.InvariantCulture),
        ["tokens"] = subspace.Fitted.Tokens.ToString(CultureInfo.InvariantCulture),
        ["energy"] = subspace.Fitted.Energy.ToString("R", CultureInfo.InvariantCulture),
        ["energy_kept"] = (subspace.EnergyKept?.Value ?? double.NaN).ToString("R", CultureInfo.InvariantCulture),
        ["source_sha256"] = source,
    };
}
