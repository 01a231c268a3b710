using LoRi.Files.Data;
using LoRi.Files.Settings;
using LoRi.Training.Methods;

namespace LoRi.Runs.Settings;

/// <summary>How matrices of weights lie in memory while a model answers.</summary>
public enum WeightsOption
{
    /// <summary>In the type of their file, where the program multiplies by it.</summary>
    AsStored,

    /// <summary>Rounded to bytes with a scale for every 32.</summary>
    EightBit,
}

/// <summary>The settings of commands in which a model answers or is traced.</summary>
public static class AnswerSettings
{
    private static readonly (string Name, WeightsOption Value)[] weights =
        [("as-stored", WeightsOption.AsStored), ("int8", WeightsOption.EightBit)];

    /// <summary>The model.</summary>
    public static readonly Setting<string?> Model =
        StageSettings.Model with { OnResume = OnResume.Free, Required = "name a run directory or a folder" };

    /// <summary>The data files.</summary>
    public static readonly Setting<IReadOnlyList<string>> Data = StageSettings.Data with { Required = "name at least one data file" };

    /// <summary>What is written.</summary>
    public static readonly Setting<string> Output = StageSettings.Output with
    {
        Help = "the folder to make: evaluation.json, predictions.jsonl, config.json",
        Required = "name the folder to make",
    };

    /// <summary>The tokenizer, whose content is compared when an evaluation is resumed.</summary>
    public static readonly Setting<string?> Tokenizer = StageSettings.Tokenizer with { OnResume = OnResume.Free };

    /// <summary>Continuous steps before the answer; left out, the run's own.</summary>
    public static readonly Setting<int?> LatentSteps =
        new("latent_steps", "n", SharedSettings.LatentSteps.Form.Optional(), null, "continuous steps before the answer")
        {
            Group = SettingGroups.Model,
            DefaultText = "the run's own",
        };

    /// <summary>How matrices of weights lie in memory.</summary>
    public static readonly Setting<WeightsOption> Weights = new(
        "weights", "form", Forms.Choice(weights), WeightsOption.AsStored,
        "{choices}: matrices stay in memory in their file's type (bfloat16, float16, Q8_0, Q4_0, Q4_1), or are rounded to bytes with a "
        + "scale for every 32; arithmetic is float32, on the CPU")
    { Group = SettingGroups.Model };

    /// <summary>What <see cref="Weights"/> must be together with.</summary>
    public static readonly SettingRule WeightsRule = new(
        values => values.Get(Weights) == WeightsOption.EightBit
            && (values.Get(StageSettings.Dtype) != DtypeOption.F32 || values.Get(StageSettings.Device) != DeviceOption.Cpu)
            ? "--weights int8: is computed with in float32 on the CPU; leave --dtype and --device out"
            : null,
        Weights, StageSettings.Dtype, StageSettings.Device);

    /// <summary>Text that is fed before the answer; left out, the run's own.</summary>
    public static readonly Setting<string?> AnswerPrefix =
        RowSettings.AnswerPrefix with { Help = "text fed before the answer", DefaultText = "the run's own" };

    /// <summary>Whether the model writes the prefix instead of being fed it.</summary>
    public static readonly Setting<bool> WritePrefix =
        new("write_prefix", "", Forms.Flag, false, "let the model write the prefix instead of feeding it")
        {
            Group = SettingGroups.Model,
        };

    /// <summary>The form in which questions are asked.</summary>
    public static readonly Setting<QuestionText> QuestionText = new(
        "question_text", "form", Forms.Choice<QuestionText>(),
            Files.Data.QuestionText.AsIs, "as-is, or codi: two spaces become one, as CODI's evaluation asks")
    {
        Group = SettingGroups.Model,
    };

    /// <summary>The data set's name for the scorers; left out, the names of its files.</summary>
    public static readonly Setting<string?> DataName = new(
        "data_name", "name", Forms.Text!,
            null, "the data set's name for the scorers: commonsense asks for letters, strategy and ProntoQA for truth values")
    {
        Group = SettingGroups.Model,
        DefaultText = "the names of the files",
    };

    /// <summary>The longest answer in tokens.</summary>
    public static readonly Setting<int> MaxNewTokens =
        new("max_new_tokens", "n", Forms.Whole(1, 1_048_576), 256, "longest output") { Group = SettingGroups.Model };

    /// <summary>Rows of one pass.</summary>
    public static readonly Setting<int> BatchSize = TrainSettings.BatchSize.WithDefault(16) with { Help = "rows of one pass" };

    /// <summary>Questions that are answered once more, one at a time, to measure the latency.</summary>
    public static readonly Setting<int> LatencyQuestions = new(
        "latency_questions", "n", Forms.Whole(0, 1_000_000),
            10, "questions that are answered once more, each alone, to measure the latency, 0 for none")
    { OnResume = OnResume.Free };

    /// <summary>A seed that is recorded with the result; left out, the run's own.</summary>
    public static readonly Setting<long?> Seed =
        new("seed", "n", Forms.Seed.Optional(), null, "recorded with the result") { DefaultText = "the run's own" };

    /// <summary>Whether an evaluation is resumed.</summary>
    public static readonly Setting<bool> Resume =
        StageSettings.Resume with { Help = "resume after the last complete batch, or start where there is none" };

    /// <summary>The teacher whose states are written.</summary>
    public static readonly Setting<string?> Traced =
        StageSettings.Model with { Help = "the teacher: a run directory or a folder", Required = "name the teacher" };

    /// <summary>The trajectory file.</summary>
    public static readonly Setting<string> TraceOutput = StageSettings.Output with
    {
        ValueName = "file",
        Help = "the trajectory file to write; large ones are sharded",
        Required = "name the trajectory file to write",
    };

    /// <summary>Whether gradients are written in the place of states.</summary>
    public static readonly Setting<bool> TraceGradients = new(
        "gradients", "", Forms.Flag, false, "write the gradients of the answer's loss with respect to the states in their place");

    /// <summary>The text before the answer in a trace.</summary>
    public static readonly Setting<string?> TracePrefix =
        RowSettings.AnswerPrefix with { DefaultText = "the run's own, else The answer is:" };

    /// <summary>The largest file of trajectories.</summary>
    public static readonly Setting<StorageSize> ShardSize =
        new("shard_size", "size", Forms.Size, new(4L << 30), "largest file, such as 500MB or 4GiB; a number alone counts MiB");
}
