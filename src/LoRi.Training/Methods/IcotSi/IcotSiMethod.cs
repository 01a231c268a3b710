using LoRi.Files.Settings;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;

namespace LoRi.Training.Methods.IcotSi;

/// <summary>iCoT-SI: stepwise internalisation. See <see cref="IcotSiObjective"/>.</summary>
internal sealed class IcotSiMethod : IMethod
{
    /// <inheritdoc/>
    public MethodFacts About { get; } = new("icot-si", "a chain of thought that is removed token by token")
    {
        Explanation = "learns with the written chain, of which more and more tokens are removed until it answers at once",
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
        public override MethodFacts About => about;

        public override SequenceForm Form => TextForms.Icot;

        public override IReasoning Reasoning => PlainReasoning.Explicit;

        public override IReadOnlyList<Stage> Stages => [new LearningStage("train", Objective)];

        /// <summary>Chains that are longer than what is removed in the end are still written by the trained model, in part.</summary>
        public override void Look(IReadOnlyList<EncodedExample> rows, StageLength length, Action<string> warn)
        {
            ArgumentNullException.ThrowIfNull(rows);
            ArgumentNullException.ThrowIfNull(warn);
            if (ScheduleOf(length.Rows, length.BatchSize).At(length.Steps - 1) is { } removed
                && rows.Count(row => row.Rationale.Length > removed) is > 0 and var longer)
            {
                warn($"the run ends with {removed} tokens removed, and {longer:N0} of {rows.Count:N0} chains are longer, up to "
                    + $"{rows.Max(row => row.Rationale.Length)} tokens: the trained model still writes what is left of them; train longer, "
                    + "or raise --remove-per-epoch, or lower --remove-all-from");
            }
        }

        private IcotSiObjective Objective(StageContext context) => new(
            ScheduleOf(context.Rows.Count, context.BatchSize),
            new RemovalOffsets(values.Get(IcotSiSettings.Smoothing) ?? double.PositiveInfinity).Draw,
            values.Get(IcotSiSettings.Side),
            keepsPositions: false,
            values.Get(SharedSettings.OptimizerReset));

        private RemovalSchedule ScheduleOf(int rows, int batch) => new()
        {
            StepsPerEpoch = (rows + batch - 1) / batch,
            PerEpoch = values.Get(IcotSiSettings.PerEpoch),
            StartFrom = values.Get(IcotSiSettings.StartFrom),
            AllFrom = values.Get(IcotSiSettings.AllFrom),
            PretrainEpochs = values.Get(IcotSiSettings.Pretrain),
        };
    }
}
