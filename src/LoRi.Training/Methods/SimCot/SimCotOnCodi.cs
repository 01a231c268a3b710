using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;

namespace LoRi.Training.Methods.SimCot;

/// <summary>A pair of rows with what the auxiliary decoder is to write of every slot; nothing where a chain has no step for it.</summary>
internal sealed record ExplainedPair(LatentRow Student, GradedRow Teacher, IReadOnlyList<int[]> Targets) : PairedRow(Student, Teacher);

/// <summary>
/// SIM-CoT (Wei et al. 2025, arXiv 2509.20317) on CODI: beside CODI's terms an auxiliary decoder writes step j of the chain from latent
/// z_j, M latents and the state after them: <c>mean over slots with a step of the mean cross-entropy of their tokens</c>. Steps beyond
/// M + 1 join the last slot. Nothing is cut to the length of other rows, unlike in the published code.
/// </summary>
/// <param name="latentSteps">Latent steps M.</param>
/// <param name="distillationWeight">Weight of CODI's anchor loss.</param>
/// <param name="explanationWeight">Weight of the explanations.</param>
/// <param name="grading">What is graded in the student's answer.</param>
internal sealed class SimCotOnCodi(int latentSteps, double distillationWeight, double explanationWeight, Grading grading)
    : SelfDistillation(new SequentialReasoning(latentSteps), new AnchorDistance(0, AnchorNorm.SmoothL1, AnchorUnit.EachLevel),
        distillationWeight, teacherWeight: 1, grading)
{
    private const string Explanation = "explain";

    /// <summary>How latents are shared out.</summary>
    public LatentSlots Slots { get; } = LatentSlots.Of(new SequentialReasoning(latentSteps))!;

    /// <inheritdoc/>
    public override IReadOnlyList<PairedRow> LayOut(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var targets = rows.Select(row => row.Explained.InSlots(Slots.Slots, row.Answer[^1]));
        return [.. base.LayOut(rows, now, draw).Zip(targets, (row, slots) => new ExplainedPair(row.Student, row.Teacher, slots))];
    }

    /// <inheritdoc/>
    public override int LengthOf(PairedRow row) => base.LengthOf(row) + Targets(row).Sum(ids => ids.Length);

    /// <inheritdoc/>
    public override Totals Count(IReadOnlyList<PairedRow> rows) => base.Count(rows) + new Totals(
        [.. Enumerable.Range(0, Slots.Slots).Select(slot => (NameOf(slot), rows.Sum(row => (long)Targets(row)[slot].Length)))]);

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<PairedRow> part, Totals whole)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(part);
        ArgumentNullException.ThrowIfNull(whole);
        var weights = model.Weights();
        var teacher = Teacher(model, weights, part);
        var student = Student(model, weights, part, levels: true);
        var filled = Enumerable.Range(0, Slots.Slots).Count(slot => whole[NameOf(slot)] > 0);
        var explained = new SlotLosses(Slots).Total(
            model, weights, student.Latents, [.. part.Select(Targets)], slot => (double)filled * whole[NameOf(slot)]);
        return [.. Terms(student.Answer, teacher, part.Count, whole), new LossTerm(Explanation, explained, explanationWeight)];
    }

    private static IReadOnlyList<int[]> Targets(PairedRow row) => ((ExplainedPair)row).Targets;

    private static string NameOf(int slot) => $"{Explanation} {slot + 1}";
}
