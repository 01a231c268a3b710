using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Models.Reasoning;

/// <summary>How answers are generated.</summary>
/// <param name="Mode">Direct, explicit or latent.</param>
/// <param name="LatentSteps">Latent steps; used in latent mode.</param>
/// <param name="Prefix">Answer prefix ids that are fed in direct and latent mode; may be empty (the model then writes it).</param>
/// <param name="MaxNewTokens">Most tokens to write.</param>
/// <param name="EndIds">Ids that end a row.</param>
public sealed record GenerationPlan(AnswerMode Mode, int LatentSteps, int[] Prefix, int MaxNewTokens, IReadOnlyList<int> EndIds)
{
    /// <summary><c>&lt;bot&gt;</c> and <c>&lt;eot&gt;</c>.</summary>
    private const int Markers = 2;

    /// <summary>Tokens and latent steps that are fed beside the question before the first token is written.</summary>
    public int FedBesideQuestion => Mode switch
    {
        AnswerMode.Latent => Markers + LatentSteps + Prefix.Length,
        AnswerMode.Direct => Prefix.Length,
        _ => 0,
    };

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
        var (state, cache, progress) = Start(model, weights, questions, plan);
        return Continue(model, weights, (state, cache, progress), plan, written);
    }

    /// <summary>The latent inputs z_1 .. z_M of every question, [B, M, d], on the CPU in float32; the caller owns it.</summary>
    public static Tensor Latents(ReasoningModel model, IReadOnlyList<int[]> questions, int steps)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var pass = LatentPass.Run(model, model.Weights(), questions, steps, trajectory: false);
        return pass.Latents!.to(ScalarType.Float32).cpu().DetachFromDisposeScope();
    }

    private static (Tensor State, KeyValueCache Cache, Progress Progress) Start(
        ReasoningModel model, DecoderWeights weights, IReadOnlyList<int[]> questions, GenerationPlan plan)
    {
        if (plan.Mode != AnswerMode.Latent)
        {
            var prefix = plan.Mode == AnswerMode.Direct ? plan.Prefix : [];
            var rows = PaddedRows.Left([.. questions.Select(question => (int[])[.. question, .. prefix])], model.Device);
            var pass = model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows), rows.Positions());
            return (pass.Final.select(1, rows.Width - 1), pass.Cache, rows.Advance(null));
        }

        var latent = LatentPass.Run(model, weights, questions, plan.LatentSteps, trajectory: false);
        var fed = PaddedRows.Right([.. questions.Select(_ => (int[])[model.Special.Eot, .. plan.Prefix])], model.Device);
        var after = model.Decoder.Forward(weights, model.Decoder.Embed(weights, fed), fed.After(latent.Progress), latent.Cache);
        return (after.Final.select(1, fed.Width - 1), after.Cache, fed.Advance(latent.Progress));
    }

    private static IReadOnlyList<int[]> Continue(
        ReasoningModel model, DecoderWeights weights, (Tensor State, KeyValueCache Cache, Progress Progress) at, GenerationPlan plan, Action<int, int>? tell)
    {
        var written = Enumerable.Range(0, at.Progress.RealTokens.Length).Select(_ => new List<int>()).ToArray();
        var longest = model.Config.LongestSequence;
        var open = Enumerable.Repeat(true, written.Length).ToArray();
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
                    open[row] = !plan.EndIds.Contains((int)ids[row]) && at.Progress.RealTokens[row] < longest;
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
            at = (pass.Final.select(1, 0), pass.Cache, after);
            Keep(scope, at);
            Release(spent);
        }

        return [.. written.Select(row => row.ToArray())];
    }

    /// <summary>The caches of past tokens go at once: together they would grow with the square of the length.</summary>
    private static void Release((Tensor State, KeyValueCache Cache, Progress Progress) spent)
    {
        spent.State.Dispose();
        foreach (var tensor in spent.Cache.Tensors)
        {
            tensor.Dispose();
        }
    }

    private static void Keep(DisposeScope scope, (Tensor State, KeyValueCache Cache, Progress Progress) at)
    {
        scope.MoveToOuter(at.State);
        scope.MoveToOuter(at.Cache.Tensors);
        if (at.Progress.Visible is Tensor visible)
        {
            scope.MoveToOuter(visible);
        }
    }
}
