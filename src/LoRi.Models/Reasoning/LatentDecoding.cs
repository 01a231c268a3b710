using LoRi.Models.Decoders;
using static TorchSharp.torch;

namespace LoRi.Models.Reasoning;

/// <summary>A token and the share of probability that a state gives it.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Share">From 0 to 1.</param>
internal readonly record struct NearToken(int Id, double Share);

/// <summary>What latent steps would write if they wrote: their final states through the output matrix.</summary>
internal static class LatentDecoding
{
    /// <summary>The likeliest tokens of every latent step of every question: [question][step][token], likeliest first.</summary>
    public static NearToken[][][] Likeliest(ReasoningModel model, IReadOnlyList<int[]> questions, IReasoning reasoning, int tokens)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(questions);
        ArgumentNullException.ThrowIfNull(reasoning);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var weights = model.Weights();
        var pass = reasoning.Think(model, weights, questions, trajectory: true)!;
        var final = pass.Trajectory!.select(1, pass.Trajectory.shape[1] - 1);
        var logits = Decoder.Logits(weights, final).to(ScalarType.Float64);
        var (shares, ids) = logits.softmax(-1).topk((int)System.Math.Min(tokens, logits.shape[^1]), -1);
        var flat = ids.cpu().contiguous().data<long>().ToArray()
            .Zip(shares.cpu().contiguous().data<double>().ToArray(), (id, share) => new NearToken((int)id, share));
        return [.. flat.Chunk((int)ids.shape[^1]).Chunk(reasoning.LatentSteps)];
    }
}
