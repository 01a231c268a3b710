using System.Globalization;
using LoRi.Files;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Runs.Plans;
using LoRi.Runs.Settings;
using LoRi.Training.Methods;

namespace LoRi.Runs.Training;

/// <summary>What is looked at before the first step: rows that a model has no room for, and data that teach less than they seem
/// to.</summary>
/// <param name="settings">The run's settings.</param>
/// <param name="method">How the model is trained.</param>
/// <param name="data">Its rows.</param>
/// <param name="warn">Told what the user should look at.</param>
internal sealed class StartChecks(RunSettings settings, MethodPlan method, TrainingData data, Action<string> warn)
{
    /// <summary>More passes than these times those that were asked for are worth a word.</summary>
    private const double FarMore = 1.25;

    private readonly TrainOptions train = settings.Train;

    private MethodFacts About => method.About;

    private string Files => string.Join(' ', train.Data);

    /// <summary>Looks at what the rows hold.</summary>
    /// <exception cref="InputException">They lack what the method learns from.</exception>
    public void Rows()
    {
        Rationales();
        if (train.ValidationFraction > 0 && data.Validation.Count == 0)
        {
            warn($"--validation-fraction {Text(train.ValidationFraction)}: no row is held out of {data.Training.Count}, so nothing will "
                + "be validated");
        }

        if (data.Training.Count > 1 && data.Training.Skip(1).All(row => IsCopy(row, data.Training[0])))
        {
            warn($"--data {Files}: all {data.Training.Count:N0} training rows are one and the same, so that there is one row to learn "
                + "from");
        }

        if (settings.FormNote(method) is { } form)
        {
            warn(form);
        }
    }

    /// <summary>Refuses rows, trained on or held out, that are longer than the model or its frozen teacher has positions.</summary>
    /// <exception cref="InputException">There is one.</exception>
    public void Lengths(DecoderConfig model)
    {
        var (longest, place) = (data.Longest, data.LongestPlace);
        if (longest > model.LongestSequence)
        {
            throw new InputException(
                $"--data: the longest example makes {longest} tokens ({place}), but the model {model.LongestReason}; leave such rows out "
                    + $"with --max-tokens {model.LongestSequence}");
        }

        if (settings.TeacherShape() is { } teacher && data.TeacherRows.Max(row => row.ExplicitLength) is var chain
            && chain > teacher.LongestSequence)
        {
            throw new InputException(
                $"--data: the longest example makes {chain} tokens, but --teacher {train.Teacher} {teacher.LongestReason}; leave such "
                    + $"rows out with --max-tokens {teacher.LongestSequence}");
        }

        if (model.LengthNote(longest) is { } note)
        {
            warn($"--data: {note}; --max-tokens {model.MaxPositions} leaves such rows out");
        }
    }

    /// <summary>Says where the steps are not what the options seem to ask for.</summary>
    public void Steps(RunPlan plan)
    {
        var (batch, rows) = (train.BatchSize, data.Training.Count);
        method.Look(data.Training, new(plan.Steps, batch, rows), warn);
        var asked = train.Epochs;
        var passes = $"{plan.Steps:N0} {(plan.Steps == 1 ? "step makes" : "steps make")} {Text(plan.Epochs)} passes over the {rows:N0} "
            + $"{(rows == 1 ? "row" : "rows")}"
            + (asked is { } epochs ? $", where --epochs asks for {Text(epochs)}" : "");
        if (batch > rows)
        {
            warn($"--batch-size {batch} is larger than the data: a step holds every row {Text((double)batch / rows)} times, and {passes}; "
                + $"--batch-size {rows} or less holds each once at most");
        }
        else if (plan.Epochs > FarMore * asked)
        {
            warn($"--batch-size {batch}: only whole steps are made, and {passes}; a smaller --batch-size comes closer");
        }

        if (train.EvalEvery > plan.Steps && data.Validation.Count > 0)
        {
            warn($"--eval-every {train.EvalEvery}: the run has {plan.Steps} steps, so that the {data.Validation.Count:N0} rows held out "
                + $"are never evaluated; give {plan.Steps} or fewer");
        }
    }

    private static string Text(double number) => number.ToString("G3", CultureInfo.InvariantCulture);

    private static bool IsCopy(EncodedExample row, EncodedExample other) =>
        row.Question.AsSpan().SequenceEqual(other.Question) && row.Rationale.AsSpan().SequenceEqual(other.Rationale) && row.Answer.AsSpan()
            .SequenceEqual(other.Answer);

    private void Rationales()
    {
        var (without, all) = (data.WithoutRationale, data.Training.Count);
        if (About.NeedsRationale && without == all)
        {
            throw new InputException(
                $"--data {Files}: none of the {all} rows has a rationale, and --method {About.Name} learns from those; "
                + "name data that have one, or their column with --rationale-column");
        }

        if (About.ReadsChain && 2 * without > all)
        {
            var reader = About.IsStudent ? $"--method {About.Name}" : "a teacher";
            warn($"--data {Files}: {without:N0} of {all:N0} training rows have no rationale, which {reader} learns from; "
                + "--rationale-column names the column that has it");
        }
    }
}
