using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using LoRi.Training.Methods.Coconut;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.SimCot;

/// <summary>A row with what the auxiliary decoder is to write of every slot.</summary>
internal sealed record ExplainedRow(LatentRow Row, IReadOnlyList<int[]> Targets);

/// <summary>
/// SIM-CoT (Wei et al. 2025, arXiv 2509.20317) on Coconut: beside Coconut's cross-entropy an auxiliary decoder writes each step that
/// latents stand for from the c latents of that step. The last slot has all steps that are left; a row with fewer steps than slots
/// writes what follows its latents there. The published divisors: a slot's sum by rows, and all by slots.
/// </summary>
/// <param name="stages">What is replaced when.</param>
/// <param name="weight">Weight of the explanations.</param>
internal sealed class SimCotOnCoconut(LatentStages stages, double weight) : Objective<ExplainedRow>
{
    private readonly CoconutObjective coconut = new(stages, uniform: 0);

    /// <inheritdoc/>
    public override ICurriculum Curriculum => stages;

    /// <inheritdoc/>
    public override IReadOnlyList<ExplainedRow> LayOut(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var stage = stages.StageAt(now);
        ExplainedRow Explained(LatentRow row, EncodedExample from) =>
            new(row, TargetsOf(row, from, stages.Of(stage, from.Steps.Count).Skipped));
        return [.. coconut.LayOut(rows, now, draw).Zip(rows, Explained)];
    }

    /// <inheritdoc/>
    public override int LengthOf(ExplainedRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.Row.Length + row.Row.Latents + row.Targets.Sum(ids => ids.Length - 1);
    }

    /// <inheritdoc/>
    public override Totals Count(IReadOnlyList<ExplainedRow> rows) => coconut.Count(Plain(rows)) + new Totals((Totals.Rows, rows.Count));

    /// <inheritdoc/>
    public override Tensor Task(ReasoningModel model, IReadOnlyList<ExplainedRow> part, Totals whole) =>
        coconut.Task(model, Plain(part), whole);

    /// <summary>Rows with as many latent steps pass together.</summary>
    public override IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<ExplainedRow> part, Totals whole)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(whole);
        var weights = model.Weights();
        Tensor? task = null, explained = null;
        foreach (var rows in part.GroupBy(row => row.Row.Latents).Select(group => group.ToArray()))
        {
            var pass = StudentPass.Run(model, weights, Plain(rows));
            task = Sum(task, pass.Answer.CrossEntropySum);
            if (rows[0].Targets.Count > 0)
            {
                var slots = LatentSlots.Of(new SequentialReasoning(rows[0].Row.Latents, stages.PerStep))!;
                var divisor = (double)slots.Slots * whole[Totals.Rows];
                IReadOnlyList<int[]>[] targets = [.. rows.Select(row => row.Targets)];
                explained = Sum(explained, new SlotLosses(slots).Total(model, weights, pass.Latents, targets, _ => divisor));
            }
        }

        return
        [
            new LossTerm("task", task!.Over(whole[Totals.Task]), 1),
            new LossTerm("explain", explained ?? zeros([], ScalarType.Float64, model.Device), weight),
        ];
    }

    private static Tensor Sum(Tensor? sum, Tensor more) => sum is null ? more : sum.Plus(more);

    private static LatentRow[] Plain(IReadOnlyList<ExplainedRow> rows) => [.. rows.Select(row => row.Row)];

    private int[][] TargetsOf(LatentRow row, EncodedExample from, int replaced) =>
    [
        .. from.Explained.First(replaced).InSlots(row.Latents / stages.PerStep, row.Tail[^1])
            .Select(ids => ids.Length > 0 ? ids : row.Tail),
    ];
}
