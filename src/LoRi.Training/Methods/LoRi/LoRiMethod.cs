using LoRi.Files.Settings;
using LoRi.Math;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Training.Teachers;

namespace LoRi.Training.Methods.LoRi;

/// <summary>LoRi: the frozen teacher's coordinates are collected, then a student learns from them. See
/// <see cref="LoRiObjective"/>.</summary>
internal sealed class LoRiMethod : IMethod
{
    /// <inheritdoc/>
    public MethodFacts About { get; } = new("lori", "low-rank distillation for implicit reasoning")
    {
        Explanation = "takes latent steps whose states are pulled to the teacher's chain in a shared low-rank subspace, by their moments",
        TakesLatentSteps = true,
        HasFrozenTeacher = true,
        HoldsTeacherBy = AlignmentSettings.Online.Flag,
        NeedsRationale = true,
        Settings = [.. SharedSettings.OfLatents, .. AlignmentSettings.All],
        Rules = [.. SharedSettings.Rules, .. AlignmentSettings.Rules],
        Inputs = [AlignmentSettings.Subspace],
    };

    /// <inheritdoc/>
    public MethodPlan Plan(SettingValues values) => new LoRiPlan(About, values);

    /// <inheritdoc/>
    public Setting? UndividedBy(SettingValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Get(AlignmentSettings.AnchorStd) == AnchorScale.Batch ? AlignmentSettings.AnchorStd : null;
    }

    /// <inheritdoc/>
    public void CheckTeacher(SettingValues values, string teacher, DecoderConfig shape)
    {
        var options = new LoRiOptions(values);
        options.ValidateShape(teacher, shape);
        GivenSubspace.Read(options, teacher, shape);
    }

    private sealed class LoRiPlan(MethodFacts about, SettingValues values) : MethodPlan
    {
        private readonly LoRiOptions options = new(values);
        private readonly int steps = values.Get(SharedSettings.LatentSteps);
        private LoRiTeacher? teacher;

        public override MethodFacts About => about;

        public override IReasoning Reasoning => new SequentialReasoning(steps);

        public override IReadOnlyList<Stage> Stages =>
        [
            new CollectingStage("collect", context => teacher = new TeacherCollection(options, context).Collect()) { IsShared = true },
            new LearningStage("train", _ => new LoRiObjective(
                teacher ?? throw new InvalidOperationException("invariant: LoRi without its teacher's targets"), options.Weights, steps,
                    values.Get(RowSettings.Grade))),
        ];

        /// <summary>Moments of one step, or third ones of two, are zero whatever the student does.</summary>
        public override void Look(IReadOnlyList<EncodedExample> rows, StageLength length, Action<string> warn)
        {
            ArgumentNullException.ThrowIfNull(warn);
            var (rationale, order) = (options.Objective.Rationale, options.Objective.Rationale.Order);
            var isOn = options.Weights.Rationale > 0;
            if (isOn && steps == 1 && !rationale.Covariance.IsOff && options.Weights.Covariance > 0)
            {
                warn("--latent-steps 1: the covariance of a single step is zero, so that the covariance term teaches nothing; take more "
                    + "steps, or --covariance off");
            }

            if (isOn && options.Weights.Order > 0 && ((steps == 1 && !order.IsOff) || (steps == 2 && order.IsThird)))
            {
                warn($"--latent-steps {steps}: the statistic of {AlignmentSettings.Order.Say(values)} is zero for so few steps, so that "
                    + "the order term teaches nothing; take more steps, or --order none");
            }
        }

        protected override void Dispose(bool disposing)
        {
            teacher?.Dispose();
            base.Dispose(disposing);
        }
    }
}
