using LoRi.Files.Settings;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;

namespace LoRi.Training.Methods.IcotKd;

/// <summary>
/// iCoT-KD: states of the teacher's chain, written into the student; then emulated from the question. See
/// <see cref="SubstitutedObjective"/>.
/// </summary>
internal sealed class IcotKdMethod : IMethod
{
    /// <inheritdoc/>
    public MethodFacts About { get; } = new("icot-kd", "states of the chain written into the student's blocks, emulated from the question")
    {
        Explanation = "answers at once; its blocks are taught to hold states of the chain that a second model guesses from the question",
        HasFrozenTeacher = true,
        HoldsTeacher = true,
        StartsFromBase = true,
        NeedsRationale = true,
        Settings = IcotKdSettings.All,
    };

    /// <inheritdoc/>
    public MethodPlan Plan(SettingValues values) => new IcotKdPlan(About, values);

    /// <summary>The teacher is held while stages learn from it, and no longer.</summary>
    private sealed class IcotKdPlan(MethodFacts about, SettingValues values) : MethodPlan
    {
        private TeacherStates? teacher;

        /// <summary>Rows of the model's table before those of markers are added: what the emulator has.</summary>
        private int vocabulary = 1;

        public override MethodFacts About => about;

        public override SequenceForm Form => TextForms.Icot;

        public override IReasoning Reasoning => Substituted;

        public override IReadOnlyList<Stage> Stages =>
        [
            new LearningStage("student", context => new SubstitutedObjective(TeacherOf(context)))
            {
                Trains = [LearningStage.Decoder, StateMaps.Name],
            },
            new LearningStage("emulator", context => new EmulatorObjective(TeacherOf(context), Emulated))
            {
                Trains = [StateEmulator.Name],
            },
            new LearningStage("coupled", _ => new SubstitutedObjective(WithoutTeacher())),
        ];

        private SubstitutedReasoning Substituted =>
            new(values.Get(IcotKdSettings.Components), values.Get(IcotKdSettings.Temperature), vocabulary);

        private EmulatedStates Emulated => new(Substituted.Emulator);

        public override IReadOnlyList<ModelModule> Modules(DecoderConfig config)
        {
            ArgumentNullException.ThrowIfNull(config);
            vocabulary = config.VocabularySize;
            return Substituted.Modules(config);
        }

        protected override void Dispose(bool disposing)
        {
            teacher?.Dispose();
            base.Dispose(disposing);
        }

        private TeacherStates TeacherOf(StageContext context) =>
            teacher ??= new(context.LoadTeacher(), new StatePlaces(values.Get(IcotKdSettings.Step)).Of);

        private EmulatedStates WithoutTeacher()
        {
            teacher?.Dispose();
            teacher = null;
            return Emulated;
        }
    }
}
