using LoRi.Files.Settings;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;

namespace LoRi.Training.Methods.Coconut;

/// <summary>Coconut: a chain of thought that gives way to latent steps. See <see cref="CoconutObjective"/>.</summary>
internal sealed class CoconutMethod : IMethod
{
    /// <inheritdoc/>
    public MethodFacts About { get; } = new("coconut", "a chain of thought replaced step by step by latent steps")
    {
        Explanation = "learns with the written chain, of which one step after the other gives way to latent steps",
        TakesLatentSteps = true,
        ReadsChain = true,
        NeedsRationale = true,
        NeedsSteps = true,
        Settings = CoconutSettings.All,
        Rules = CoconutSettings.Rules,

        // The last three rows are begin, end and the latent token, which the published code replaces by the states.
        Published = new("base_causallm.", 6, steps => new SequentialReasoning(steps))
        {
            Start = 0,
            End = 1,
            Form = TextForms.Coconut,
            Copies = ["embedding.weight"],
        },
    };

    /// <inheritdoc/>
    public MethodPlan Plan(SettingValues values) => new CoconutPlan(About, values);

    private sealed class CoconutPlan(MethodFacts about, SettingValues values) : MethodPlan
    {
        /// <summary>The token whose row the markers begin as, where the tokenizer has it: the published code's.</summary>
        private const string MarkersBegin = "<<";

        private readonly LatentStages stages = new()
        {
            PerStep = values.Get(CoconutSettings.PerStep),
            Last = values.Get(CoconutSettings.Last),
            First = values.Get(CoconutSettings.First),
            EpochsPerStage = values.Get(CoconutSettings.EpochsPerStage),
            PadsLatents = !values.Get(CoconutSettings.FewerLatents),
            Reset = values.Get(SharedSettings.OptimizerReset),
        };

        public override MethodFacts About => about;

        public override SequenceForm Form => TextForms.Coconut;

        public override IReasoning Reasoning => new SequentialReasoning(stages.PerStep * stages.Last, stages.PerStep);

        /// <summary>Without the stage in which it learns to write chains, the start must write them already.</summary>
        public override bool StartsFromForm => stages.First > 0;

        public override MarkerRows? Markers { get; } = new(Latent: false, MarkersBegin);

        public override ProjectionKind? Projection => ProjectionKind.Identity;

        /// <summary>A run that ends before chains are wholly replaced leaves a model that is asked otherwise than it has learnt.</summary>
        public override void Look(IReadOnlyList<EncodedExample> rows, StageLength length, Action<string> warn)
        {
            ArgumentNullException.ThrowIfNull(rows);
            ArgumentNullException.ThrowIfNull(warn);
            var (stage, longer) = (stages.StageAt(length.Last), rows.Count(row => row.Steps.Count > stages.StageAt(length.Last)));
            if (stage < stages.Last || (stage == stages.Last && longer > 0))
            {
                warn($"the run ends in stage {stage} of {stages.Last + 1}: {longer:N0} of {rows.Count:N0} rows have more than the "
                    + $"{stage} steps that are replaced there, and the trained model, which is asked with {Reasoning.LatentSteps} latent "
                    + $"steps, has learnt {stage * stages.PerStep}; train longer, or lower --epochs-per-stage or --last-stage");
            }
        }

        public override IReadOnlyList<Stage> Stages =>
            [new LearningStage("train", _ => new CoconutObjective(stages, values.Get(CoconutSettings.Uniform)))];
    }
}
