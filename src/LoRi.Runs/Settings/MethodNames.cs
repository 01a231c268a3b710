using LoRi.Files;
using LoRi.Files.Text;
using LoRi.Training.Methods;

namespace LoRi.Runs.Settings;

/// <summary>The names that <c>--method</c> knows, and what stages must know of a method before it is made.</summary>
public static class MethodNames
{
    /// <summary>Low-rank distillation for implicit reasoning.</summary>
    public const string LoRi = "lori";

    /// <summary>Answers without a chain of thought.</summary>
    public const string NoCot = "no-cot";

    /// <summary>Latent steps trained by the answer's cross-entropy alone.</summary>
    public const string LatentCe = "latent-ce";

    /// <summary>Self-distillation of the state before the answer.</summary>
    public const string Codi = "codi";

    /// <summary>The explicit chain of thought, which <c>teach</c> trains.</summary>
    public const string Teacher = "cot";

    private static readonly MethodFacts[] Known =
    [
        new(LoRi, "low-rank distillation for implicit reasoning") { TakesLatentSteps = true, HasFrozenTeacher = true, NeedsRationale = true },
        new(NoCot, "answers without a chain of thought"),
        new(LatentCe, "latent steps trained by the answer's cross-entropy alone") { TakesLatentSteps = true },
        new(Codi, "self-distillation of the state before the answer") { TakesLatentSteps = true, ReadsChain = true, ScalesByBatch = true },
        new(Teacher, "the explicit chain of thought") { IsStudent = false, ReadsChain = true },
    ];

    /// <summary>Names that the literature gives to methods which this version does not have.</summary>
    private static readonly string[] Absent = ["coconut", "pccot", "sim-cot", "kava", "icot-kd", "icot-si"];

    /// <summary>All methods that there are.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Known.Where(method => method.IsStudent).Select(method => method.Name)];

    /// <summary>Whether the method learns from a teacher whose weights stay.</summary>
    public static bool HasFrozenTeacher(string method) => Of(method).HasFrozenTeacher;

    /// <summary>Whether the method's student takes latent steps; the others write, or answer at once.</summary>
    public static bool HasLatents(string method) => Of(method).TakesLatentSteps;

    /// <summary>Whether the method scales a term by the deviation over a batch, so that a step must not be cut.</summary>
    public static bool ScalesByBatch(string method) => Of(method).ScalesByBatch;

    /// <summary>Whether the student reads the chain of thought itself as well, in a pass of its own.</summary>
    public static bool ReadsChain(string method) => Of(method).ReadsChain;

    /// <summary>Whether <c>--lambda-anchor</c> weighs one of its terms, though it aligns no trajectories.</summary>
    public static bool HasAnchorWeight(string method) => method == Codi;

    /// <summary>Refuses a name that is not among them.</summary>
    /// <exception cref="InputException">There is no such method, or this version does not have it.</exception>
    public static void Check(string method)
    {
        if (!All.Contains(method))
        {
            var absent = Absent.Contains(method) ? "this version does not have it yet, it " : "";
            throw new InputException($"--method {method}: {absent}must be one of {string.Join(", ", All)}{DidYouMean.Hint(method, Absent.Contains(method) ? [] : All)}");
        }
    }

    /// <summary>What a method is, whether there is one of this name or not.</summary>
    public static MethodFacts Of(string method) => Array.Find(Known, known => known.Name == method) ?? new(method, "") { TakesLatentSteps = true };
}
