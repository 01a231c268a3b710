using System.Globalization;
using LoRi.Files;
using LoRi.Files.Gguf;
using LoRi.Files.Safetensors;
using LoRi.Files.Text;
using LoRi.Math;
using LoRi.Math.Fluent;
using Microsoft.FSharp.Collections;

namespace LoRi.Training.Trajectories;

/// <summary>Reads one subspace file.</summary>
internal sealed class SubspaceReader(SafetensorsFile file)
{
    internal SharedSubspace Read()
    {
        if (file.Metadata.GetValueOrDefault("format") is var format && format != SubspaceFile.Format)
        {
            throw Bad($"the metadata's format is {format ?? "missing"}, expected {SubspaceFile.Format}; name a subspace file, as `lori subspace fit` writes it");
        }

        var (levels, layerRank) = Size("layer.basis");
        var (width, hiddenRank) = Size("hidden.basis");
        var kind = Kind();
        var (layers, components) = kind.IsComplement ? (levels, width) : (layerRank, hiddenRank);
        return Valid(new SharedSubspace(
            kind,
            Standardise(),
            levels,
            width,
            layerRank,
            hiddenRank,
            Values("layer.basis", levels, layerRank),
            Values("hidden.basis", width, hiddenRank),
            Values("mean", levels, width),
            Values("rms", levels),
            MapModule.OfSeq(SubspaceFile.Standardisations.Select(name => Tuple.Create(
                name, new Spectrum(Values($"spectrum.{name}.layer", levels), Values($"spectrum.{name}.hidden", width))))),
            MapModule.OfSeq(VarianceNames().Select(name => Tuple.Create(
                name, Values(name, SubspaceFile.VarianceShape(name, layers, components) ?? throw Bad($"tensor {name} is no statistic whose variance is known"))))),
            file.Find(SubspaceFile.AnchorDeviation) is null ? [] : Values(SubspaceFile.AnchorDeviation, levels),
            (int)Whole("examples"),
            Whole("tokens"),
            Number("energy"),
            Number("energy_kept")));
    }

    private SharedSubspace Valid(SharedSubspace subspace)
    {
        try
        {
            return Subspaces.Validate(subspace);
        }
        catch (ArgumentException error)
        {
            throw Bad(error.Message);
        }
    }

    private InputException Bad(string reason) => new($"{file.Path}: {reason}");

    private IEnumerable<string> VarianceNames() => file.Entries.Select(entry => entry.Name)
        .Where(name => name == SubspaceFile.ComponentVariance || name.StartsWith(SubspaceFile.StatisticPrefix, StringComparison.Ordinal));

    private (int Rows, int Columns) Size(string name)
    {
        var shape = file.Get(name).Shape;
        return shape.Count == 2 && shape[0] >= 1 && shape[1] >= 1 && shape[1] <= shape[0] && shape[0] <= int.MaxValue
            ? ((int)shape[0], (int)shape[1])
            : throw Bad($"tensor {name} has shape {MessageText.Shape(shape)}, expected the mode's size x its rank");
    }

    private double[] Values(string name, params long[] shape)
    {
        var entry = file.Get(name);
        if (!entry.Shape.SequenceEqual(shape))
        {
            throw Bad($"tensor {name} has shape {MessageText.Shape(entry.Shape)}, expected {MessageText.Shape(shape)}");
        }

        var values = file.ReadDoubles(name);
        return Array.TrueForAll(values, double.IsFinite) ? values : throw Bad($"tensor {name} holds NaN or infinity; fit the subspace again");
    }

    private string Text(string key) => file.Metadata.GetValueOrDefault(key) ?? throw Bad($"the metadata has no {key}");

    private long Whole(string key) => long.TryParse(Text(key), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
        ? value
        : throw Bad($"the metadata's {key} is {MessageText.Quote(Text(key))}, expected a whole number");

    private double Number(string key) => double.TryParse(Text(key), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
        ? value
        : throw Bad($"the metadata's {key} is {MessageText.Quote(Text(key))}, expected a number");

    private Standardisation Standardise() => Text("standardise") switch
    {
        "full" => Standardisation.Full,
        "scale" => Standardisation.Scale,
        "none" => Standardisation.Off,
        var other => throw Bad($"the metadata's standardise is {MessageText.Quote(other)}, expected full, scale or none"),
    };

    private SubspaceKind Kind() => Text("kind") switch
    {
        "multilinear-svd" => SubspaceKind.MultilinearSvd,
        "random" => SubspaceKind.NewRandom(Whole("seed")),
        "identity" => SubspaceKind.Identity,
        "complement" => SubspaceKind.Complement,
        var other => throw Bad($"the metadata's kind is {MessageText.Quote(other)}, expected multilinear-svd, random, identity or complement"),
    };
}
