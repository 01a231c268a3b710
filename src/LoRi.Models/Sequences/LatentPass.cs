using LoRi.Models.Decoders;
using static TorchSharp.torch;

namespace LoRi.Models.Sequences;

/// <summary>What a student's pass through its latent steps gives, before the answer.</summary>
/// <param name="Latents">The input embeddings that were fed, z_1 .. z_M: [B, M, d].</param>
/// <param name="Trajectory">Levels 1..L at the latent steps, [B, L, M, d]; null unless asked for.</param>
/// <param name="Cache">Keys and values of question and latents.</param>
/// <param name="Progress">Where the rows stand.</param>
public sealed record LatentSteps(Tensor? Latents, Tensor? Trajectory, KeyValueCache Cache, Progress Progress)
{
    /// <summary>The final states at the last of them, [B, 1, d]; null where they are passed side by side.</summary>
    public Tensor? Last { get; init; }
}

/// <summary>
/// [ours] The student's forward pass: question and <c>&lt;bot&gt;</c>, then M latent steps whose input is the projected final state before
/// them. Gradients flow through every step and the cache; nothing is detached.
/// </summary>
public static class LatentPass
{
    /// <summary>Runs questions through <paramref name="steps"/> latent steps.</summary>
    /// <param name="model">The student.</param>
    /// <param name="weights">Its weights of this step.</param>
    /// <param name="questions">Ids of the questions.</param>
    /// <param name="steps">Latent steps M.</param>
    /// <param name="trajectory">Whether the levels of the steps are kept.</param>
    /// <param name="edit">Replaces inputs of steps; null to leave them.</param>
    /// <returns>The latent inputs, their states, and the cache behind them.</returns>
    public static LatentSteps Run(
        ReasoningModel model, DecoderWeights weights, IReadOnlyList<int[]> questions, int steps, bool trajectory, LatentEdit? edit = null)
    {
        var device = model.Device;
        var rows = PaddedRows.Left([.. questions.Select(question => (int[])[.. question, model.Special.Bot])], device);
        var pass = model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows), rows.Positions());
        var (cache, progress) = (pass.Cache, rows.Advance(null));
        var state = pass.Final.narrow(1, rows.Width - 1, 1);
        var (latents, levels) = (new List<Tensor>(), new List<Tensor>());
        for (var step = 0; step < steps; step++)
        {
            var latent = model.Feedback(state);
            latent = edit?.Invoke(step, latent.select(1, 0)).unsqueeze(1) ?? latent;
            var (positions, after) = progress.OneToken(device);
            pass = model.Decoder.Forward(weights, latent, positions, cache, levels: trajectory);
            (cache, progress, state) = (pass.Cache, after, pass.Final);
            latents.Add(latent);
            if (trajectory)
            {
                levels.Add(stack(pass.Levels!.Skip(1), 1));
            }
        }

        return new LatentSteps(
            latents.Count == 0 ? null : cat(latents, 1), levels.Count == 0 ? null : cat(levels, 2), cache, progress)
        { Last = state };
    }
}
