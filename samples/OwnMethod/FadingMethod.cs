using LoRi.Files.Settings;
using LoRi.Models.Reasoning;
using LoRi.Training.Methods;
using LoRi.Training.Methods.CotSft;

namespace OwnMethod;

/// <summary>A method of one's own: first the whole chain of thought, then a chain that fades; the trained model answers at once.</summary>
public sealed class FadingMethod : IMethod
{
    /// <summary>Steps between two removals: <c>--fade-every</c> on the command line, <c>fade_every</c> in files.</summary>
    public static readonly Setting<int> FadeEvery =
        new("fade_every", "steps", Forms.Whole(1), 10, "steps between two tokens that the chain of thought loses");

    /// <summary>Its name, its setting, and what it needs.</summary>
    public MethodFacts About { get; } = new("fading-cot", "a chain of thought that fades")
    {
        ReadsChain = true,
        NeedsRationale = true,
        Settings = [FadeEvery],
    };

    /// <summary>Two stages on one model.</summary>
    public MethodPlan Plan(SettingValues values) => new Fading(About, values.Get(FadeEvery));

    private sealed class Fading(MethodFacts about, int every) : MethodPlan
    {
        public override MethodFacts About => about;

        public override IReasoning Reasoning => PlainReasoning.Direct;

        public override IReadOnlyList<Stage> Stages =>
        [
            new LearningStage("explicit", _ => new ExplicitObjective()),
            new LearningStage("fading", _ => new FadingObjective(every)),
        ];
    }
}
