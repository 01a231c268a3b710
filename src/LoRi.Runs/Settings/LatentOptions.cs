using System.Text.Json.Serialization;
using LoRi.Files;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Runs.Scoring;

namespace LoRi.Runs.Settings;

/// <summary>The student: its method and its latent steps.</summary>
public sealed record LatentOptions
{
    /// <summary>The answer prefix of a teacher that is not told another one.</summary>
    public const string DefaultAnswerPrefix = AnswerScorer.AnswerPrefix;

    /// <summary><c>--method</c>: one of <see cref="MethodNames.All"/>.</summary>
    public string Method { get; init; } = MethodNames.LoRi;

    /// <summary><c>--latent-steps</c>: continuous steps before the answer, where the method takes any.</summary>
    public int LatentSteps { get; init; } = 5;

    /// <summary>The steps that the method takes.</summary>
    [JsonIgnore]
    public int StepsTaken => MethodNames.HasLatents(Method) ? LatentSteps : 0;

    /// <summary><c>--projection</c>: the map from a final state to the next latent input.</summary>
    public ProjectionKind Projection { get; init; } = ProjectionKind.Mlp;

    /// <summary><c>--projection-width</c>: inner width of the mlp; left out, the hidden size.</summary>
    public int? ProjectionWidth { get; init; }

    /// <summary><c>--init</c>: the weights the student starts from.</summary>
    public InitOption Init { get; init; } = InitOption.Teacher;

    /// <summary>
    /// <c>--answer-prefix</c>: the text between the latent steps and the answer; left out, the one that the teacher was trained
    /// with, else <see cref="DefaultAnswerPrefix"/>.
    /// </summary>
    public string? AnswerPrefix { get; init; }

    /// <summary><c>--grade</c>: the tokens that the task loss counts.</summary>
    public Grading Grade { get; init; } = Grading.Answer;

    /// <summary>Checks everything that can be checked without reading a file.</summary>
    /// <exception cref="InputException">A value is out of range, or two contradict each other.</exception>
    public void Validate(TrainOptions train)
    {
        ArgumentNullException.ThrowIfNull(train);
        MethodNames.Check(Method);
        OptionRules.AtLeast<int>("--latent-steps", LatentSteps, MethodNames.HasLatents(Method) ? 1 : 0);
        OptionRules.AtLeast("--projection-width", ProjectionWidth, 1);
        if (ProjectionWidth is { } width && Projection != ProjectionKind.Mlp)
        {
            throw new InputException($"--projection-width {width} and --projection {OptionJson.Name(Projection)} "
                + "contradict each other: only the mlp has an inner width");
        }

        if (AnswerPrefix is "")
        {
            throw new InputException("--answer-prefix \"\": must not be empty, its last token is the anchor");
        }

        ValidateWeights(train);
    }

    private void ValidateWeights(TrainOptions train)
    {
        if (Init == InitOption.Base && train.Model is null)
        {
            throw new InputException("--init base needs --model: the base model's weights to start from");
        }

        if (MethodNames.HasFrozenTeacher(Method))
        {
            _ = train.Teacher ?? throw new InputException($"--method {Method} needs --teacher: a model trained with `lori teach`");
            return;
        }

        OptionRules.NotBoth("--teacher", train.Teacher, "--model", train.Model);
        if (train.Teacher is null && train.Model is null)
        {
            throw new InputException($"--method {Method} needs --model or --teacher: the weights to start from");
        }
    }
}
