using LoRi.Models.Decoders;

namespace LoRi.Models.Sequences;

/// <summary>A student's whole pass in training: through question and latent steps, then over the answer.</summary>
/// <param name="Latents">What the latent steps gave.</param>
/// <param name="Answer">The pass over what follows them.</param>
public sealed record StudentPass(LatentSteps Latents, GradedPass Answer)
{
    /// <summary>Runs rows with equally many latent steps each.</summary>
    /// <param name="model">The student.</param>
    /// <param name="weights">Its weights of this step.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="levels">Whether the answer's levels are kept.</param>
    /// <param name="trajectory">Whether the levels of the latent steps are kept.</param>
    public static StudentPass Run(ReasoningModel model, DecoderWeights weights, IReadOnlyList<LatentRow> rows, bool levels = false,
        bool trajectory = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(rows);
        return After(LatentPass.Run(model, weights, [.. rows.Select(row => row.Question)], rows[0].Latents, trajectory), model, weights,
            rows, levels);
    }

    /// <summary>Runs what follows the latent steps of rows.</summary>
    /// <param name="latents">What their latent steps gave.</param>
    /// <param name="model">The student.</param>
    /// <param name="weights">Its weights of this step.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="levels">Whether the answer's levels are kept.</param>
    public static StudentPass After(LatentSteps latents, ReasoningModel model, DecoderWeights weights, IReadOnlyList<LatentRow> rows,
        bool levels = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new(latents, GradedPass.Run(model, weights, [.. rows.Select(row => row.After(model.Special.Eot))], levels, latents));
    }
}
