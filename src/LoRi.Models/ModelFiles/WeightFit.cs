using System.Text.RegularExpressions;
using LoRi.Files;
using LoRi.Files.Text;
using LoRi.Models.Decoders;
using LoRi.Models.Weights;

namespace LoRi.Models.ModelFiles;

/// <summary>
/// Which tensor of a checkpoint goes into which parameter, found from headers alone: nothing is allocated and no value is read
/// before every tensor is known to be there, of the right shape and of a readable type, and none is left over.
/// </summary>
/// <param name="Names">A parameter's name to its tensor's name in the checkpoint.</param>
/// <param name="Config">The configuration that they fit: untied where a head is stored that is not the table.</param>
/// <param name="Notes">What was passed over: files, and tensors that are no weights.</param>
internal sealed partial record WeightFit(IReadOnlyDictionary<string, string> Names, DecoderConfig Config, IReadOnlyList<string> Notes)
{
    private const int Shown = 20, ListLength = 1100;
    private const string Prefix = "transformer.";
    private static readonly string[] Counts = ["I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL"];

    /// <summary>Fits the tensors of <paramref name="source"/> to the parameters of a configuration.</summary>
    /// <exception cref="InputException">Tensors are missing, unexpected, misshapen, or of a type that weights cannot have.</exception>
    public static WeightFit Of(IWeightSource source, DecoderConfig config)
    {
        if (config.Layers > source.Tensors.Count)
        {
            throw new InputException(
                $"{source.Path}: {source.ConfigName} names {config.Layers} blocks, but the weights are {source.Tensors.Count} tensors; "
                + "they belong to different models");
        }

        config = StoredHead.Resolve(source, config);
        var wanted = Wanted(config);
        var found = source.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        var names = NamesIn(found, wanted.Keys, config);
        var taken = names.Values.ToHashSet(StringComparer.Ordinal);
        var surplus = source.Tensors.Where(tensor => !taken.Contains(tensor.Name) && !IsKnownBuffer(tensor.Name, config))
            .ToLookup(tensor => Counts.Contains(tensor.Dtype));
        Complain(
            source,
            [.. names.Values.Where(name => !found.ContainsKey(name)).Select(source.StoredName)],
            [.. surplus[false].Select(tensor => source.StoredName(tensor.Name))],
            [.. names.Where(pair => found.TryGetValue(pair.Value, out var tensor) && !tensor.Shape.SequenceEqual(wanted[pair.Key]))
                .Select(pair => $"{source.StoredName(pair.Value)} is {MessageText.Shape(found[pair.Value].Shape)} and should "
                    + $"be {MessageText.Shape(wanted[pair.Key])}")]);
        foreach (var tensor in names.Values.Select(name => found[name]))
        {
            CheckType(source, tensor);
        }

        return new WeightFit(names, config,
            [.. source.Notes, .. surplus[true].Select(tensor => $"{tensor.Name} ({tensor.Dtype}) is no weight and was left out")]);
    }

    /// <summary>The same for a model whose head is a copy of the table, to be changed apart.</summary>
    public WeightFit Untied() => this with
    {
        Config = Config with { TiedHead = false },
        Names = new Dictionary<string, string>(Names) { [DecoderLayout.Head] = Names[DecoderLayout.Embedding(Config)] },
    };

    /// <summary>A name without the prefix that some files leave out.</summary>
    internal static string Bare(string name) => name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name;

    /// <summary>Whether tensors of a type cannot be weights: counts, and what is not read.</summary>
    internal static bool IsNoWeight(IWeightSource source, string dtype) => Counts.Contains(dtype) || !source.CanRead(dtype);

    /// <summary>What each parameter is called in the file; a table that is stored as the head it is tied to is read from there.</summary>
    private static Dictionary<string, string> NamesIn(
        Dictionary<string, WeightInfo> found, IEnumerable<string> wanted, DecoderConfig config)
    {
        var bare = config.LearnedPositions && !found.Keys.Any(name => name.StartsWith(Prefix, StringComparison.Ordinal));
        var names = wanted.ToDictionary(name => name, name => bare ? Bare(name) : name);
        var table = DecoderLayout.Embedding(config);
        if (config.TiedHead && !found.ContainsKey(names[table]) && found.ContainsKey(DecoderLayout.Head))
        {
            names[table] = DecoderLayout.Head;
        }

        return names;
    }

    private static Dictionary<string, long[]> Wanted(DecoderConfig config) => DecoderLayout.Slots(config, 0)
        .SelectMany(slot => slot.Parts.Select(part => (part.Name, Shape: (long[])[part.Rows, .. slot.Shape.Skip(1)])))
        .ToDictionary(part => part.Name, part => part.Shape, StringComparer.Ordinal);

    private static void CheckType(IWeightSource source, WeightInfo tensor)
    {
        if (IsNoWeight(source, tensor.Dtype))
        {
            throw new InputException(
                $"{source.Path}: tensor {MessageText.Quote(tensor.Name)} is {tensor.Dtype}, which weights cannot "
                + $"be; {source.ReadableTypes} can be read");
        }
    }

    /// <summary>
    /// What files of a family hold besides parameters: causal masks, rotary frequencies, a second copy of the tied table.
    /// </summary>
    private static bool IsKnownBuffer(string name, DecoderConfig config) =>
        (config.TiedHead && name == DecoderLayout.Head)
            || (config.LearnedPositions ? CausalMask().IsMatch(name) : Frequencies().IsMatch(name));

    private static void Complain(IWeightSource source, string[] missing, string[] surplus, string[] misshapen)
    {
        if (missing.Length + surplus.Length + misshapen.Length == 0)
        {
            return;
        }

        (string Kind, string[] Names)[] faults =
            [.. new[] { ("missing", missing), ("unexpected", surplus), ("of another shape", misshapen) }.Where(
                fault => fault.Item2.Length > 0)];
        throw new InputException(
            $"{source.Path}: the weights do not "
            + $"fit {source.ConfigName}; "
                + string.Join("; ", faults.Select(fault => Listed(fault.Kind, fault.Names, ListLength / faults.Length))));
    }

    /// <summary>At most <see cref="Shown"/> names, and at most so many characters of them, so that the message stays a line.</summary>
    private static string Listed(string kind, string[] names, int longest)
    {
        int shown = 0, length = 0;
        while (shown < int.Min(names.Length, Shown) && (shown == 0 || length + names[shown].Length + 2 <= longest))
        {
            length += names[shown++].Length + 2;
        }

        var more = shown < names.Length ? $" and {names.Length - shown} more" : "";
        return $"{kind}: {string.Join(", ", names.Take(shown))}{more}";
    }

    [GeneratedRegex(@"^(transformer\.)?h\.[0-9]{1,6}\.attn\.(bias|masked_bias)\z", RegexOptions.CultureInvariant)]
    private static partial Regex CausalMask();

    [GeneratedRegex(@"\.rotary_emb\.inv_freq\z", RegexOptions.CultureInvariant)]
    private static partial Regex Frequencies();
}
