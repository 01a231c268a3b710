using System.Globalization;
using System.Text.RegularExpressions;

namespace LoRi.Files.Gguf;

/// <summary>The Hub's names of the tensors of GGUF's <c>llama</c> and <c>qwen2</c> architectures.</summary>
internal static partial class GgufNames
{
    private static readonly Dictionary<string, string> Outside = new(StringComparer.Ordinal)
    {
        ["token_embd.weight"] = "model.embed_tokens.weight",
        ["output_norm.weight"] = "model.norm.weight",
        ["output.weight"] = "lm_head.weight",
    };

    private static readonly Dictionary<string, string> InBlock = new(StringComparer.Ordinal)
    {
        ["attn_norm"] = "input_layernorm",
        ["attn_q"] = "self_attn.q_proj",
        ["attn_k"] = "self_attn.k_proj",
        ["attn_v"] = "self_attn.v_proj",
        ["attn_output"] = "self_attn.o_proj",
        ["ffn_norm"] = "post_attention_layernorm",
        ["ffn_gate"] = "mlp.gate_proj",
        ["ffn_up"] = "mlp.up_proj",
        ["ffn_down"] = "mlp.down_proj",
    };

    /// <summary>The Hub's name, or null for a tensor that the architecture does not have.</summary>
    public static string? ToHub(string name)
    {
        if (Outside.TryGetValue(name, out var outside))
        {
            return outside;
        }

        var match = Block().Match(name);
        return match.Success && InBlock.TryGetValue(match.Groups["part"].Value, out var part)
            ? string.Create(CultureInfo.InvariantCulture, $"model.layers.{match.Groups["layer"].Value}.{part}.{match.Groups["kind"].Value}")
            : null;
    }

    /// <summary>The file's name of what the Hub calls so, or null where it has none.</summary>
    public static string? FromHub(string name)
    {
        if (Outside.FirstOrDefault(pair => pair.Value == name).Key is { } outside)
        {
            return outside;
        }

        var match = HubBlock().Match(name);
        return match.Success && InBlock.FirstOrDefault(pair => pair.Value == match.Groups["part"].Value).Key is { } part
            ? $"blk.{match.Groups["layer"].Value}.{part}.{match.Groups["kind"].Value}"
            : null;
    }

    [GeneratedRegex(@"^model\.layers\.(?<layer>[0-9]{1,6})\.(?<part>[a-z_.]+)\.(?<kind>weight|bias)\z", RegexOptions.CultureInvariant)]
    private static partial Regex HubBlock();

    [GeneratedRegex(@"^blk\.(?<layer>0|[1-9][0-9]{0,5})\.(?<part>[a-z_]+)\.(?<kind>weight|bias)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Block();
}
