using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.Coconut;

/// <summary>
/// Coconut (Hao et al. 2024, arXiv 2412.06769): stage by stage the first steps of the chain of thought give way to latent steps, whose
/// input is the final state before them. Cross-entropy on what is left of the chain and on the answer.
/// </summary>
/// <param name="stages">What is replaced when.</param>
/// <param name="uniform">Share of rows that learn another stage, any that their chain has steps for, against forgetting.</param>
internal sealed class CoconutObjective(LatentStages stages, double uniform) : Objective<LatentRow>
{
    /// <inheritdoc/>
    public override ICurriculum Curriculum => stages;

    /// <inheritdoc/>
    public override IReadOnlyList<LatentRow> LayOut(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw)
    {
        ArgumentNullException.ThrowIfNull(draw);
        var stage = stages.StageAt(now);
        return [.. rows.Select(row => RowOf(row, uniform > 0 && draw.Uniform() < uniform ? draw.Below(row.Steps.Count + 1) : stage))];
    }

    /// <inheritdoc/>
    public override int LengthOf(LatentRow row) => row.Length;

    /// <inheritdoc/>
    public override Totals Count(IReadOnlyList<LatentRow> rows) => new((Totals.Task, rows.Sum(row => row.Graded)));

    /// <summary>Rows with as many latent steps pass together.</summary>
    public override Tensor Task(ReasoningModel model, IReadOnlyList<LatentRow> part, Totals whole)
    {
        var weights = model.Weights();
        var sums = part.GroupBy(row => row.Latents).Select(rows => StudentPass.Run(model, weights, [.. rows]).Answer.CrossEntropySum);
        return sums.Aggregate((all, one) => all.Plus(one)).Over(whole[Totals.Task]);
    }

    private LatentRow RowOf(EncodedExample row, int stage)
    {
        var (skipped, latents) = stages.Of(stage, row.Steps.Count);
        return new(row.Index, row.Question, latents, [.. row.Steps.Skip(skipped).SelectMany(step => step), .. row.Prefix, .. row.Answer], 0,
            -1);
    }
}
