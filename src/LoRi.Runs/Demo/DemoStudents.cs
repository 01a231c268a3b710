using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Training;
using LoRi.Training.Methods;
using LoRi.Training.Methods.Codi;
using LoRi.Training.Methods.CotSft;
using LoRi.Training.Methods.LatentCrossEntropy;
using LoRi.Training.Methods.LoRi;
using LoRi.Training.Methods.NoCot;
using LoRi.Training.Teachers;

namespace LoRi.Runs.Demo;

/// <summary>How a student of the demonstration answers, and what it minimises.</summary>
internal sealed record DemoMethod(IReasoning Reasoning, IObjective Objective);

/// <summary>The students that the demonstration compares, in the order of its table.</summary>
internal static class DemoStudents
{
    public const string Explicit = "cot";
    public const string EqualTime = "no-cot-equal-time";
    public const string LoRi = "lori";
    public const string NoCot = "no-cot";
    private const double RationaleWeight = 5;
    private const double AnchorWeight = 0.2;

    /// <summary>Every student's name; the teacher's row comes before them.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [LoRi, "rationale-only", "anchor-only", "codi", "latent-ce", NoCot, EqualTime];

    /// <summary>What a row of the table is, in a sentence; null for a name that there is not.</summary>
    public static string? Explain(string name) => name switch
    {
        "rationale-only" => "lori without its anchor term: only the latent steps' moments are pulled to the teacher's",
        "anchor-only" => "lori without its rationale term: only the state just before the answer is pulled to the teacher's",
        EqualTime => "no-cot, trained for as many steps as fit into lori's time",
        _ => KnownMethods.Find(name)?.About.Explanation,
    };

    /// <summary>The teacher's way to an answer, and its objective.</summary>
    public static DemoMethod Teacher { get; } = new(PlainReasoning.Explicit, new ExplicitObjective());

    /// <summary>The method behind a name.</summary>
    public static DemoMethod Create(string name, LoRiTeacher teacher, int latentSteps) => name switch
    {
        LoRi => Latent(WithTeacher(teacher, latentSteps, RationaleWeight, AnchorWeight), latentSteps),
        "rationale-only" => Latent(WithTeacher(teacher, latentSteps, RationaleWeight, 0), latentSteps),
        "anchor-only" => Latent(WithTeacher(teacher, latentSteps, 0, AnchorWeight), latentSteps),
        "codi" => Latent(new CodiObjective(latentSteps, distillationWeight: 1, teacherWeight: 1, Grading.Answer), latentSteps),
        "latent-ce" => Latent(new LatentObjective(latentSteps, Grading.Answer), latentSteps),
        NoCot or EqualTime => new(PlainReasoning.Direct, new DirectObjective(Grading.Answer)),
        _ => throw new InvalidOperationException($"invariant: the demonstration has no student {name}"),
    };

    private static DemoMethod Latent(IObjective objective, int steps) => new(new SequentialReasoning(steps), objective);

    private static LoRiObjective WithTeacher(LoRiTeacher teacher, int latentSteps, double rationale, double anchor) =>
        new(teacher, new LoRiWeights(1, 1, 1, rationale, anchor), latentSteps, Grading.Answer);
}
