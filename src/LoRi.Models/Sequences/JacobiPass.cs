using LoRi.Models.Decoders;
using static TorchSharp.torch;

namespace LoRi.Models.Sequences;

/// <summary>
/// Latent steps side by side, refined by Jacobi sweeps (Wu, Teng, Tu 2025, arXiv 2506.18582): every sweep passes all M inputs at once
/// after the question, and the projected state of each position becomes the input of the next. After M sweeps the inputs are those of
/// <see cref="LatentPass"/>.
/// </summary>
public static class JacobiPass
{
    /// <summary>
    /// Question and <c>&lt;bot&gt;</c>, then M positions of <c>&lt;latent&gt;</c>, whose states give the first inputs, then the sweeps.
    /// Every sweep begins at the cache of the question; the last one's cache is what the answer reads.
    /// </summary>
    /// <param name="model">The student; its marker <c>&lt;latent&gt;</c> must have a row.</param>
    /// <param name="weights">Its weights of this step.</param>
    /// <param name="questions">Ids of the questions.</param>
    /// <param name="steps">Latent steps M.</param>
    /// <param name="sweeps">Sweeps T, at least 1.</param>
    /// <param name="trajectory">Whether the levels of the last sweep are kept.</param>
    /// <param name="trace">Receives what is inside the blocks in the last sweep; null for nothing.</param>
    /// <param name="edit">Replaces inputs of steps in every sweep; null to leave them.</param>
    public static LatentSteps Run(
        ReasoningModel model, DecoderWeights weights, IReadOnlyList<int[]> questions, int steps, int sweeps, bool trajectory,
            DecoderTrace? trace = null, LatentEdit? edit = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        var rows = PaddedRows.Left([.. questions.Select(question => (int[])[.. question, model.Special.Bot])], model.Device);
        var first = model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows), rows.Positions());
        var start = rows.Advance(null);
        var marker = model.Special.Latent
            ?? throw new InvalidOperationException("invariant: a model without a latent marker was to take Jacobi sweeps");
        var places = PaddedRows.Right([.. questions.Select(_ => Enumerable.Repeat(marker, steps).ToArray())], model.Device);
        var positions = places.After(start);
        var before = first.Final.narrow(1, rows.Width - 1, 1);
        var pass = model.Decoder.Forward(weights, model.Decoder.Embed(weights, places), positions, first.Cache);
        Tensor inputs = null!;
        for (var sweep = 0; sweep < sweeps; sweep++)
        {
            inputs = model.Feedback(steps == 1 ? before : cat([before, pass.Final.narrow(1, 0, steps - 1)], 1));
            inputs = edit is null ? inputs : stack(Enumerable.Range(0, steps).Select(step => edit(step, inputs.select(1, step))), 1);
            var last = sweep == sweeps - 1;
            pass = model.Decoder.Forward(weights, inputs, positions, first.Cache, levels: trajectory && last, last ? trace : null);
        }

        var levels = trajectory ? stack(pass.Levels!.Skip(1), 1) : null;
        return new LatentSteps(inputs, levels, pass.Cache, places.Advance(start));
    }
}
