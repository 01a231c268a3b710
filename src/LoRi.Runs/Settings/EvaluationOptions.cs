using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Data;

namespace LoRi.Runs.Settings;

/// <summary>Settings of an evaluation. Property names in snake case are the keys of its <c>config.json</c>.</summary>
public sealed record EvaluationOptions
{
    /// <summary><c>--model</c>.</summary>
    public required string Model { get; init; }

    /// <summary><c>--data</c>.</summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary><c>--output</c>.</summary>
    public required string Output { get; init; }

    /// <summary><c>--tokenizer</c>.</summary>
    public string? Tokenizer { get; init; }

    /// <summary><c>--latent-steps</c>; left out, the run's own.</summary>
    public int? LatentSteps { get; init; }

    /// <summary><c>--answer-prefix</c>; left out, the run's own.</summary>
    public string? AnswerPrefix { get; init; }

    /// <summary><c>--write-prefix</c>: the model writes the prefix instead of being fed it.</summary>
    public bool WritePrefix { get; init; }

    /// <summary><c>--question-text</c>: the form in which questions are asked.</summary>
    public QuestionText QuestionText { get; init; } = QuestionText.AsIs;

    /// <summary><c>--data-name</c>: the data set's name for the scorers; left out, the names of its files.</summary>
    public string? DataName { get; init; }

    /// <summary><c>--max-new-tokens</c>.</summary>
    public int MaxNewTokens { get; init; } = 256;

    /// <summary><c>--batch-size</c>.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary><c>--latency-questions</c>: questions that are answered once more, one at a time, to measure the latency; 0 for none.</summary>
    public int LatencyQuestions { get; init; } = 10;

    /// <summary><c>--dtype</c>.</summary>
    public DtypeOption Dtype { get; init; } = DtypeOption.F32;

    /// <summary><c>--device</c>.</summary>
    public DeviceOption Device { get; init; } = DeviceOption.Cpu;

    /// <summary><c>--threads</c>: threads of one operation; left out, libtorch's own choice.</summary>
    public int? Threads { get; init; }

    /// <summary><c>--seed</c>: recorded with the result.</summary>
    public long? Seed { get; init; }

    /// <summary><c>--resume</c>: go on after the last complete batch, or begin where there is none.</summary>
    public bool Resume { get; init; }

    /// <summary>How the data are read.</summary>
    public DataOptions Reading { get; init; } = new();

    /// <summary>The data set as results name it: the names of its files.</summary>
    internal string Dataset => string.Join(' ', Data.Select(Path.GetFileName));

    /// <summary>The data set's name for the scorers.</summary>
    internal string ScoredAs => DataName ?? Dataset;

    /// <summary>Checks everything that can be checked without reading a file.</summary>
    /// <exception cref="InputException">A value is out of range.</exception>
    public void Validate()
    {
        OutputName.RequireFolder(Output, "evaluation.json, predictions.jsonl and config.json");
        OptionRules.AtLeast("--latent-steps", LatentSteps, 1);
        OptionRules.AtLeast<int>("--max-new-tokens", MaxNewTokens, 1);
        OptionRules.AtLeast<int>("--batch-size", BatchSize, 1);
        OptionRules.AtLeast<int>("--latency-questions", LatencyQuestions, 0);
    }

    /// <summary>The content of <c>config.json</c>: what <c>--config</c> reads back, whatever the working folder is then.</summary>
    public JsonObject ToJson()
    {
        var whole = this with { Model = OptionRules.FullPathOf(Model)!, Data = [.. Data.Select(Full)], Output = Full(Output), Tokenizer = Tokenizer is null ? null : Full(Tokenizer) };
        var all = JsonSerializer.SerializeToNode(whole, OptionJson.Format)!.AsObject();
        var reading = all["reading"]!.AsObject();
        all.Remove("reading");
        all.Remove("resume");

        // Rationales are not read here.
        foreach (var (key, value) in reading.Where(pair => pair.Key != "annotations"))
        {
            all[key] = value?.DeepClone();
        }

        return all;
    }

    private static string Full(string path) => Path.GetFullPath(path);
}
