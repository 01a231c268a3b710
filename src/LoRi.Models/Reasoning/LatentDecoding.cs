using LoRi.Models.Decoders;
using static TorchSharp.torch;

namespace LoRi.Models.Reasoning;

/// <summary>A token and the share of probability that a state gives it.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Share">From 0 to 1.</param>
internal readonly record struct NearToken(int Id, double Share);

/// <summary>A token that a state is near to, as text.</summary>
/// <param name="Text">What it decodes to.</param>
/// <param name="Share">From 0 to 1.</param>
public sealed record LatentToken(string Text, double Share);

/// <summary>What latent steps would write if they wrote: their states at every level through final norm and output matrix.</summary>
internal static class LatentDecoding
{
    /// <summary>
    /// The likeliest tokens of every latent step of every question at every level, the embeddings left out:
    /// [question][step][level][token], likeliest first. The last level is what the model itself would write from.
    /// </summary>
    public static NearToken[][][][] ByLevel(ReasoningModel model, IReadOnlyList<int[]> questions, IReasoning reasoning, int tokens)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(questions);
        ArgumentNullException.ThrowIfNull(reasoning);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var weights = model.Weights();
        var states = reasoning.Think(model, weights, questions, trajectory: true)!.Trajectory!;
        var levels = Enumerable.Range(1, (int)states.shape[1])
            .Select(level => Likeliest(model.Decoder.Lens(weights, states.select(1, level - 1), level), tokens)).ToArray();
        NearToken[][] Step(int question, int step) => [.. levels.Select(level => level[question][step])];
        return [.. Enumerable.Range(0, questions.Count).Select(question => (NearToken[][][])[
            .. Enumerable.Range(0, reasoning.LatentSteps).Select(step => Step(question, step))])];
    }

    /// <summary>The likeliest tokens of logits [B, M, V].</summary>
    private static NearToken[][][] Likeliest(Tensor logits, int tokens)
    {
        using var scope = NewDisposeScope();
        var (shares, ids) = logits.to(ScalarType.Float64).softmax(-1).topk((int)System.Math.Min(tokens, logits.shape[^1]), -1);
        var flat = ids.cpu().contiguous().data<long>().ToArray()
            .Zip(shares.cpu().contiguous().data<double>().ToArray(), (id, share) => new NearToken((int)id, share));
        return [.. flat.Chunk((int)ids.shape[^1]).Chunk((int)logits.shape[1])];
    }
}
