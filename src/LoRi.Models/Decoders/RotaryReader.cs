namespace LoRi.Models.Decoders;

/// <summary>Reads base and scaling of the rotary angles, from the classic fields or from <c>rope_parameters</c>.</summary>
internal static class RotaryReader
{
    private const double FirstBase = 10_000;
    private const string BaseField = "rope_theta", OriginalField = "original_max_position_embeddings";

    private static readonly string[] Common = ["rope_type", "type", BaseField, "partial_rotary_factor", OriginalField];

    /// <summary>What each type reads besides, and what its files say that changes nothing.</summary>
    private static readonly Dictionary<string, string[]> Keys = new(StringComparer.Ordinal)
    {
        ["default"] = [],
        ["linear"] = ["factor"],
        ["dynamic"] = ["factor"],
        ["llama3"] = ["factor", "low_freq_factor", "high_freq_factor"],
        ["yarn"] = ["factor", "beta_fast", "beta_slow", "truncate", "attention_factor", "mscale", "mscale_all_dim", "finetuned"],
        ["longrope"] = ["factor", "short_factor", "long_factor", "attention_factor"],
    };

    public static (double Base, RotaryScaling? Scaling) Read(ConfigFields fields, DecoderFamily family, int positions, List<string> notes)
    {
        fields.RequireNumber("partial_rotary_factor", 1);
        var newer = fields.Object("rope_parameters");
        var classic = fields.Object("rope_scaling");
        var scaling = Scaling(fields, newer ?? classic, positions, notes);
        if (newer is not null && classic is not null && Scaling(fields, classic, positions, []) != scaling)
        {
            throw fields.Unsupported("rope_scaling", "the same as in rope_parameters");
        }

        return (Base(fields, newer, classic, family, notes), scaling);
    }

    /// <summary>
    /// The base may stand at the top, in <c>rope_parameters</c> or in <c>rope_scaling</c>; where it stands twice, both must
    /// agree.
    /// </summary>
    private static double Base(ConfigFields fields, ConfigFields? newer, ConfigFields? classic, DecoderFamily family, List<string> notes)
    {
        (string Place, double Value)[] found =
        [
            .. new[] { (Place: "rope_parameters.rope_theta", Fields: newer), (Place: "rope_scaling.rope_theta", Fields: classic),
                (Place: BaseField, Fields: fields) }
                .Where(place => place.Fields?.HasValue(BaseField) == true)
                .Select(place => (place.Place, place.Fields!.Number(BaseField))),
        ];
        if (found.Length == 0)
        {
            return newer?.Number(BaseField) ?? MissingBase(fields, family, notes);
        }

        var other = found.FirstOrDefault(one => one.Value != found[0].Value, found[0]);
        return other.Value == found[0].Value
            ? found[0].Value
            : throw fields.Contradiction(found[0].Place, found[0].Value, other.Place, other.Value);
    }

    /// <summary>The first Llama and Mistral models were published before the field existed; for other families it is needed.</summary>
    private static double MissingBase(ConfigFields fields, DecoderFamily family, List<string> notes)
    {
        if (family is not (DecoderFamily.Llama or DecoderFamily.Mistral))
        {
            return fields.Number(BaseField);
        }

        notes.Add("config.json has no rope_theta; 10000 is taken, as the family's first models have it");
        return FirstBase;
    }

    private static RotaryScaling? Scaling(ConfigFields top, ConfigFields? fields, int positions, List<string> notes)
    {
        if (fields is null)
        {
            return null;
        }

        fields.RequireNumber("partial_rotary_factor", 1);
        RefusePerLayerType(fields);
        var name = fields.HasValue("rope_type") || !fields.HasValue("type") ? "rope_type" : "type";
        var scaling = Of(fields.Text(name), name, top, fields, positions, notes);
        RefuseUnknown(fields, name);
        return scaling;
    }

    private static RotaryScaling? Of(string? type, string name, ConfigFields top, ConfigFields fields, int positions, List<string> notes) =>
        type switch
        {
            null when fields.HasValue("factor") => throw fields.Unsupported(name, "a type beside the factor"),
            null or "default" => null,
            "linear" => new RotaryScaling(RotaryScalingKind.Linear, fields.Number("factor")),
            "dynamic" => Dynamic(fields, positions),
            "llama3" => Llama3(fields, Original(top, fields, positions, notes)),
            "yarn" => Yarn(fields, Original(top, fields, positions, notes), positions, notes),
            "longrope" when fields.HasValue("short_factor") => Divided(fields),
            _ => throw fields.Unsupported(
                name, "'default', 'linear', 'dynamic', 'llama3' or 'yarn' (and 'longrope' with one list of factors)"),
        };

    /// <summary>Newer models give each kind of block parameters of its own; every block here has the same.</summary>
    private static void RefusePerLayerType(ConfigFields fields)
    {
        if (fields.Names.FirstOrDefault(fields.IsObject) is { } kind)
        {
            throw fields.Refused(
                kind, "is an object; rotary parameters per layer type are not supported, only one set of numbers for all blocks");
        }
    }

    private static void RefuseUnknown(ConfigFields fields, string name)
    {
        var type = fields.Text(name) ?? "default";
        if (fields.Names.FirstOrDefault(key => fields.HasValue(key) && !Common.Contains(key) && !Keys[type].Contains(key)) is { } unknown)
        {
            throw fields.Refused(unknown,
                $"is {fields.Shown(unknown)}, which means nothing here for the {name} '{type}'; correct the type, or remove it where it "
                + "changes nothing");
        }
    }


    /// <summary>The length of pretraining: beside the scaling's other numbers or at the top, else the longest length.</summary>
    private static int Original(ConfigFields top, ConfigFields fields, int positions, List<string> notes)
    {
        int? inner = fields.HasValue(OriginalField) ? fields.Integer(OriginalField) : null, outer = top.HasValue(OriginalField)
            ? top.Integer(OriginalField)
            : null;
        if (inner is int one && outer is int other && one != other)
        {
            throw top.Contradiction(OriginalField, other, "that of its rotary scaling", one);
        }

        if ((inner ?? outer) is int original)
        {
            return original;
        }

        notes.Add($"config.json has no {OriginalField} for its rotary scaling; max_position_embeddings, {positions}, is taken");
        return positions;
    }

    private static RotaryScaling Dynamic(ConfigFields fields, int positions)
    {
        fields.RequireNumber(OriginalField, positions);
        return new RotaryScaling(RotaryScalingKind.Dynamic, fields.Number("factor")) { OriginalPositions = positions };
    }

    private static RotaryScaling Llama3(ConfigFields fields, int original)
    {
        var (low, high) = (fields.Number("low_freq_factor"), fields.Number("high_freq_factor"));
        return high > low
            ? new RotaryScaling(RotaryScalingKind.Llama3, fields.Number("factor"))
            {
                OriginalPositions = original,
                LowFrequencyFactor = low,
                HighFrequencyFactor = high,
            }
            : throw fields.Unsupported("high_freq_factor", "more than low_freq_factor");
    }

    private static RotaryScaling Yarn(ConfigFields fields, int original, int positions, List<string> notes)
    {
        if (!fields.HasValue("factor") && positions > original)
        {
            notes.Add($"the yarn scaling of config.json has no factor; {positions} / {original} positions are taken for it");
        }

        var factor = fields.Number("factor", positions > original ? (double)positions / original : null);
        return new RotaryScaling(RotaryScalingKind.Yarn, factor)
        {
            OriginalPositions = original,
            BetaFast = fields.Number("beta_fast", 32),
            BetaSlow = fields.Number("beta_slow", 1),
            Truncate = fields.Flag("truncate", true),
            AttentionFactor = AttentionFactor(fields, factor),
        };
    }

    /// <summary>
    /// One divisor a frequency, whatever the length: longrope whose two lists are the same and that leaves cosines alone.
    /// </summary>
    private static RotaryScaling Divided(ConfigFields fields)
    {
        var (divisors, longer) = (fields.Numbers("short_factor"), fields.Numbers("long_factor"));
        return !divisors.SequenceEqual(longer) ? throw fields.Unsupported("long_factor", "the same list as short_factor")
            : !fields.HasValue("attention_factor") || fields.Number("attention_factor") != 1
                ? throw fields.Unsupported("attention_factor", "1 for longrope")
            : new RotaryScaling(RotaryScalingKind.Divided, 1) { Divisors = new FrequencyDivisors(divisors) };
    }

    /// <summary>0.1 ln(s) + 1, the paper's; where the file has two weights of the logarithm, the ratio of both forms.</summary>
    private static double AttentionFactor(ConfigFields fields, double factor)
    {
        double Form(double weight) => factor <= 1 ? 1 : (0.1 * weight * System.Math.Log(factor)) + 1;
        if (fields.HasValue("attention_factor"))
        {
            return fields.Number("attention_factor");
        }

        var (weight, all) = (fields.NonNegative("mscale"), fields.NonNegative("mscale_all_dim"));
        return weight > 0 && all > 0 ? Form(weight) / Form(all) : Form(1);
    }
}
