using System.Diagnostics;
using LoRi.Files.Settings;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Runs.Settings;
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
    /// <param name="settings">Values of the command's settings.</param>
    /// <param name="info">Gets one line for each thing that is done.</param>
    public static TrajectoriesResult Run(SettingValues settings, Action<string> info)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Commands.Trajectories.Check(settings);
        var clock = Stopwatch.StartNew();
        var (model, rows, ids, left) = TracedTeacher.Load(settings, info);
        using var owned = model;
        var files = Write(settings, rows, ids, model, info);
        return new TrajectoriesResult(
            files, rows.Length, rows.Sum(row => (long)row.Rationale.Length), rows.Count(row => row.Rationale.Length == 0),
                left, clock.Elapsed.TotalSeconds);
    }

    private static IReadOnlyList<string> Write(
        SettingValues settings, EncodedExample[] rows, string[] ids, ReasoningModel model, Action<string> info)
    {
        var levels = new TracedLevels(settings.Get(AlignmentSettings.Levels).Indices(model.Config.Layers));
        var source = new ModelTrajectories(
            model, rows, levels, settings.Get(AnswerSettings.BatchSize), done => info($"{done:N0} of {rows.Length:N0} examples"),
            settings.Get(AnswerSettings.TraceGradients));
        using var writer = new TrajectoryWriter(settings.Get(AnswerSettings.TraceOutput), settings.Get(AnswerSettings.ShardSize).Bytes);
        source.ForEach(writer.Add);
        return writer.Finish(ids);
    }
}
