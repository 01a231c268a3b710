using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Runs.Settings;
using LoRi.Training.Methods;
using LoRi.Training.Methods.LoRi;

namespace LoRi.Runs.Training;

/// <summary>LoRi: the frozen teacher's coordinates are collected, then a student learns from them.</summary>
internal sealed class LoRiPlan(RunSettings settings) : MethodPlan
{
    private readonly LoRiOptions options = settings.LoRi;
    private readonly int steps = settings.Latent.LatentSteps;
    private LoRiTeacher? teacher;

    /// <inheritdoc/>
    public override MethodFacts About => MethodNames.Of(MethodNames.LoRi);

    /// <inheritdoc/>
    public override IReasoning Reasoning { get; } = new SequentialReasoning(settings.Latent.LatentSteps);

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Stages =>
    [
        new CollectingStage("collect", context => teacher = new TeacherCollection(settings, context).Collect()),
        new LearningStage("train", _ => new LoRiObjective(
            teacher ?? throw new InvalidOperationException("invariant: LoRi without its teacher's targets"), options.Weights, steps, settings.Latent.Grade)),
    ];

    /// <summary>Moments of one step, or third ones of two, are zero whatever the student does.</summary>
    public override void Look(IReadOnlyList<EncodedExample> rows, Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(warn);
        var (weights, objective) = (options.Weights, options.Objective.Rationale);
        var rationale = weights.Rationale > 0;
        if (rationale && steps == 1 && !objective.Covariance.IsOff && weights.Covariance > 0)
        {
            warn("--latent-steps 1: the covariance of a single step is zero, so that the covariance term teaches nothing; take more steps, or --covariance off");
        }

        if (rationale && weights.Order > 0 && ((steps == 1 && !objective.Order.IsOff) || (steps == 2 && objective.Order.IsThird)))
        {
            warn($"--latent-steps {steps}: the statistic of {AlignmentSettings.Order.Say(settings.Values)} is zero for so few steps, so that the order term teaches nothing; take more steps, or --order none");
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        teacher?.Dispose();
        base.Dispose(disposing);
    }
}
