using LoRi.Runs.Evaluate;
using LoRi.Training;

namespace LoRi.Runs.Reports;

/// <summary>What was measured of a run, or of a model that is none.</summary>
/// <param name="Name">How the page calls it.</param>
/// <param name="Method">How it was trained; null where that is not known.</param>
/// <param name="Evaluation">What was measured.</param>
internal sealed record EvaluatedRun(string Name, string? Method, EvaluationRecord Evaluation)
{
    /// <summary>Whether it writes its chain of thought.</summary>
    public bool WritesChain => Method == KnownMethods.Teacher.About.Name;

    /// <summary>Tokens written for a question; null where they were not counted.</summary>
    public double? Tokens => Evaluation.TokensGenerated / Evaluation.Examples;

    /// <summary>
    /// The evaluations of runs, then those that lie elsewhere: named after their run where it has no other on these data.
    /// </summary>
    public static EvaluatedRun[] All(IReadOnlyList<RunRecord> runs, IReadOnlyList<EvaluationRecord> elsewhere) =>
    [
        .. runs.SelectMany(run => run.Evaluations.Select(evaluation => new EvaluatedRun(run.Name, run.Method, evaluation))),
        .. elsewhere.Select(evaluation => new EvaluatedRun(NameOf(evaluation, runs, elsewhere), evaluation.Method, evaluation)),
    ];

    private static string NameOf(EvaluationRecord evaluation, IReadOnlyList<RunRecord> runs, IReadOnlyList<EvaluationRecord> elsewhere) =>
        runs.FirstOrDefault(run => IsOf(evaluation, run)) is { } run
            && run.Evaluations.Concat(elsewhere.Where(other => IsOf(other, run))).Count(one => one.Dataset == evaluation.Dataset) == 1
            ? run.Name : evaluation.Folder;

    private static bool IsOf(EvaluationRecord evaluation, RunRecord run) =>
        evaluation.Model is { Length: > 0 } model && Path.GetFullPath(model) == Path.GetFullPath(run.Folder);

    /// <summary>
    /// What a page about them is about: the first of the program's own method, else the first that takes latent steps, else any.
    /// </summary>
    public static EvaluatedRun? Hero(IReadOnlyList<EvaluatedRun> all) =>
        all.FirstOrDefault(run => run.Method == KnownMethods.All[0].About.Name)
        ?? all.FirstOrDefault(run => run.Method is { } name && KnownMethods.Find(name)?.About.TakesLatentSteps == true)
        ?? all.FirstOrDefault(run => !run.WritesChain) ?? (all.Count > 0 ? all[0] : null);

    /// <summary>As a bar of some name.</summary>
    public OverviewBar Bar(string label, bool isHero) =>
        new(label, Evaluation.Accuracy, Evaluation.Low, Evaluation.High) { Tokens = Tokens, IsHero = isHero };

    /// <summary>Its name with its method, where that is not its name.</summary>
    public string FullName => Method is null || Method == Name ? Name : $"{Name} ({Method})";
}
