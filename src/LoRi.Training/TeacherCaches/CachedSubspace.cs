using System.Globalization;
using LoRi.Files.Disk;
using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Training.Trajectories;

namespace LoRi.Training.TeacherCaches;

/// <summary>What chooses the subspace of a projection: the options, or the bases that were given.</summary>
internal static class CachedSubspace
{
    public const string FileName = "subspace.safetensors";

    private const int ShortHash = 12;

    /// <summary>The choice by option, as the index holds it.</summary>
    public static Dictionary<string, string> MadeFrom(SubspaceOptions options, FittedSubspace? given)
    {
        if (given is not null)
        {
            return new Dictionary<string, string> { ["subspace"] = HashOf(given) };
        }

        var chosen = new Dictionary<string, string>
        {
            ["subspace-kind"] = SubspaceFile.KindName(options.Kind),
            ["standardise"] = Spectra.Name(options.Standardisation),
        };
        if (!options.Kind.IsIdentity)
        {
            chosen["layer-rank"] = Text(options.LayerRank);
            chosen["hidden-rank"] = Text(options.HiddenRank);
        }

        if (options.Kind is SubspaceKind.Random random)
        {
            chosen["seed"] = random.seed.ToString(CultureInfo.InvariantCulture);
        }

        return chosen;
    }

    /// <summary>A name for the folder of a projection.</summary>
    public static string Folder(Dictionary<string, string> madeFrom)
    {
        var text = string.Join('\n', madeFrom.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} {pair.Value}"));
        return "subspace-" + ContentHash.OfText(text)[..ShortHash];
    }

    /// <summary>Whether two choices are the same.</summary>
    public static bool Same(Dictionary<string, string> one, Dictionary<string, string> other) => Difference(one, other) is null;

    /// <summary>The first option in which two choices differ, with both values.</summary>
    public static string? Difference(Dictionary<string, string> there, Dictionary<string, string> here)
    {
        var key = there.Keys.Union(here.Keys).FirstOrDefault(name => there.GetValueOrDefault(name) != here.GetValueOrDefault(name));
        return key is null ? null : $"--{key}: {there.GetValueOrDefault(key, "none")} there, {here.GetValueOrDefault(key, "none")} here";
    }

    /// <summary>Sizes of the coordinates at most, before the subspace is fitted.</summary>
    public static (int Layers, int Width) LargestSizes(SubspaceOptions options, FittedSubspace? known, int levels, int width)
    {
        if (known is not null)
        {
            var (layers, components) = known.CoordinateRanks;
            return (layers, components);
        }

        return options.Kind.IsIdentity || options.Kind.IsComplement
            ? (levels, width)
            : (Largest(options.LayerRank, levels), Largest(options.HiddenRank, width));
    }

    private static int Largest(RankChoice choice, int size) =>
        System.Math.Min(size, choice is RankChoice.Energy energy ? energy.largest : ((RankChoice.Exactly)choice).Item);

    private static string Text(RankChoice choice) => choice switch
    {
        RankChoice.Energy { largest: int.MaxValue } energy => string.Create(CultureInfo.InvariantCulture, $"energy {energy.share}"),
        RankChoice.Energy energy => string.Create(CultureInfo.InvariantCulture, $"energy {energy.share} with at most {energy.largest}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{((RankChoice.Exactly)choice).Item}"),
    };

    /// <summary>The SHA-256 of what coordinates depend on.</summary>
    private static string HashOf(FittedSubspace given)
    {
        using var hash = new ContentHash();
        hash.Add(SubspaceFile.KindName(given.Kind));
        foreach (var values in new[] { Matrices.Values(given.LayerBasis), Matrices.Values(given.HiddenBasis), Matrices.Values(given.Mean),
            given.Rms })
        {
            hash.Add<double>(values);
        }

        return hash.Take()[..ShortHash];
    }
}
