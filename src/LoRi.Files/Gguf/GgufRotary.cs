using System.Text.Json.Nodes;
using LoRi.Files.Text;

namespace LoRi.Files.Gguf;

/// <summary>The rotary scaling of a GGUF file as a Hub configuration writes it.</summary>
internal static class GgufRotary
{
    /// <summary>The tensor that holds what each rotary frequency is divided by (converters write Llama 3.1's scaling so).</summary>
    public const string Table = "rope_freqs.weight";

    /// <summary>The <c>rope_scaling</c> that the file's metadata or its table of divisors stand for; null for none.</summary>
    /// <exception cref="InputException">It is of a kind that is not supported, or malformed.</exception>
    public static JsonObject? Scaling(GgufFile file, string architecture, long headSize)
    {
        string prefix = $"{architecture}.rope.scaling.", key = prefix + "type";
        var type = file.FindString(key) ?? "linear";
        var factor = Positive(file, prefix + "factor") ?? Positive(file, $"{architecture}.rope.scale_linear") ?? 1;
        var scaling = type switch
        {
            "none" => null,
            "linear" when factor == 1 => null,
            "linear" => new JsonObject { ["rope_type"] = "linear", ["factor"] = factor },
            "yarn" => Yarn(file, prefix, factor),
            _ => throw new InputException(
                $"{file.Path}: {key} is {MessageText.Quote(type)}, which is not supported; use the model's Hub folder"),
        };
        Refuse(file, prefix + "attn_factor", neutral: 1, unless: type == "yarn");
        return file.Find(Table) is not GgufTensor table ? scaling
            : scaling is null ? Divided(file, table, headSize)
            : throw new InputException(
                $"{file.Path}: has {Table} and {key} {MessageText.Quote(type)}; both at once are not supported, use the model's Hub "
                + "folder");
    }

    private static JsonObject Yarn(GgufFile file, string prefix, double factor)
    {
        Refuse(file, prefix + "yarn_ext_factor", neutral: 1);
        Refuse(file, prefix + "yarn_log_multiplier", neutral: 0);
        var attention = factor <= 1 ? 1 : (0.1 * System.Math.Log(factor)) + 1;
        return new JsonObject
        {
            ["rope_type"] = "yarn",
            ["factor"] = factor,
            ["original_max_position_embeddings"] =
                file.Required(prefix + "original_context_length", file.FindInteger(prefix + "original_context_length")),
            ["beta_fast"] = Positive(file, prefix + "yarn_beta_fast") ?? 32,
            ["beta_slow"] = Positive(file, prefix + "yarn_beta_slow") ?? 1,
            ["attention_factor"] = attention * (Positive(file, prefix + "yarn_attn_factor") ?? Positive(file, prefix + "attn_factor") ?? 1),
        };
    }

    /// <summary>The Hub has no name for a plain table: longrope with one list for all lengths is the same thing.</summary>
    private static JsonObject Divided(GgufFile file, GgufTensor table, long headSize)
    {
        if (table.Type.Name != "F32" || table.Rows != 1 || table.RowValues != headSize / 2)
        {
            throw new InputException(
                $"{file.Path}: {Table} is {table.Type.Name} {MessageText.Shape(table.Shape)}; heads of {headSize} values need "
                + $"F32 [{headSize / 2}]");
        }

        var divisors = file.ReadFloats(Table);
        var wrong = Array.FindIndex(divisors, divisor => !(float.IsFinite(divisor) && divisor > 0));
        if (wrong >= 0)
        {
            throw new InputException(
                $"{file.Path}: {Table} holds {divisors[wrong]} at {wrong}, which no frequency can be divided by; the file is damaged");
        }

        JsonArray Listed() => [.. divisors.Select(divisor => (JsonNode)(double)divisor)];
        return new JsonObject
        {
            ["rope_type"] = "longrope",
            ["attention_factor"] = 1.0,
            ["short_factor"] = Listed(),
            ["long_factor"] = Listed()
        };
    }

    private static double? Positive(GgufFile file, string key) => file.FindNumber(key) is not double value ? null
        : double.IsFinite(value) && value > 0 ? value
        : throw new InputException($"{file.Path}: {key} is {value}, which no scaling has; the file is damaged");

    private static void Refuse(GgufFile file, string key, double neutral, bool unless = false)
    {
        if (!unless && file.FindNumber(key) is double value && value != neutral)
        {
            throw new InputException($"{file.Path}: {key} is {value}, which is not supported; use the model's Hub folder");
        }
    }
}
