using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.Kava;

/// <summary>Where a row's parts stand in the teacher's pass.</summary>
/// <param name="Row">The row of the pass.</param>
/// <param name="From">Its first column of the chain of thought.</param>
/// <param name="Count">Tokens of the chain.</param>
/// <param name="End">Columns of the row; those after the chain belong to the answer.</param>
internal readonly record struct ChainSpan(int Row, int From, int Count, int End);

/// <summary>
/// The keys and values of a chain of thought, cut down for each head to those tokens that the answer looks at and that are least like the
/// others (R-KV): the largest of lambda I + (1 - lambda) R, in their order in time. None of it has a gradient.
/// </summary>
/// <param name="Importance">I, the share of the answer's attention: [L, heads, N].</param>
/// <param name="Redundancy">R, the softmax of the negative mean cosine to the other keys: [L, heads, N].</param>
/// <param name="Score">What the choice is made by: [L, heads, N].</param>
/// <param name="Kept">The tokens that are kept: int64 [L, heads, k].</param>
/// <param name="Keys">Their keys: [L, heads, k, head size].</param>
/// <param name="Values">Their values, of the same shape.</param>
internal sealed record CompressedChain(Tensor Importance, Tensor Redundancy, Tensor Score, Tensor Kept, Tensor Keys, Tensor Values)
{
    /// <summary>Below this a key counts as having this length.</summary>
    private const double ShortestKey = 1e-12;

    /// <summary>Cuts down the chain of one row.</summary>
    /// <param name="heads">The heads of the teacher's pass.</param>
    /// <param name="span">Where the row's parts stand.</param>
    /// <param name="most">Tokens to keep at most.</param>
    /// <param name="lambda">Weight of the importance, from 0 to 1.</param>
    public static CompressedChain Of(CacheHeads heads, ChainSpan span, int most, double lambda)
    {
        ArgumentNullException.ThrowIfNull(heads);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        Tensor Chain(Tensor all) => all.select(1, span.Row).narrow(2, span.From, span.Count).detach();
        var keys = Chain(heads.Keys);
        var (importance, redundancy) = (ImportanceOf(heads, span), RedundancyOf(keys));
        var score = importance.Times(lambda).Plus(redundancy.Times(1 - lambda));
        var order = sort(score, -1, descending: true, stable: true).indices;
        var kept = sort(order.narrow(-1, 0, System.Math.Min(most, span.Count)), -1).values;
        Tensor Keep(Tensor all) => all.gather(2, kept.unsqueeze(-1).expand([.. kept.shape, all.shape[3]]));
        return new(
            importance.MoveToOuterDisposeScope(),
            redundancy.MoveToOuterDisposeScope(),
            score.MoveToOuterDisposeScope(),
            kept.MoveToOuterDisposeScope(),
            Keep(keys).MoveToOuterDisposeScope(),
            Keep(Chain(heads.Values)).MoveToOuterDisposeScope());
    }

    /// <summary>The mean attention of the answer's tokens, over all heads that share a key, as shares of the chain.</summary>
    private static Tensor ImportanceOf(CacheHeads heads, ChainSpan span)
    {
        var first = span.From + span.Count;
        var answer = span.End - first;
        var keys = heads.MetKeys.select(1, span.Row).narrow(2, 0, span.End);
        var queries = heads.MetQueries.select(1, span.Row).narrow(2, first, answer);
        var (levels, shared, size) = (keys.shape[0], keys.shape[1], keys.shape[3]);
        var grouped = queries.reshape(levels, shared, -1, size).Times(1 / System.Math.Sqrt(size));
        var scores = grouped.matmul(keys.transpose(-2, -1)).view(levels, shared, -1, answer, span.End);
        var hidden = ones(answer, span.End, dtype: ScalarType.Bool, device: keys.device).tril(first).logical_not();
        var seen = scores.Filled(hidden, double.NegativeInfinity).softmax(-1).narrow(-1, span.From, span.Count).mean([2L, 3L]);
        return seen / seen.sum(-1, keepdim: true);
    }

    private static Tensor RedundancyOf(Tensor keys)
    {
        var unit = keys / keys.Squared().sum(-1, keepdim: true).sqrt().AtLeast(ShortestKey);
        var cosines = unit.matmul(unit.transpose(-2, -1));
        var others = cosines.sum(-1).sub(cosines.diagonal(0, -2, -1));
        return others.Over(-keys.shape[2]).softmax(-1);
    }
}
