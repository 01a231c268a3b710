using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Methods;

/// <summary>A student's row beside the explicit one of the same problem.</summary>
/// <param name="Student">Question, latent steps, prefix and answer.</param>
/// <param name="Teacher">Question, rationale, prefix and answer.</param>
public record PairedRow(LatentRow Student, GradedRow Teacher);

/// <summary>
/// Self-distillation in one model: the same weights write the explicit chain and take the latent steps, both graded, and the student's
/// states before the answer are pulled to the teacher's. Masks are complete and positions count real tokens.
/// </summary>
/// <param name="reasoning">How the student takes its latent steps.</param>
/// <param name="anchors">How far its anchors are from the teacher's.</param>
/// <param name="anchorWeight">Weight of that distance.</param>
/// <param name="teacherWeight">Weight of the explicit chain's cross-entropy.</param>
/// <param name="grading">What is graded in the student's answer.</param>
public abstract class SelfDistillation(LatentReasoning reasoning, AnchorDistance anchors, double anchorWeight, double teacherWeight,
    Grading grading) : Objective<PairedRow>
{
    private const string Explicit = "teacher";

    /// <inheritdoc/>
    public override IReadOnlyList<PairedRow> LayOut(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw) =>
        [.. rows.Select(row => new PairedRow(LatentRow.Of(row, reasoning.Steps, grading), GradedRow.Explicit(row)))];

    /// <inheritdoc/>
    public override int LengthOf(PairedRow row) => row.Student.Length + row.Teacher.Ids.Length;

    /// <inheritdoc/>
    public override Totals Count(IReadOnlyList<PairedRow> rows) => new(
        (Totals.Rows, rows.Count), (Totals.Task, rows.Sum(row => row.Student.Graded)), (Explicit, rows.Sum(row => row.Teacher.Graded)));

    /// <inheritdoc/>
    public override Tensor Task(ReasoningModel model, IReadOnlyList<PairedRow> part, Totals whole)
    {
        var weights = model.Weights();
        return Student(model, weights, part).Answer.CrossEntropySum.Over(whole[Totals.Task]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<PairedRow> part, Totals whole)
    {
        var weights = model.Weights();
        var teacher = Teacher(model, weights, part);
        return Terms(Student(model, weights, part, levels: true).Answer, teacher, part.Count, whole);
    }

    /// <summary>The pass over the explicit rows, with its levels.</summary>
    /// <param name="model">The model that is trained, which is its own teacher.</param>
    /// <param name="weights">Its weights in this step.</param>
    /// <param name="part">Some rows of the step.</param>
    /// <param name="trace">Where keys and values of the pass are noted; null for nowhere.</param>
    protected static GradedPass Teacher(ReasoningModel model, DecoderWeights weights, IReadOnlyList<PairedRow> part,
        DecoderTrace? trace = null) =>
        GradedPass.Run(model, weights, [.. part.Select(row => row.Teacher)], levels: true, trace: trace);

    /// <summary>The student's pass.</summary>
    /// <param name="model">The model that is trained.</param>
    /// <param name="weights">Its weights in this step.</param>
    /// <param name="part">Some rows of the step.</param>
    /// <param name="levels">Whether states of all levels are kept rather than the last one's.</param>
    protected StudentPass Student(ReasoningModel model, DecoderWeights weights, IReadOnlyList<PairedRow> part, bool levels = false)
    {
        LatentRow[] rows = [.. part.Select(row => row.Student)];
        return StudentPass.After(reasoning.Think(model, weights, [.. rows.Select(row => row.Question)], trajectory: false), model, weights,
            rows, levels);
    }

    /// <summary>Both cross-entropies and the distance of the anchors.</summary>
    /// <param name="student">The student's pass.</param>
    /// <param name="teacher">The pass over the explicit rows.</param>
    /// <param name="rows">Rows of the pass.</param>
    /// <param name="whole">What the whole step's terms are divided by.</param>
    protected IReadOnlyList<LossTerm> Terms(GradedPass student, GradedPass teacher, int rows, Totals whole)
    {
        ArgumentNullException.ThrowIfNull(student);
        ArgumentNullException.ThrowIfNull(teacher);
        ArgumentNullException.ThrowIfNull(whole);
        var share = (double)rows / whole[Totals.Rows];
        var distance = anchors.Of(student.Anchors(anchors.FirstLevel), teacher.Anchors(anchors.FirstLevel));
        return
        [
            new LossTerm("task", student.CrossEntropySum.Over(whole[Totals.Task]), 1),
            new LossTerm(Explicit, teacher.CrossEntropySum.Over(whole[Explicit]), teacherWeight),
            new LossTerm("anchor", distance.Times(share), anchorWeight),
        ];
    }
}
