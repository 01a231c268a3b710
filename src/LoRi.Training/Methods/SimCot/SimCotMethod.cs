using LoRi.Files;
using LoRi.Files.Settings;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Training.Methods.Coconut;

namespace LoRi.Training.Methods.SimCot;

/// <summary>
/// SIM-CoT: CODI or Coconut whose latents an auxiliary decoder explains. See <see cref="SimCotOnCodi"/> and <see cref="SimCotOnCoconut"/>.
/// </summary>
internal sealed class SimCotMethod : IMethod
{
    /// <inheritdoc/>
    public MethodFacts About { get; } = new("sim-cot", "latent steps that an auxiliary decoder explains step by step")
    {
        Explanation = "takes latent steps as codi or coconut does, and a second decoder must write from each the step that it stands for",
        TakesLatentSteps = true,
        ReadsChain = true,
        NeedsSteps = true,
        ExplainsSteps = true,
        Inputs = [SimCotSettings.Decoder],
        Settings = SimCotSettings.All,
        Rules = SharedSettings.Rules,
    };

    /// <inheritdoc/>
    public Setting? UndividedBy(SettingValues values) => IsOnCoconut(values) ? null : SimCotSettings.On;

    /// <inheritdoc/>
    public Contradiction? Excludes(Setting setting, SettingValues values)
    {
        ArgumentNullException.ThrowIfNull(setting);
        var on = $"--on {Forms.Name(values.Get(SimCotSettings.On))}";
        return IsOnCoconut(values)
            ? Has(SimCotSettings.OfCodi, setting) ? new(on, "the latent steps are those of the coconut run; leave it out") : null
            : Has(SimCotSettings.OfCoconut, setting) ? new(on, "no chain is replaced step by step there; leave it out") : null;
    }

    /// <summary>On Coconut the latent steps are those of the run that it goes on from.</summary>
    public SettingValues StartingFrom(SettingValues values, string start)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Get(SimCotSettings.Decoder) is { } decoder)
        {
            DecoderStart.Check(decoder, start);
        }

        return IsOnCoconut(values) ? CoconutStart.Of(start).Into(values) : values;
    }

    /// <inheritdoc/>
    public MethodPlan Plan(SettingValues values) => new SimCotPlan(About, values);

    private static bool IsOnCoconut(SettingValues values) => values.Get(SimCotSettings.On) == ExplainedMethod.Coconut;

    private static bool Has(IReadOnlyList<Setting> settings, Setting setting) => settings.Any(own => own.Key == setting.Key);

    private sealed class SimCotPlan(MethodFacts about, SettingValues values) : MethodPlan
    {
        private readonly bool onCoconut = IsOnCoconut(values);
        private readonly int perStep = values.Get(CoconutSettings.PerStep);
        private readonly int last = values.Get(CoconutSettings.Last);

        public override MethodFacts About => about;

        public override SequenceForm Form => onCoconut ? TextForms.Coconut : SequenceForm.Plain;

        public override IReasoning Reasoning =>
            onCoconut ? new SequentialReasoning(perStep * last, perStep) : new SequentialReasoning(values.Get(SharedSettings.LatentSteps));

        public override ProjectionKind? Projection => onCoconut ? ProjectionKind.Identity : null;

        public override IReadOnlyList<Stage> Stages => [new LearningStage("train", _ => onCoconut ? OnCoconut() : OnCodi())];

        public override IReadOnlyList<ModelModule> Modules(DecoderConfig config)
        {
            var module = AuxiliaryDecoder.Module(config) with { Exported = values.Get(SimCotSettings.Keep) };
            var start = values.Get(SimCotSettings.Decoder);
            return [start is null ? module : module with { Initialise = (model, _) => DecoderStart.Fill(model, start) }];
        }

        public override void Look(IReadOnlyList<EncodedExample> rows, StageLength length, Action<string> warn)
        {
            if (rows.All(row => row.Explained.Count == 0))
            {
                var full = values.Get(RowSettings.TeacherText) == TeacherTextOption.Full;
                throw new InputException(
                    $"--data: none of the {rows.Count} training rows has a step that --method {about.Name} could explain; name data with "
                    + $"rationales of several steps{(full ? "" : ", or read all of them with --teacher-text full")}");
            }

            var (slots, most) = (LatentSlots.Of(Reasoning)!, rows.Max(row => row.Explained.Count));
            if (most * slots.PerSlot < Reasoning.LatentSteps)
            {
                warn($"--data: no training row has more than {most} step{(most == 1 ? "" : "s")} to explain: from "
                    + $"{slots.Name(most, Reasoning.LatentSteps)} on the auxiliary decoder is taught "
                    + (onCoconut ? "the answer instead" : "nothing"));
            }
        }

        private SimCotOnCodi OnCodi() => new(
            values.Get(SharedSettings.LatentSteps), values.Get(SharedSettings.LambdaAnchor), values.Get(SimCotSettings.Weight),
            values.Get(RowSettings.Grade));

        /// <summary>The whole chain is replaced from the first step on.</summary>
        private SimCotOnCoconut OnCoconut() => new(
            new LatentStages { PerStep = perStep, Last = last, First = last + 1, EpochsPerStage = 1, Reset = OptimizerReset.Never },
            values.Get(SimCotSettings.Weight));
    }
}
