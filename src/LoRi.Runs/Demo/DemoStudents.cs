using LoRi.Models.Sequences;
using LoRi.Training.Methods;
using LoRi.Training.Methods.Codi;
using LoRi.Training.Methods.LatentCrossEntropy;
using LoRi.Training.Methods.LoRi;
using LoRi.Training.Methods.NoCot;

namespace LoRi.Runs.Demo;

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

    /// <summary>The method behind a name.</summary>
    public static ITrainingMethod Create(string name, LoRiTeacher teacher, int latentSteps) => name switch
    {
        LoRi => WithTeacher(teacher, latentSteps, RationaleWeight, AnchorWeight),
        "rationale-only" => WithTeacher(teacher, latentSteps, RationaleWeight, 0),
        "anchor-only" => WithTeacher(teacher, latentSteps, 0, AnchorWeight),
        "codi" => new CodiMethod(latentSteps, distillationWeight: 1, teacherWeight: 1, Grading.Answer),
        "latent-ce" => new LatentCrossEntropyMethod(latentSteps, Grading.Answer),
        _ => new NoCotMethod(Grading.Answer),
    };

    private static LoRiMethod WithTeacher(LoRiTeacher teacher, int latentSteps, double rationale, double anchor) =>
        new(teacher, new LoRiWeights(1, 1, 1, rationale, anchor), latentSteps, Grading.Answer);
}
