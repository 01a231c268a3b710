using LoRi.Files;
using LoRi.Files.Text;

namespace LoRi.Models.Weights;

/// <summary>The biases of a GGUF file's linear maps: the Hub's configuration knows those of all maps of a kind, or of none.</summary>
internal static class GgufBiases
{
    private static readonly string[] Attention = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"];
    private static readonly string[] FeedForward = ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"];

    /// <summary>Whether there is a bias of attention among tensors with the Hub's names.</summary>
    public static bool OfAttention(IReadOnlyCollection<string> names) => Any(Attention, names);

    /// <summary>Whether there is a bias of a feed-forward half.</summary>
    public static bool OfFeedForward(IReadOnlyCollection<string> names) => Any(FeedForward, names);

    /// <summary>Refuses a file that lacks some of its biases.</summary>
    /// <param name="file">The file.</param>
    /// <param name="names">The Hub's names of its tensors.</param>
    /// <param name="always">Whether queries, keys and values have biases, as those of qwen2, and the rest has none.</param>
    /// <param name="blocks">Number of blocks.</param>
    /// <exception cref="InputException">One is missing; the message names it.</exception>
    public static void Check(GgufCheckpoint file, IReadOnlyCollection<string> names, bool always, long blocks)
    {
        string[] maps =
            [.. always ? Attention[..3] : OfAttention(names) ? Attention : [], .. !always && OfFeedForward(names) ? FeedForward : []];
        var lacking = Enumerable.Range(0, (int)blocks)
            .SelectMany(block => maps.Select(map => $"model.layers.{block}.{map}.bias"))
            .FirstOrDefault(name => !names.Contains(name));
        if (lacking is not null)
        {
            var why = always
                ? "qwen2 models have biases of queries, keys and values"
                : "biases of some maps and not of others are not supported";
            throw new InputException(
                $"{file.Path}: there is no tensor {MessageText.Quote(file.StoredName(lacking))}, and {why}; convert the model again, or "
                + "use its Hub folder");
        }
    }

    private static bool Any(string[] maps, IReadOnlyCollection<string> names) =>
        names.Any(name => maps.Any(map => name.EndsWith($".{map}.bias", StringComparison.Ordinal)));
}
