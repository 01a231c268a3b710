using LoRi.Files.Settings;
using LoRi.Training.Methods;
using LoRi.Training.Methods.LoRi;

namespace LoRi.Runs.Settings;

/// <summary>The settings of every command that has any, in the order of its help.</summary>
public static class Commands
{
    /// <summary><c>lori teach</c>.</summary>
    public static CommandSettings Teach { get; } = With(
        [
            TrainSettings.Model with { Required = "name the weights to start from" }, StageSettings.Tokenizer,
            TextForms.Form, RowSettings.AnswerPrefix with { InForce = HasPrefix }, RowSettings.Grade with { InForce = HasPrefix },
            RowSettings.TeacherText,
            .. Training(TrainSettings.CollapseThreshold),
        ],
        new("teach", [])
        {
            FirstRun = [TrainSettings.Model, TrainSettings.Data, TrainSettings.Output, TrainSettings.Epochs, TrainSettings.BatchSize,
                TrainSettings.LearningRate, AdapterSettings.Rank, TrainSettings.DryRun],
            Rules = [.. TrainSettings.Rules, .. AdapterSettings.Rules],
        });

    /// <summary><c>lori distill</c>, with the settings of all methods.</summary>
    public static CommandSettings Distill => With(
        [
            StudentSettings.Method, StudentSettings.Teacher, StudentSettings.Model, StageSettings.Tokenizer, StudentSettings.Init,
            .. MethodSettings.All.Where(setting => setting.Group == SettingGroups.Model),
            RowSettings.AnswerPrefix with { InForce = MethodSettings.HasPrefix },
            RowSettings.Grade with { InForce = MethodSettings.HasPrefix }, RowSettings.TeacherText,
            .. MethodSettings.All.Where(setting => setting.Group != SettingGroups.Model),
            StudentSettings.MarkerRows,
            .. Training(TrainSettings.CollapseThreshold with { InForce = values => MethodSettings.Of(values).TakesLatentSteps }),
        ],
        new("distill", [])
        {
            FirstRun =
            [
                StudentSettings.Method, StudentSettings.Teacher, TrainSettings.Data, TrainSettings.Output, SharedSettings.LatentSteps,
                TrainSettings.Epochs, TrainSettings.BatchSize, TrainSettings.LearningRate, TrainSettings.DryRun,
            ],
            Rules = [.. TrainSettings.Rules, .. AdapterSettings.Rules, .. StudentSettings.Rules, .. MethodSettings.Rules],
            Excludes = MethodSettings.Excludes,
        });

    /// <summary><c>lori trajectories</c>.</summary>
    public static CommandSettings Trajectories { get; } = With(
        [
            AnswerSettings.Traced, StageSettings.Tokenizer, AnswerSettings.TracePrefix, RowSettings.TeacherText with { Help = "{choices}" },
            AnswerSettings.Data, AnswerSettings.TraceOutput, StageSettings.Limit, StageSettings.MaxTokens, .. Columns,
            StageSettings.Annotations,
            AlignmentSettings.Levels, AnswerSettings.TraceGradients with { Group = SettingGroups.States },
            AnswerSettings.ShardSize with { Group = SettingGroups.States }, AnswerSettings.BatchSize,
            StageSettings.Config, Batches, StageSettings.RankTimeout, StageSettings.Threads, StageSettings.Dtype,
            StageSettings.Device, StageSettings.Json,
        ],
        new("trajectories", [])
        {
            FirstRun = [AnswerSettings.Traced, AnswerSettings.Data, AnswerSettings.TraceOutput, StageSettings.Limit, StageSettings.Json],
            Rules = [new(values => OutputName.FileFault(values.Get(AnswerSettings.TraceOutput), "a safetensors file", ".safetensors"),
                AnswerSettings.TraceOutput)],
        });

    /// <summary><c>lori evaluate</c>.</summary>
    public static CommandSettings Evaluate { get; } = With(
        [
            AnswerSettings.Model, AnswerSettings.Tokenizer, AnswerSettings.LatentSteps, AnswerSettings.AnswerPrefix,
            AnswerSettings.WritePrefix,
            AnswerSettings.QuestionText, AnswerSettings.DataName, AnswerSettings.MaxNewTokens,
            AnswerSettings.Data, AnswerSettings.Output, StageSettings.Limit, .. Columns, AnswerSettings.BatchSize,
            StageSettings.Config, AnswerSettings.Resume, AnswerSettings.Seed, Batches, StageSettings.RankTimeout, StageSettings.Threads,
            StageSettings.Dtype, AnswerSettings.Weights, StageSettings.Device, AnswerSettings.LatencyQuestions, StageSettings.Json,
        ],
        new("evaluate", [])
        {
            FirstRun = [AnswerSettings.Model, AnswerSettings.Data, AnswerSettings.Output, StageSettings.Limit, AnswerSettings.MaxNewTokens,
                StageSettings.Json],
            Rules =
            [
                StageSettings.OutputFolder("evaluation.json, predictions.jsonl and config.json"),
                SettingRule.NotBoth(AnswerSettings.AnswerPrefix, AnswerSettings.WritePrefix, "a prefix is fed, or the model writes it"),
                AnswerSettings.WeightsRule,
            ],
        });

    /// <summary><c>lori subspace fit</c>.</summary>
    public static CommandSettings SubspaceFit { get; } =
        With(FitSettings.All, new("subspace fit", []) { Rules = [.. AlignmentSettings.RankRules, .. FitSettings.Rules] });

    /// <summary><c>lori subspace nulls</c>.</summary>
    public static CommandSettings SubspaceNulls { get; } = With(
        [
            AnswerSettings.Traced, StageSettings.Tokenizer, AnswerSettings.TracePrefix, RowSettings.TeacherText with { Help = "{choices}" },
            AnswerSettings.Data, StageSettings.Limit, StageSettings.MaxTokens, .. Columns, StageSettings.Annotations,
            AlignmentSettings.Levels, AnswerSettings.BatchSize, FitSettings.Seed with { Help = "seed of the untrained model" },
            StageSettings.Threads, StageSettings.Dtype, StageSettings.Device, StageSettings.Json,
        ],
        new("subspace nulls", []));

    /// <summary><c>lori objective</c>.</summary>
    public static CommandSettings Objective { get; } = With(
        [
            FitSettings.Subspace, FitSettings.Teacher, FitSettings.Student,
            AlignmentSettings.Covariance, AlignmentSettings.Weighting, AlignmentSettings.Order, AlignmentSettings.Anchor,
            StageSettings.Threads, StageSettings.Json,
        ],
        new("objective", []));

    /// <summary>All of them.</summary>
    public static IReadOnlyList<CommandSettings> All => [Teach, Distill, Trajectories, Evaluate, SubspaceFit, Objective];

    /// <summary>Whether the rows of a teacher have an answer prefix, so that its text and its grading have a meaning.</summary>
    private static bool HasPrefix(SettingValues values) => TextForms.Of(values.Get(TextForms.Form)).HasPrefix;

    /// <summary>Whether batches are dealt out to ranks.</summary>
    private static Setting Batches => StageSettings.RanksThatShare("batches");

    private static IEnumerable<Setting> Columns =>
        [StageSettings.SkipBadLines, StageSettings.Format, StageSettings.QuestionColumn, StageSettings.RationaleColumn,
            StageSettings.AnswerColumn];

    private static IEnumerable<Setting> Training(Setting<double> collapse) =>
        [TrainSettings.Data, TrainSettings.Output, .. TrainSettings.OfData, .. TrainSettings.OfOptimizer, .. AdapterSettings.All,
            .. TrainSettings.OfRun(collapse)];

    private static CommandSettings With(IEnumerable<Setting> settings, CommandSettings rest) =>
        new(rest.Name, [.. settings])
        {
            FirstRun = rest.FirstRun,
            Rules = rest.Rules,
            Excludes = rest.Excludes,
            Others = () =>
            All.Where(other => other.Name != rest.Name)
        };
}
