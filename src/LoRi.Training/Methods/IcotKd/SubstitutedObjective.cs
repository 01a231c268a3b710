using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.IcotKd;

/// <summary>
/// iCoT-KD (Deng et al. 2023, arXiv 2311.01460): the cross-entropy of the answer after the question, into whose last token the student gets
/// states written before every block (<see cref="StateMaps"/>): the teacher's in the first stage, emulated ones in the last.
/// </summary>
/// <param name="states">Where they come from.</param>
internal sealed class SubstitutedObjective(IStateSource states) : Objective<EncodedExample>
{
    /// <inheritdoc/>
    public override IReadOnlyList<EncodedExample> LayOut(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw) => rows;

    /// <inheritdoc/>
    public override int LengthOf(EncodedExample row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return states.LengthOf(row) + row.Question.Length + row.Answer.Length;
    }

    /// <inheritdoc/>
    public override Totals Count(IReadOnlyList<EncodedExample> rows) => new((Totals.Task, rows.Sum(row => row.Answer.Length)));

    /// <inheritdoc/>
    public override Tensor Task(ReasoningModel model, IReadOnlyList<EncodedExample> part, Totals whole) =>
        Pass(model, part).CrossEntropySum.Over(whole[Totals.Task]);

    /// <summary>The student's pass over question and answer.</summary>
    public GradedPass Pass(ReasoningModel model, IReadOnlyList<EncodedExample> part)
    {
        ArgumentNullException.ThrowIfNull(model);
        static GradedRow WithAnswer(EncodedExample row) =>
            new([.. row.Question, .. row.Answer], row.Question.Length, row.Question.Length - 1);
        GradedRow[] rows = [.. part.Select(WithAnswer)];
        var write = StateMaps.Writing(model, states.Read(model, part), [.. rows.Select(row => row.Anchor)]);
        return GradedPass.Run(model, model.Weights(), rows, levels: false, intervention: write);
    }
}
