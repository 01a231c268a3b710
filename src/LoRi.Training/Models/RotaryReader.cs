namespace LoRi.Training.Models;

/// <summary>Reads base and scaling of the rotary angles, from the classic fields or from <c>rope_parameters</c>.</summary>
internal static class RotaryReader
{
    private const double FirstBase = 10_000;

    public static (double Base, RotaryScaling? Scaling) Read(ConfigFields fields, DecoderFamily family, int positions, List<string> notes)
    {
        fields.RequireNumber("partial_rotary_factor", 1);
        var newer = fields.Object("rope_parameters");
        var classic = fields.Object("rope_scaling");
        var scaling = Scaling(newer ?? classic, positions);
        if (newer is not null && classic is not null && Scaling(classic, positions) != scaling)
        {
            throw fields.Unsupported("rope_scaling", "the same as in rope_parameters");
        }

        var rotaryBase = newer is not null ? newer.Number("rope_theta") : ClassicBase(fields, family, notes);
        if (newer is not null && fields.HasValue("rope_theta") && fields.Number("rope_theta") != rotaryBase)
        {
            throw fields.Unsupported("rope_theta", "the same as in rope_parameters");
        }

        return (rotaryBase, scaling);
    }

    /// <summary>The first Llama and Mistral models were published before the field existed; for other families it is needed.</summary>
    private static double ClassicBase(ConfigFields fields, DecoderFamily family, List<string> notes)
    {
        if (fields.HasValue("rope_theta") || family is not (DecoderFamily.Llama or DecoderFamily.Mistral))
        {
            return fields.Number("rope_theta");
        }

        notes.Add("config.json has no rope_theta; 10000 is taken, as the family's first models have it");
        return FirstBase;
    }

    private static RotaryScaling? Scaling(ConfigFields? fields, int positions)
    {
        if (fields is null)
        {
            return null;
        }

        fields.RequireNumber("partial_rotary_factor", 1);
        var name = fields.HasValue("rope_type") ? "rope_type" : "type";
        return fields.Text(name) switch
        {
            null or "default" => null,
            "linear" => new RotaryScaling(RotaryScalingKind.Linear, fields.Number("factor")),
            "dynamic" => new RotaryScaling(RotaryScalingKind.Dynamic, fields.Number("factor")) { OriginalPositions = positions },
            "llama3" => Llama3(fields),
            "yarn" => Yarn(fields, positions),
            _ => throw fields.Unsupported(name, "'default', 'linear', 'dynamic', 'llama3' or 'yarn'"),
        };
    }

    private static RotaryScaling Llama3(ConfigFields fields)
    {
        var (low, high) = (fields.Number("low_freq_factor"), fields.Number("high_freq_factor"));
        return high > low
            ? new RotaryScaling(RotaryScalingKind.Llama3, fields.Number("factor"))
            {
                OriginalPositions = fields.Integer("original_max_position_embeddings"),
                LowFrequencyFactor = low,
                HighFrequencyFactor = high,
            }
            : throw fields.Unsupported("high_freq_factor", "more than low_freq_factor");
    }

    private static RotaryScaling Yarn(ConfigFields fields, int positions)
    {
        var original = fields.Integer("original_max_position_embeddings", positions);
        var factor = fields.Number("factor", (double)positions / original);
        return new RotaryScaling(RotaryScalingKind.Yarn, factor)
        {
            OriginalPositions = original,
            BetaFast = fields.Number("beta_fast", 32),
            BetaSlow = fields.Number("beta_slow", 1),
            Truncate = fields.Flag("truncate", true),
            AttentionFactor = AttentionFactor(fields, factor),
        };
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
