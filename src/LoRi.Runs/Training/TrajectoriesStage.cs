using System.Diagnostics;
using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Settings;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Sequences;
using LoRi.Runs.Answers;
using LoRi.Runs.Plans;
using LoRi.Runs.Settings;
using LoRi.Training.Methods;
using LoRi.Training.Methods.LoRi;
using LoRi.Training.Trajectories;

namespace LoRi.Runs.Training;

/// <summary>What was written.</summary>
/// <param name="Files">The trajectory file, or its shards and their index.</param>
/// <param name="Examples">Examples written.</param>
/// <param name="Tokens">Rationale tokens.</param>
/// <param name="WithoutRationale">Examples that have an anchor only.</param>
/// <param name="TooLong">Examples left out.</param>
/// <param name="Seconds">Wall time.</param>
public sealed record TrajectoriesResult(IReadOnlyList<string> Files, int Examples, long Tokens, int WithoutRationale, int TooLong,
    double Seconds);

/// <summary><c>lori trajectories</c>: a teacher's states over a data set, in the exchange format.</summary>
public static class TrajectoriesStage
{
    /// <summary>Computes and writes the trajectories.</summary>
    public static TrajectoriesResult Run(SettingValues settings, Action<string> info)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Commands.Trajectories.Check(settings);
        var clock = Stopwatch.StartNew();
        var path = settings.Get(AnswerSettings.Traced)!;
        var set = ReasoningData.Read(settings.Get(AnswerSettings.Data), StageSettings.Reading(settings));
        var tokenizer = StudentMarkers.AsText(StageModel.Tokenizer(path, settings.Get(StageSettings.Tokenizer)), ModelLoader.Card(path));
        StudentMarkers.Check(set, tokenizer, StudentMarkers.All);
        tokenizer.Notes.ToList().ForEach(note => info($"{tokenizer.Path}: {note}"));
        var (model, card) = ModelLoader.Load(path, new LoadSettings(StageModel.PrecisionOf(settings.Get(StageSettings.Dtype)),
            StageModel.DeviceOf(settings.Get(StageSettings.Device))));
        using var owned = model;
        StageModel.CheckFits(tokenizer, model, path);
        var prefix = settings.Get(AnswerSettings.TracePrefix) ?? card?.OwnAnswerPrefix ?? LatentOptions.DefaultAnswerPrefix;
        var encoder = new ExampleEncoder(tokenizer, prefix, StageModel.EndId(path, model, card), settings.Get(RowSettings.TeacherText));
        var (rows, ids) = Kept(settings, set, encoder, model.Config);
        CheckRows(settings, rows, model, info);
        var files = Write(settings, rows, ids, model, info);
        return new TrajectoriesResult(
            files, rows.Length, rows.Sum(row => (long)row.Rationale.Length), rows.Count(row => row.Rationale.Length == 0),
                set.Examples.Count - rows.Length, clock.Elapsed.TotalSeconds);
    }

    private static string Data(SettingValues settings) => $"--data {string.Join(' ', settings.Get(AnswerSettings.Data))}";

    /// <summary>The rows that are short enough, and the ids of their examples.</summary>
    private static (EncodedExample[] Rows, string[] Ids) Kept(
        SettingValues settings, ReasoningSet set, ExampleEncoder encoder, DecoderConfig config)
    {
        var limit = System.Math.Min(settings.Get(StageSettings.MaxTokens) ?? int.MaxValue, config.LongestSequence);
        var kept = set.Examples.Where(example => encoder.Encode(example, 0).ExplicitLength <= limit).ToArray();
        return kept.Length > 0
            ? ([.. kept.Select(encoder.Encode)], [.. kept.Select(example => example.Id)])
            : throw new InputException($"{Data(settings)}: no example is left ({set.Examples.Count} longer than {limit} tokens)");
    }

    /// <summary>What is to be known before any row is read: beyond the positions, beyond memory, without rationales.</summary>
    private static void CheckRows(SettingValues settings, EncodedExample[] rows, ReasoningModel model, Action<string> info)
    {
        var longest = rows.Max(row => row.ExplicitLength);
        if (model.Config.LengthNote(longest) is string note)
        {
            info($"--data: {note}");
        }

        var together = System.Math.Min(settings.Get(AnswerSettings.BatchSize), rows.Length);
        MemoryCheck.Pass(model, together, longest, 0, $"{Data(settings)}: rows of up to {longest} tokens, {together} at a time", "take a "
            + "smaller --batch-size, or leave long rows out with --max-tokens");
        if (rows.All(row => row.Rationale.Length == 0))
        {
            info($"warning: {Data(settings)}: none of the {rows.Length:N0} rows has a rationale, so that there are anchors alone and no "
                + "trajectory; --rationale-column names the column that has it");
        }
    }

    private static IReadOnlyList<string> Write(
        SettingValues settings, EncodedExample[] rows, string[] ids, ReasoningModel model, Action<string> info)
    {
        var levels = new TracedLevels(settings.Get(AlignmentSettings.Levels).Indices(model.Config.Layers));
        var source = new ModelTrajectories(
            model, rows, levels, settings.Get(AnswerSettings.BatchSize), done => info($"{done:N0} of {rows.Length:N0} examples"));
        using var writer = new TrajectoryWriter(settings.Get(AnswerSettings.TraceOutput), settings.Get(AnswerSettings.ShardSize).Bytes);
        source.ForEach(writer.Add);
        return writer.Finish(ids);
    }
}
