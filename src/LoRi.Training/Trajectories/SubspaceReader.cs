using System.Globalization;
using LoRi.Files;
using LoRi.Files.Safetensors;
using LoRi.Files.Text;
using LoRi.Math;
using LoRi.Math.Fluent;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace LoRi.Training.Trajectories;

/// <summary>Reads one subspace file.</summary>
internal sealed class SubspaceReader(SafetensorsFile file)
{
    internal MeasuredSubspace Read()
    {
        if (file.Metadata.GetValueOrDefault("format") is var format && format != SubspaceFile.Format)
        {
            throw Bad($"the metadata's format is {format ?? "missing"}, expected {SubspaceFile.Format}; name a subspace file, as `lori "
                + "subspace fit` writes it");
        }

        try
        {
            return Subspaces.Validate(Measured(Fitted()));
        }
        catch (MathException error)
        {
            throw error.ToInput(file.Path);
        }
    }

    private FittedSubspace Fitted()
    {
        var (levels, layerRank) = Size("layer.basis");
        var (width, hiddenRank) = Size("hidden.basis");
        return new FittedSubspace(
            Kind(),
            Standardise(),
            Subspaces.Basis<Level>(levels, layerRank, Values("layer.basis", levels, layerRank)),
            Subspaces.Basis<Hidden>(width, hiddenRank, Values("hidden.basis", width, hiddenRank)),
            Subspaces.PerLevel(levels, width, Values("mean", levels, width)),
            Values("rms", levels),
            MapModule.OfSeq(Spectra.Standardisations.Select(one => Tuple.Create(
                one, new Spectrum(Values($"spectrum.{Spectra.Name(one)}.layer", levels),
                    Values($"spectrum.{Spectra.Name(one)}.hidden", width))))),
            (int)Whole("examples"),
            Whole("tokens"),
            Number("energy"));
    }

    private MeasuredSubspace Measured(FittedSubspace fitted)
    {
        var kept = Number("energy_kept");
        return new MeasuredSubspace(
            fitted,
            Where(!double.IsNaN(kept), () => kept),
            Where(Present(SubspaceFile.ComponentVariance), () => Variances(fitted, SubspaceFile.ComponentVariance)),
            MapModule.OfSeq(
                StatisticNames().Select(name => Tuple.Create(name[SubspaceFile.StatisticPrefix.Length..], Variances(fitted, name)))),
            Where(Present(SubspaceFile.AnchorDeviation), () => Values(SubspaceFile.AnchorDeviation, fitted.Levels)));
    }

    private static FSharpOption<T>? Where<T>(bool present, Func<T> value) => present ? FSharpOption<T>.Some(value()) : null;

    private bool Present(string name) => file.Find(name) is not null;

    private double[] Variances(FittedSubspace fitted, string name)
    {
        var (layers, width) = fitted.CoordinateRanks;
        return Values(
            name, SubspaceFile.VarianceShape(name, layers, width) ?? throw Bad($"tensor {name} is no statistic whose variance is known"));
    }

    private InputException Bad(string reason) => new($"{file.Path}: {reason}");

    private IEnumerable<string> StatisticNames() => file.Entries.Select(entry => entry.Name)
        .Where(name => name.StartsWith(SubspaceFile.StatisticPrefix, StringComparison.Ordinal));

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
        return Array.TrueForAll(values, double.IsFinite)
            ? values
            : throw Bad($"tensor {name} holds NaN or infinity; fit the subspace again");
    }

    private string Text(string key) => file.Metadata.GetValueOrDefault(key) ?? throw Bad($"the metadata has no {key}");

    private long Whole(string key) => long.TryParse(Text(key), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
        ? value
        : throw Bad($"the metadata's {key} is {MessageText.Quote(Text(key))}, expected a whole number");

    private double Number(string key) => double.TryParse(Text(key), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
        ? value
        : throw Bad($"the metadata's {key} is {MessageText.Quote(Text(key))}, expected a number");

    private Standardisation Standardise() => Spectra.Standardisations.FirstOrDefault(one => Spectra.Name(one) == Text("standardise"))
        ?? throw Bad($"the metadata's standardise is {MessageText.Quote(Text("standardise"))}, expected full, scale or none");

    private SubspaceKind Kind() => Text("kind") switch
    {
        "multilinear-svd" => SubspaceKind.MultilinearSvd,
        "random" => SubspaceKind.NewRandom(Whole("seed")),
        "identity" => SubspaceKind.Identity,
        "complement" => SubspaceKind.Complement,
        "gradient" => SubspaceKind.Gradient,
        var other =>
            throw Bad($"the metadata's kind is {MessageText.Quote(other)}, expected multilinear-svd, random, identity, complement or "
                + "gradient"),
    };
}
