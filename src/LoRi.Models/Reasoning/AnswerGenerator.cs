using LoRi.Models.Decoders;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Models.Reasoning;

/// <summary>How answers are generated.</summary>
/// <param name="Reasoning">How a question becomes an answer.</param>
/// <param name="Prefix">Answer prefix ids, fed where the reasoning feeds any; may be empty (the model then writes it).</param>
/// <param name="MaxNewTokens">Most tokens to write.</param>
/// <param name="EndIds">Ids that end a row.</param>
public sealed record GenerationPlan(IReasoning Reasoning, int[] Prefix, int MaxNewTokens, IReadOnlyList<int> EndIds)
{
    /// <summary>Tokens and latent steps that are fed beside the question before the first token is written.</summary>
    public int FedBesideQuestion => Reasoning.Fed + (Reasoning.FeedsPrefix ? Prefix.Length : 0);

    /// <summary>How many end ids a row writes before it is at its end.</summary>
    public int StopAfterEnds { get; init; } = 1;

    /// <summary>What draws the tokens; null for the likeliest one every time.</summary>
    public TokenSampler? Sampler { get; init; }
}

/// <summary>Generation for a batch of questions, with a key-value cache.</summary>
public static class AnswerGenerator
{
    /// <summary>
    /// The new ids of every row, the end id that stopped it included. A row also ends where the model has no further position for
    /// what it wrote; those of its prompt, its latent steps and the prefix must be there.
    /// </summary>
    /// <param name="model">What answers.</param>
    /// <param name="questions">The ids of the questions, one row each.</param>
    /// <param name="plan">How.</param>
    /// <param name="written">Told every new id at once, with its row: the ids of a row come in their order.</param>
    public static IReadOnlyList<int[]> Generate(
        ReasoningModel model, IReadOnlyList<int[]> questions, GenerationPlan plan, Action<int, int>? written = null)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var weights = model.Weights();
        return Continue(model, weights, plan.Reasoning.Run(model, weights, questions, plan.Prefix), plan, written);
    }

    /// <summary>The latent inputs z_1 .. z_M of every question, [B, M, d], on the CPU in float32; the caller owns it.</summary>
    /// <param name="model">A student.</param>
    /// <param name="questions">Ids of each question, without markers.</param>
    /// <param name="reasoning">How many latent steps are taken, and what is fed back.</param>
    public static Tensor Latents(ReasoningModel model, IReadOnlyList<int[]> questions, IReasoning reasoning)
    {
        ArgumentNullException.ThrowIfNull(reasoning);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var pass = reasoning.Think(model, model.Weights(), questions, trajectory: false);
        return pass!.Latents!.to(ScalarType.Float32).cpu().DetachFromDisposeScope();
    }

    /// <summary>The new ids of rows that stand somewhere, under the weights that brought them there.</summary>
    internal static IReadOnlyList<int[]> Continue(
        ReasoningModel model, DecoderWeights weights, ReasoningPass at, GenerationPlan plan, Action<int, int>? tell = null)
    {
        var written = Enumerable.Range(0, at.Progress.RealTokens.Length).Select(_ => new List<int>()).ToArray();
        var longest = model.Config.LongestSequence;
        var open = Enumerable.Repeat(true, written.Length).ToArray();
        var ends = new int[written.Length];
        for (var token = 0; token < plan.MaxNewTokens; token++)
        {
            using var scope = NewDisposeScope();
            var logits = Decoder.Logits(weights, at.State);
            var ids = plan.Sampler?.Draw(logits) ?? logits.argmax(-1).cpu().data<long>().ToArray();
            for (var row = 0; row < ids.Length; row++)
            {
                if (open[row])
                {
                    written[row].Add((int)ids[row]);
                    tell?.Invoke(row, (int)ids[row]);
                    ends[row] += plan.EndIds.Contains((int)ids[row]) ? 1 : 0;
                    open[row] = ends[row] < plan.StopAfterEnds && at.Progress.RealTokens[row] < longest;
                }
            }

            if (!open.Contains(true) || token == plan.MaxNewTokens - 1)
            {
                break;
            }

            var (positions, after) = at.Progress.OneToken(model.Device, longest);
            var next = tensor(ids, device: model.Device).unsqueeze(1);
            var pass = model.Decoder.Forward(weights, model.Decoder.Embed(weights, next), positions, at.Cache);
            var spent = at;
            at = new(pass.Final.select(1, 0), pass.Cache, after);
            Keep(scope, at);
            Release(spent);
        }

        return [.. written.Select(row => row.ToArray())];
    }

    /// <summary>The caches of past tokens go at once: together they would grow with the square of the length.</summary>
    private static void Release(ReasoningPass spent)
    {
        spent.State.Dispose();
        foreach (var tensor in spent.Cache.Tensors)
        {
            tensor.Dispose();
        }
    }

    private static void Keep(DisposeScope scope, ReasoningPass at)
    {
        scope.MoveToOuter(at.State);
        scope.MoveToOuter(at.Cache.Tensors);
        if (at.Progress.Visible is Tensor visible)
        {
            scope.MoveToOuter(visible);
        }
    }
}
