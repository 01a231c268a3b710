using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>Weights of one norm.</summary>
/// <param name="Weight">[size].</param>
/// <param name="Bias">[size]; null for an RMSNorm.</param>
public sealed record NormWeights(Tensor Weight, Tensor? Bias);

/// <summary>The weights of one block as a pass uses them.</summary>
/// <param name="AttentionNorm">Norm before attention.</param>
/// <param name="QueryKeyValue">Queries, keys and values of all heads, in this order.</param>
/// <param name="QueryNorm">Norm of every query head; null where the family has none.</param>
/// <param name="KeyNorm">Norm of every key head.</param>
/// <param name="Output">From the heads back to the residual stream.</param>
/// <param name="FeedForwardNorm">Norm before the feed-forward half.</param>
/// <param name="Up">To the inner width; gate first, then up, where it is gated.</param>
/// <param name="Down">Back to the residual stream.</param>
public sealed record BlockWeights(
    NormWeights AttentionNorm,
    LinearMap QueryKeyValue,
    NormWeights? QueryNorm,
    NormWeights? KeyNorm,
    LinearMap Output,
    NormWeights FeedForwardNorm,
    LinearMap Up,
    LinearMap Down);

/// <summary>All weights of a decoder in the compute type. Made once per step; belongs to the open dispose scope.</summary>
/// <param name="Embedding">One row a token, [V, d].</param>
/// <param name="Positions">One row a position, [P, d]; null where positions are rotary.</param>
/// <param name="Blocks">The blocks.</param>
/// <param name="FinalNorm">Norm after the last block.</param>
/// <param name="Head">From final states to logits.</param>
public sealed record DecoderWeights(
    Tensor Embedding, Tensor? Positions, IReadOnlyList<BlockWeights> Blocks, NormWeights FinalNorm, LinearMap Head)
{
    /// <summary>Rows that are looked up in place of those of the embedding table; null where none are.</summary>
    public TokenRows? InputRows { get; init; }

    /// <summary>Rows that give their tokens' logits in place of those of the head; null where none do.</summary>
    public TokenRows? OutputRows { get; init; }

    /// <summary>Takes the embedding table's gradient in place of autograd; null for autograd's own.</summary>
    internal DeferredMatrix? DeferredTable { get; init; }

    /// <summary>Runs passes whose way back is written out; null where autograd differentiates all.</summary>
    internal PassTape? Tape { get; init; }

    /// <summary>The embedding table where it stays as it is stored: <see cref="Embedding"/> has its shape alone then.</summary>
    internal StoredMatrix? StoredTable { get; init; }

    /// <summary>Reads the parameters, casting them where the compute type is another one.</summary>
    /// <param name="config">The shape.</param>
    /// <param name="parameters">The parameters.</param>
    /// <param name="computeType">The type of the result.</param>
    /// <param name="module">The module whose decoder it is; null for the model's own.</param>
    public static DecoderWeights From(DecoderConfig config, ParameterSet parameters, ScalarType computeType, string? module = null) =>
        From(config, parameters, computeType, module, null);

    /// <summary>The same, with gradients of matrices that are taken once for all passes; null for autograd's own.</summary>
    internal static DecoderWeights From(
        DecoderConfig config, ParameterSet parameters, ScalarType computeType, string? module, DeferredGradients? deferred)
    {
        string Slot(string name) => module is null ? name : $"{module}.{name}";
        Tensor Read(string name)
        {
            var parameter = parameters[Slot(name)];
            return parameter.dtype == computeType || parameters.Stored(Slot(name)) is not null ? parameter : parameter.to(computeType);
        }

        LinearMap Map(MapLayout map)
        {
            var matrix = Read(map.Matrix);
            return new(matrix, map.Bias ? Read(map.BiasName) : null, map.InputFirst)
            {
                Stored = parameters.Stored(Slot(map.Matrix)),
                Deferred = deferred?.Of(Slot(map.Matrix), matrix, map.InputFirst),
            };
        }

        NormWeights Norm(string norm) =>
            new(Read(norm + ".weight"), parameters.Contains(Slot(norm) + ".bias") ? Read(norm + ".bias") : null);

        var table = DecoderLayout.Embedding(config);
        var embedding = Read(table);
        var (head, rows) = config.TiedHead ? (embedding, table) : (Read(DecoderLayout.Head), DecoderLayout.Head);
        var blocks = Enumerable.Range(0, config.Layers).Select(layer => DecoderLayout.Block(config, layer))
            .Select(block => new BlockWeights(
            Norm(block.AttentionNorm),
            Map(block.QueryKeyValue),
            block.QueryNorm is null ? null : Norm(block.QueryNorm),
            block.KeyNorm is null ? null : Norm(block.KeyNorm),
            Map(block.Output),
            Norm(block.FeedForwardNorm),
            Map(block.Up),
            Map(block.Down))).ToArray();
        return new DecoderWeights(
            embedding,
            config.LearnedPositions ? Read(DecoderLayout.Positions) : null,
            blocks,
            Norm(DecoderLayout.FinalNorm(config)),
            new LinearMap(head) { Stored = parameters.Stored(Slot(rows)), Deferred = deferred?.Of(Slot(rows), head) })
        {
            StoredTable = parameters.Stored(Slot(table)),
            DeferredTable = deferred?.Of(Slot(table), embedding),
            Tape = deferred?.Tape,
        };
    }
}
