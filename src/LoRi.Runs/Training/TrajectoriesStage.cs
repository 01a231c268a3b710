using System.Diagnostics;
using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Models.ModelFiles;
using LoRi.Models.Sequences;
using LoRi.Runs.Answers;
using LoRi.Runs.Plans;
using LoRi.Runs.Settings;
using LoRi.Training.Trajectories;

namespace LoRi.Runs.Training;

/// <summary>Settings of <c>lori trajectories</c>.</summary>
public sealed record TrajectoriesOptions
{
    /// <summary><c>--model</c>: the teacher.</summary>
    public required string Model { get; init; }

    /// <summary><c>--data</c>.</summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary><c>--output</c>: the trajectory file.</summary>
    public required string Output { get; init; }

    /// <summary><c>--tokenizer</c>.</summary>
    public string? Tokenizer { get; init; }

    /// <summary><c>--levels</c>.</summary>
    public LevelSelection Levels { get; init; } = LevelSelection.All;

    /// <summary><c>--teacher-text</c>.</summary>
    public TeacherTextOption TeacherText { get; init; } = TeacherTextOption.Full;

    /// <summary><c>--answer-prefix</c>; left out, the run's own.</summary>
    public string? AnswerPrefix { get; init; }

    /// <summary><c>--batch-size</c>.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary><c>--dtype</c>.</summary>
    public DtypeOption Dtype { get; init; } = DtypeOption.F32;

    /// <summary><c>--device</c>.</summary>
    public DeviceOption Device { get; init; } = DeviceOption.Cpu;

    /// <summary><c>--max-tokens</c>: longer examples are left out and counted.</summary>
    public int? MaxTokens { get; init; }

    /// <summary><c>--shard-size</c>: the largest file.</summary>
    public StorageSize ShardSize { get; init; } = new(4L << 30);

    /// <summary>How the data are read.</summary>
    public DataOptions Reading { get; init; } = new();

    /// <summary>Checks everything that can be checked without reading a file.</summary>
    /// <exception cref="InputException">A value is out of range.</exception>
    public void Validate()
    {
        OptionRules.AtLeast<int>("--batch-size", BatchSize, 1);
        OptionRules.AtLeast("--max-tokens", MaxTokens, 1);
        OutputName.RequireFile(Output, "a safetensors file", ".safetensors");
    }
}

/// <summary>What was written.</summary>
/// <param name="Files">The trajectory file, or its shards and their index.</param>
/// <param name="Examples">Examples written.</param>
/// <param name="Tokens">Rationale tokens.</param>
/// <param name="WithoutRationale">Examples that have an anchor only.</param>
/// <param name="TooLong">Examples left out.</param>
/// <param name="Seconds">Wall time.</param>
public sealed record TrajectoriesResult(IReadOnlyList<string> Files, int Examples, long Tokens, int WithoutRationale, int TooLong, double Seconds);

/// <summary><c>lori trajectories</c>: a teacher's states over a data set, in the exchange format.</summary>
public static class TrajectoriesStage
{

    /// <summary>Computes and writes the trajectories.</summary>
    public static TrajectoriesResult Run(TrajectoriesOptions options, Action<string> info)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var clock = Stopwatch.StartNew();
        var set = ReasoningData.Read(options.Data, options.Reading);
        var tokenizer = StudentMarkers.AsText(StageModel.Tokenizer(options.Model, options.Tokenizer), ModelLoader.Card(options.Model));
        StudentMarkers.Check(set, tokenizer, StudentMarkers.All);
        tokenizer.Notes.ToList().ForEach(note => info($"{tokenizer.Path}: {note}"));
        var (model, card) = ModelLoader.Load(options.Model, new LoadSettings(StageModel.PrecisionOf(options.Dtype), StageModel.DeviceOf(options.Device)));
        using var owned = model;
        StageModel.CheckFits(tokenizer, model, options.Model);
        var prefix = options.AnswerPrefix ?? card?.AnswerPrefix ?? LatentOptions.DefaultAnswerPrefix;
        var encoder = new ExampleEncoder(tokenizer, prefix, StageModel.EndId(options.Model, model, card), options.TeacherText);
        var limit = System.Math.Min(options.MaxTokens ?? int.MaxValue, model.Config.LongestSequence);
        var kept = set.Examples.Where(example => encoder.Encode(example, 0).ExplicitLength <= limit).ToArray();
        var rows = kept.Select(encoder.Encode).ToArray();
        if (rows.Length == 0)
        {
            throw new InputException($"--data {string.Join(' ', options.Data)}: no example is left ({set.Examples.Count} longer than {limit} tokens)");
        }

        if (model.Config.LengthNote(kept.Max(example => encoder.Encode(example, 0).ExplicitLength)) is string note)
        {
            info($"--data: {note}");
        }

        var longest = rows.Max(row => row.ExplicitLength);
        var together = System.Math.Min(options.BatchSize, rows.Length);
        MemoryCheck.Pass(model, together, longest, 0, $"--data {string.Join(' ', options.Data)}: rows of up to {longest} tokens, {together} at a time", "take a smaller --batch-size, or leave long rows out with --max-tokens");
        if (rows.All(row => row.Rationale.Length == 0))
        {
            info($"warning: --data {string.Join(' ', options.Data)}: none of the {rows.Length:N0} rows has a rationale, so that there are anchors alone and no trajectory; --rationale-column names the column that has it");
        }

        var levels = new TracedLevels(options.Levels.Indices(model.Config.Layers));
        var source = new ModelTrajectories(model, rows, levels, options.BatchSize, done => info($"{done:N0} of {rows.Length:N0} examples"));
        using var writer = new TrajectoryWriter(options.Output, options.ShardSize.Bytes);
        source.ForEach(writer.Add);
        var files = writer.Finish([.. kept.Select(example => example.Id)]);
        return new TrajectoriesResult(
            files, rows.Length, rows.Sum(row => (long)row.Rationale.Length), rows.Count(row => row.Rationale.Length == 0), set.Examples.Count - rows.Length, clock.Elapsed.TotalSeconds);
    }
}
