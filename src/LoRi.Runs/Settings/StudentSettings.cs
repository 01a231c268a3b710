using LoRi.Files.Settings;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Training;
using LoRi.Training.Methods;

namespace LoRi.Runs.Settings;

/// <summary>The weights a student starts from.</summary>
public enum InitOption
{
    /// <summary>The teacher's.</summary>
    Teacher,

    /// <summary>The base model's (<c>--model</c>), as in the paper.</summary>
    Base,
}

/// <summary>What becomes of the rows of markers where adapters are trained.</summary>
internal enum MarkerTraining
{
    /// <summary>They are trained.</summary>
    Trained,

    /// <summary>They stay as they begin.</summary>
    Frozen,
}

/// <summary>The settings of a student, beside those of its method.</summary>
internal static class StudentSettings
{
    /// <summary>The explicit chain-of-thought model, as a run directory or a folder.</summary>
    public static readonly Setting<string?> Teacher =
        new("teacher", "path", Forms.Place!, null, "the explicit chain-of-thought model: a run directory or a folder")
        {
            Group = SettingGroups.Model,
            InForce = values => values.Get(Teacher!) is not null,
        };

    /// <summary>The weights the student starts from.</summary>
    public static readonly Setting<InitOption> Init = new(
        "init", "weights", Forms.Choice<InitOption>(), InitOption.Teacher, "weights to start from: teacher, or base for those of --model")
    {
        Group = SettingGroups.Model,
        DefaultText = "teacher, or base for methods that need --model beside it",
        Default = values => MethodSettings.Of(values).StartsFromBase ? InitOption.Base : InitOption.Teacher,
        InForce = values => MethodSettings.Of(values).HasFrozenTeacher,
    };

    /// <summary>One of the methods that there are.</summary>
    public static Setting<string> Method => new("method", "name", MethodSettings.Form, KnownMethods.All[0].About.Name,
        $"one of {string.Join(", ", MethodSettings.Names)}")
    { Group = SettingGroups.Model };

    /// <summary>Whether the rows of the markers are trained beside adapters.</summary>
    public static readonly Setting<MarkerTraining> MarkerRows = new(
        "marker_rows", "choice", Forms.Choice<MarkerTraining>(), MarkerTraining.Trained, "rows of the markers beside adapters: {choices}")
    {
        Group = SettingGroups.Adapters,
        InForce = values => values.Get(AdapterSettings.Rank) is not null && MethodSettings.HasMarkers(values),
        Contradicts = values => MethodSettings.HasMarkers(values) ? null
            : new($"--method {values.Get(Method)}", "there are no latent steps to mark; leave it out"),
    };

    /// <summary>The base model's weights, where the student does not start from its frozen teacher's.</summary>
    internal static readonly Setting<string?> Model = TrainSettings.Model with
    {
        Contradicts = values =>
            values.Get(Teacher) is not null && values.Get(Init) == InitOption.Teacher && MethodSettings.Of(values).HasFrozenTeacher
            ? new Contradiction(
                "--init teacher",
                $"with --method {values.Get(Method)} the student starts from the weights of --teacher; leave --model out, or say --init "
                    + "base")
            : null,
    };

    /// <summary>What the settings of a student must be together.</summary>
    internal static IReadOnlyList<SettingRule> Rules { get; } =
    [
        new(
            values => values.Get(RowSettings.AnswerPrefix) is "" ? "--answer-prefix \"\": must not be empty, its last token is the anchor"
                : null,
            RowSettings.AnswerPrefix),
        new(
            values => values.Get(Init) == InitOption.Base && values.Get(TrainSettings.Model) is null
                ? $"{(values.IsGiven(Init) ? "--init base" : $"--method {values.Get(Method)}")} needs --model: "
                    + "the base model's weights to start from"
                : null,
            Init,
            Method),
        new(
            values => MethodSettings.Of(values).HasFrozenTeacher && values.Get(Teacher) is null
                ? $"--method {values.Get(Method)} needs --teacher: a model trained with `lori teach`"
                : null,
            Method,
            Teacher),
        new(
            values => !MethodSettings.Of(values).HasFrozenTeacher && values.Get(Teacher) is null && values.Get(TrainSettings.Model) is null
                ? $"--method {values.Get(Method)} needs --model or --teacher: the weights to start from"
                : null,
            Method),
        new(
            values => !MethodSettings.Of(values).HasFrozenTeacher && values.Get(Teacher) is not null
                && values.Get(TrainSettings.Model) is not null
                ? $"{Teacher.Say(values)} and {TrainSettings.Model.Say(values)} contradict each other: give one of them"
                : null,
            Teacher,
            TrainSettings.Model),
        new(
            values => values.Get(MarkerRows) == MarkerTraining.Frozen && values.Get(AdapterSettings.Rank) is null
                ? $"{MarkerRows.Say(values)}: says what stays beside adapters, but there are none; give --lora-rank as well, "
                    + "for example --lora-rank 16"
                : null,
            MarkerRows),
        new(
            values => values.Get(TrainSettings.Accumulation) > 1 && MethodSettings.Undivided(values) is { } reason
                ? $"{reason.Say(values)} and {TrainSettings.Accumulation.Say(values)} contradict each other: a term is divided by the "
                    + "deviation over the whole batch; leave --accumulation out"
                : null,
            TrainSettings.Accumulation,
            Method),
    ];
}

/// <summary>What settings say of a student; what each value means says its declaration.</summary>
/// <param name="Values">The settings.</param>
public sealed record LatentOptions(SettingValues Values)
{
    /// <summary>The answer prefix of a teacher that is not told another one.</summary>
    public const string DefaultAnswerPrefix = Scoring.AnswerScorer.AnswerPrefix;

    /// <inheritdoc cref="StudentSettings.Method"/>
    public string Method => Values.Get(StudentSettings.Method);

    /// <inheritdoc cref="SharedSettings.LatentSteps"/>
    public int LatentSteps => Values.Get(SharedSettings.LatentSteps);

    /// <summary>The steps that the method takes.</summary>
    public int StepsTaken => MethodSettings.Of(Values).TakesLatentSteps ? LatentSteps : 0;

    /// <inheritdoc cref="SharedSettings.Projection"/>
    public ProjectionKind Projection => Values.Get(SharedSettings.Projection);

    /// <inheritdoc cref="SharedSettings.ProjectionWidth"/>
    public int? ProjectionWidth => Values.Get(SharedSettings.ProjectionWidth);

    /// <inheritdoc cref="StudentSettings.Init"/>
    public InitOption Init => Values.Get(StudentSettings.Init);

    /// <inheritdoc cref="RowSettings.AnswerPrefix"/>
    public string? AnswerPrefix => Values.Get(RowSettings.AnswerPrefix);

    /// <inheritdoc cref="RowSettings.Grade"/>
    public Grading Grade => Values.Get(RowSettings.Grade);

    /// <inheritdoc cref="RowSettings.TeacherText"/>
    public TeacherTextOption TeacherText => Values.Get(RowSettings.TeacherText);
}
