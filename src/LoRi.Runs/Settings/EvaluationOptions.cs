using System.Text.Json.Nodes;
using LoRi.Files.Data;
using LoRi.Files.Settings;

namespace LoRi.Runs.Settings;

/// <summary>What settings say of an evaluation; what each value means says its declaration in <see cref="AnswerSettings"/>.</summary>
/// <param name="Values">The settings.</param>
public sealed record EvaluationOptions(SettingValues Values)
{
    /// <inheritdoc cref="AnswerSettings.Model"/>
    public string Model => Values.Get(AnswerSettings.Model)!;

    /// <inheritdoc cref="AnswerSettings.Data"/>
    public IReadOnlyList<string> Data => Values.Get(AnswerSettings.Data);

    /// <inheritdoc cref="AnswerSettings.Output"/>
    public string Output => Values.Get(AnswerSettings.Output);

    /// <inheritdoc cref="AnswerSettings.Tokenizer"/>
    public string? Tokenizer => Values.Get(AnswerSettings.Tokenizer);

    /// <inheritdoc cref="AnswerSettings.LatentSteps"/>
    public int? LatentSteps => Values.Get(AnswerSettings.LatentSteps);

    /// <inheritdoc cref="AnswerSettings.AnswerPrefix"/>
    public string? AnswerPrefix => Values.Get(AnswerSettings.AnswerPrefix);

    /// <inheritdoc cref="AnswerSettings.WritePrefix"/>
    public bool WritePrefix => Values.Get(AnswerSettings.WritePrefix);

    /// <inheritdoc cref="AnswerSettings.QuestionText"/>
    public QuestionText QuestionText => Values.Get(AnswerSettings.QuestionText);

    /// <inheritdoc cref="AnswerSettings.MaxNewTokens"/>
    public int MaxNewTokens => Values.Get(AnswerSettings.MaxNewTokens);

    /// <inheritdoc cref="AnswerSettings.BatchSize"/>
    public int BatchSize => Values.Get(AnswerSettings.BatchSize);

    /// <inheritdoc cref="AnswerSettings.LatencyQuestions"/>
    public int LatencyQuestions => Values.Get(AnswerSettings.LatencyQuestions);

    /// <inheritdoc cref="StageSettings.Dtype"/>
    public DtypeOption Dtype => Values.Get(StageSettings.Dtype);

    /// <inheritdoc cref="AnswerSettings.Weights"/>
    public WeightsOption Weights => Values.Get(AnswerSettings.Weights);

    /// <inheritdoc cref="StageSettings.Device"/>
    public DeviceOption Device => Values.Get(StageSettings.Device);

    /// <inheritdoc cref="StageSettings.Threads"/>
    public int? Threads => Values.Get(StageSettings.Threads);

    /// <inheritdoc cref="AnswerSettings.Seed"/>
    public long? Seed => Values.Get(AnswerSettings.Seed);

    /// <inheritdoc cref="AnswerSettings.Resume"/>
    public bool Resume => Values.Get(AnswerSettings.Resume);

    /// <summary>How the rows of the data are read.</summary>
    public DataOptions Reading => StageSettings.Reading(Values);

    /// <summary>The data set as results name it: the names of its files.</summary>
    internal string Dataset => string.Join(' ', Data.Select(Path.GetFileName));

    /// <summary>The data set's name for the scorers.</summary>
    internal string ScoredAs => Values.Get(AnswerSettings.DataName) ?? Dataset;

    /// <summary>Checks everything that can be checked without reading a file.</summary>
    public void Validate() => Commands.Evaluate.Check(Values);

    /// <summary>The content of <c>config.json</c>: what <c>--config</c> reads back, whatever the working folder is then.</summary>
    public JsonObject ToJson() => Commands.Evaluate.ToJson(Values);
}
