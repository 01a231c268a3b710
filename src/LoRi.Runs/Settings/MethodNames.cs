using LoRi.Files.Settings;
using LoRi.Files.Text;
using LoRi.Math;
using LoRi.Training.Methods;
using LoRi.Training.Methods.LoRi;

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
        new(LoRi, "low-rank distillation for implicit reasoning")
        {
            TakesLatentSteps = true, HasFrozenTeacher = true, NeedsRationale = true, Settings = [.. SharedSettings.OfLatents, .. AlignmentSettings.All],
        },
        new(NoCot, "answers without a chain of thought"),
        new(LatentCe, "latent steps trained by the answer's cross-entropy alone") { TakesLatentSteps = true, Settings = SharedSettings.OfLatents },
        new(Codi, "self-distillation of the state before the answer")
        {
            TakesLatentSteps = true, ReadsChain = true, ScalesByBatch = true, Settings = [.. SharedSettings.OfLatents, SharedSettings.LambdaAnchor],
        },
        new(Teacher, "the explicit chain of thought") { IsStudent = false, ReadsChain = true },
    ];

    /// <summary>Names that the literature gives to methods which this version does not have.</summary>
    private static readonly string[] Absent = ["coconut", "pccot", "sim-cot", "kava", "icot-kd", "icot-si"];

    /// <summary>All methods that there are.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Known.Where(method => method.IsStudent).Select(method => method.Name)];

    /// <summary>How settings name a method.</summary>
    internal static ValueForm<string> Form => Forms.Text with
    {
        Schema = new() { ["enum"] = new System.Text.Json.Nodes.JsonArray([.. All]) },
        Broken = method => All.Contains(method) ? null
            : $"{(Absent.Contains(method) ? "this version does not have it yet, it " : "")}must be one of {string.Join(", ", All)}{DidYouMean.Hint(method, Absent.Contains(method) ? [] : All)}",
    };

    /// <summary>The settings that methods have, each once.</summary>
    internal static IReadOnlyList<Setting> Settings => [.. Known.SelectMany(method => method.Settings).DistinctBy(setting => setting.Key)];

    /// <summary>What those must be together.</summary>
    internal static IReadOnlyList<SettingRule> Rules { get; } = [.. SharedSettings.Rules, .. AlignmentSettings.Rules];

    /// <summary>Whether the method learns from a teacher whose weights stay.</summary>
    public static bool HasFrozenTeacher(string method) => Of(method).HasFrozenTeacher;

    /// <summary>Whether the method's student takes latent steps; the others write, or answer at once.</summary>
    public static bool HasLatents(string method) => Of(method).TakesLatentSteps;

    /// <summary>Whether the student reads the chain of thought itself as well, in a pass of its own.</summary>
    public static bool ReadsChain(string method) => Of(method).ReadsChain;

    /// <summary>The setting by which a term is scaled by the deviation over a batch, so that a step must not be cut; null where none is.</summary>
    internal static Setting? BatchScale(SettingValues values)
    {
        var method = values.Get(StudentSettings.Method);
        return Of(method).ScalesByBatch ? StudentSettings.Method
            : method == LoRi && values.Get(AlignmentSettings.AnchorStd) == AnchorScale.Batch ? AlignmentSettings.AnchorStd
            : null;
    }

    /// <summary>What a setting of other methods contradicts; null where the chosen one has it, or it is no method's.</summary>
    internal static Contradiction? Excludes(Setting setting, SettingValues values)
    {
        var method = values.Get(StudentSettings.Method);
        var having = Known.Where(known => known.Settings.Any(own => own.Key == setting.Key)).Select(known => known.Name).ToArray();
        return having.Length == 0 || having.Contains(method) || !All.Contains(method) ? null
            : new($"--method {method}", $"{(setting.Purpose is { } purpose && having is [var only] ? $"only {only} {purpose}" : $"{method} {setting.Lacking}")}; leave it out");
    }

    /// <summary>What a method is, whether there is one of this name or not.</summary>
    public static MethodFacts Of(string method) => Array.Find(Known, known => known.Name == method) ?? new(method, "") { TakesLatentSteps = true };
}
