using System.Text.Json.Nodes;
using LoRi.Files;

namespace LoRi.Models.Decoders;

/// <summary>
/// The shape of a decoder, as a Hub <c>config.json</c> states it. What families differ in is stated here, and nowhere else.
/// </summary>
public sealed record DecoderConfig
{
    /// <summary>The family (<c>model_type</c>), which decides names and the form of norms, positions and feed-forward half.</summary>
    public DecoderFamily Family { get; init; }

    /// <summary>Width of the residual stream (<c>hidden_size</c>, d).</summary>
    public required int HiddenSize { get; init; }

    /// <summary>
    /// Width inside the feed-forward half (<c>intermediate_size</c>; GPT-2: <c>n_inner</c>, four times d where it is null).
    /// </summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of decoder blocks (<c>num_hidden_layers</c>, L).</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads (<c>num_attention_heads</c>).</summary>
    public required int QueryHeads { get; init; }

    /// <summary>Key/value heads (<c>num_key_value_heads</c>); divides the query heads.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Width of one head (<c>head_dim</c>; hidden size over query heads where the file has none).</summary>
    public required int HeadSize { get; init; }

    /// <summary>Rows of the embedding table (<c>vocab_size</c>).</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Epsilon of the norms (<c>rms_norm_eps</c>, <c>layer_norm_epsilon</c>).</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>Base of the rotary angles (<c>rope_theta</c>); unused where positions are learned.</summary>
    public required double RotaryBase { get; init; }

    /// <summary>Whether the output matrix is the embedding table (<c>tie_word_embeddings</c>).</summary>
    public required bool TiedHead { get; init; }

    /// <summary>Longest sequence the checkpoint was made for (<c>max_position_embeddings</c>).</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Scaling of the rotary angles (<c>rope_scaling</c>); null for none.</summary>
    public RotaryScaling? Scaling { get; init; }

    /// <summary>Whether queries, keys and values have a bias.</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>Whether the map from the heads back to the residual stream has a bias.</summary>
    public bool OutputBias { get; init; }

    /// <summary>Whether the maps of the feed-forward half have biases.</summary>
    public bool FeedForwardBias { get; init; }

    /// <summary>Positions that a block with a sliding window sees, its own included; null where there is no window.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Which blocks have the window; empty where all have it.</summary>
    public IReadOnlyList<bool> SlidingLayers { get; init; } = [];

    /// <summary>The id of padding (<c>pad_token_id</c>), which is kept for other tools; null where there is none.</summary>
    public int? PadId { get; init; }

    /// <summary>What was assumed where the file says nothing, for the user to read.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>How many times its positions a model with angles is taken.</summary>
    private const int BeyondPositions = 4;

    /// <summary>Whether positions are a learned table that is added to the embeddings, instead of rotary angles.</summary>
    public bool LearnedPositions => Family == DecoderFamily.Gpt2;

    /// <summary>Whether norms are LayerNorms with bias, instead of RMSNorms.</summary>
    public bool CenteredNorms => Family == DecoderFamily.Gpt2;

    /// <summary>Whether the feed-forward half is down(silu(gate) * up), instead of down(gelu(up)).</summary>
    public bool GatedFeedForward => Family != DecoderFamily.Gpt2;

    /// <summary>Whether every query and key head is normalised before the rotation.</summary>
    public bool HeadNorms => Family == DecoderFamily.Qwen3;

    /// <summary>
    /// Longest sequence that is taken: <see cref="MaxPositions"/> where positions are a table, four times as many where they are
    /// angles, beyond which no model says anything, and any where the angles follow the length.
    /// </summary>
    public int LongestSequence => LearnedPositions ? MaxPositions
        : Scaling?.Kind == RotaryScalingKind.Dynamic ? int.MaxValue
        : (int)System.Math.Min(int.MaxValue, (long)BeyondPositions * MaxPositions);

    /// <summary>Why longer sequences than <see cref="LongestSequence"/> are refused, after the model's name.</summary>
    public string LongestReason => LearnedPositions ? $"has a table of {MaxPositions} positions"
        : $"was made for {MaxPositions} positions, and says nothing sensible beyond {LongestSequence}";

    /// <summary>What is to be said of sequences of a length: that the checkpoint was not made for it; null where it was.</summary>
    /// <param name="length">Positions from the first token to the last.</param>
    public string? LengthNote(int length) => length <= MaxPositions ? null
        : $"sequences of {length} tokens are longer than the {MaxPositions} positions the model was made for; what it says there may be "
            + "worse";

    /// <summary>The same shape without those rows at the end of its table that belong to markers.</summary>
    /// <param name="markers">Ids of the markers.</param>
    internal DecoderConfig WithoutRows(IReadOnlyList<int> markers)
    {
        ArgumentNullException.ThrowIfNull(markers);
        var rows = VocabularySize;
        while (markers.Contains(rows - 1))
        {
            rows--;
        }

        return this with { VocabularySize = rows };
    }

    /// <summary>The rotation of the heads.</summary>
    public RotaryShape Rotary => new(HeadSize, RotaryBase, Scaling);

    /// <summary>Beginning-of-sequence id, where the model has one.</summary>
    public int? BosId { get; init; }

    /// <summary>End-of-sequence ids, in the file's order; may be empty.</summary>
    public IReadOnlyList<int> EosIds { get; init; } = [];

    /// <summary>Refuses end tokens that the table has no row for: they can be neither learned nor written.</summary>
    /// <param name="named">Where they are named.</param>
    /// <param name="ids">The ids.</param>
    /// <exception cref="InputException">There is one.</exception>
    public void CheckEnds(string named, IEnumerable<int> ids)
    {
        foreach (var id in ids.Where(id => id < 0 || id >= VocabularySize))
        {
            throw new InputException(
                $"{named}: eos_token_id is {id}, but the model's table has ids up to {VocabularySize - 1}; correct it there");
        }
    }

    /// <summary>Reads and checks a <c>config.json</c>; <paramref name="source"/> names it in errors.</summary>
    /// <param name="json">The object that the file holds.</param>
    /// <param name="source">The file's name, for messages.</param>
    /// <exception cref="InputException">A field that matters is missing, of the wrong type or not supported.</exception>
    public static DecoderConfig FromJson(JsonObject json, string source) =>
        DecoderConfigReader.Read(new ConfigFields(json, source), source);

    /// <summary>The same facts as a Hub <c>config.json</c> in the family's classic form, for weights in float32.</summary>
    public JsonObject ToJson() => DecoderConfigWriter.Write(this);

    /// <summary>How many positions a block sees, its own included; null where it sees all.</summary>
    /// <param name="layer">The block, counted from 0.</param>
    public int? WindowOf(int layer) => SlidingLayers.Count == 0 || SlidingLayers[layer] ? SlidingWindow : null;
}
