using LoRi.Files.Settings;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;

namespace LoRi.Training.Methods.IcotSi;

/// <summary>iCoT-SI: stepwise internalisation. See <see cref="IcotSiObjective"/>.</summary>
internal sealed class IcotSiMethod : IMethod
{
    /// <inheritdoc/>
    public MethodFacts About { get; } = new("icot-si", "a chain of thought that is removed token by token")
    {
        NeedsRationale = true,
        ReadsChain = true,
        Settings = IcotSiSettings.All,
    };

    /// <inheritdoc/>
    public MethodPlan Plan(SettingValues values) => new IcotSiPlan(About, values);

    /// <summary>The model is asked as it was trained: it writes what was left of its chain, an end of sequence, the answer and another
    /// one.</summary>
    private sealed class IcotSiPlan(MethodFacts about, SettingValues values) : MethodPlan
    {
        private const int Ends = 2;

        public override MethodFacts About => about;

        public override SequenceForm Form => IcotSiForm.Value;

        public override IReasoning Reasoning => PlainReasoning.Explicit;

        public override int StopAfterEnds => Ends;

        public override ProjectionKind? Projection => ProjectionKind.Identity;

        public override IReadOnlyList<Stage> Stages => [new LearningStage("train", Objective)];

        private IcotSiObjective Objective(StageContext context) => new(
            ScheduleOf(context),
            new RemovalOffsets(values.Get(IcotSiSettings.Smoothing) ?? double.PositiveInfinity).Draw,
            values.Get(IcotSiSettings.Side),
            keepsPositions: false,
            values.Get(SharedSettings.OptimizerReset));

        private RemovalSchedule ScheduleOf(StageContext context) => new()
        {
            StepsPerEpoch = (context.Rows.Count + context.BatchSize - 1) / context.BatchSize,
            PerEpoch = values.Get(IcotSiSettings.PerEpoch),
            StartFrom = values.Get(IcotSiSettings.StartFrom),
            AllFrom = values.Get(IcotSiSettings.AllFrom),
            PretrainEpochs = values.Get(IcotSiSettings.Pretrain),
        };
    }
}
