using System.Text.Json.Nodes;
using LoRi.Files.Data;
using LoRi.Files.Settings;

namespace LoRi.Runs.Settings;

/// <summary>What settings say of an evaluation; what each value means says its declaration in <see cref="AnswerSettings"/>.</summary>
/// <param name="Values">The settings.</param>
#pragma warning disable CS1591 // Each value is documented where its setting is declared.
public sealed record EvaluationOptions(SettingValues Values)
{
    public string Model => Values.Get(AnswerSettings.Model)!;

    public IReadOnlyList<string> Data => Values.Get(AnswerSettings.Data);

    public string Output => Values.Get(AnswerSettings.Output);

    public string? Tokenizer => Values.Get(AnswerSettings.Tokenizer);

    public int? LatentSteps => Values.Get(AnswerSettings.LatentSteps);

    public string? AnswerPrefix => Values.Get(AnswerSettings.AnswerPrefix);

    public bool WritePrefix => Values.Get(AnswerSettings.WritePrefix);

    public QuestionText QuestionText => Values.Get(AnswerSettings.QuestionText);

    public int MaxNewTokens => Values.Get(AnswerSettings.MaxNewTokens);

    public int BatchSize => Values.Get(AnswerSettings.BatchSize);

    public int LatencyQuestions => Values.Get(AnswerSettings.LatencyQuestions);

    public DtypeOption Dtype => Values.Get(StageSettings.Dtype);

    public WeightsOption Weights => Values.Get(AnswerSettings.Weights);

    public DeviceOption Device => Values.Get(StageSettings.Device);

    public int? Threads => Values.Get(StageSettings.Threads);

    public long? Seed => Values.Get(AnswerSettings.Seed);

    public bool Resume => Values.Get(AnswerSettings.Resume);

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
