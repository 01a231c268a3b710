using System.Diagnostics;
using LoRi.Files.Settings;
using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Training.TeacherCaches;
using LoRi.Training.Teachers;
using LoRi.Training.Trajectories;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.LoRi;

/// <summary>What a student needs of its frozen teacher: from a cache, which is made where it is not there, or online.</summary>
internal sealed class TeacherCollection(LoRiOptions options, StageContext context)
{
    private const string CacheFolder = "teacher-cache";

    private readonly LoRiSettings fit = options.Settings(context.Seed);
    private readonly IStageLog log = context.Log;
    private readonly DecoderConfig student = context.Model.Config;
    private readonly int batch = System.Math.Max(1, context.BatchSize);

    private string Traced => options.Targets.IsQuestion ? "question" : "rationale";

    private string KeptSubspace => Path.Combine(context.Folder, "subspace.safetensors");

    /// <summary>The teacher's side of the training rows.</summary>
    public LoRiTeacher Collect()
    {
        var rows = ControlledTargets.Traced(context.TeacherRows, options.Targets);
        var clock = Stopwatch.StartNew();
        var levels = new TracedLevels(options.Levels.Indices(student.Layers));
        log.Phase("looking at the teacher");
        using var like = zeros(1, dtype: ScalarType.Float32, device: context.Device);
        var given = GivenSubspace.Read(options, context.Teacher!, student);
        var result = options.Online ? Online(rows, levels, given, like) : Cached(rows, levels, given, like);
        var subspace = result.Subspace.Fitted;
        var kept = result.Subspace.EnergyKept is { Value: var energy } && subspace.Energy > 0 ? energy / subspace.Energy : 0;
        log.Info($"teacher: {rows.Sum(row => (long)row.TracedLength):N0} {Traced} tokens of {rows.Count:N0} rows in "
            + $"{clock.Elapsed.TotalSeconds:F0} s; "
            + $"ranks {subspace.LayerRank} of {subspace.Levels} and {subspace.HiddenRank} of {subspace.Width} keep {100 * kept:F1} % of "
                + "the energy; "
            + $"{result.RowsWithoutRationale:N0} rows have no {Traced} and contribute nothing to the rationale terms");
        try
        {
            Look(result.Subspace);
            Control(result, rows, like);
            Begin(subspace);
            return result;
        }
        catch
        {
            result.Dispose();
            TakeBack();
            throw;
        }
    }

    /// <summary>What a corpus that is refused leaves in a run without a step is of no use.</summary>
    private void TakeBack()
    {
        var cache = Path.Combine(context.Folder, CacheFolder);
        if (context.Ranks.IsFirst && !context.HasBegun)
        {
            File.Delete(KeptSubspace);
            if (Directory.Exists(cache))
            {
                Directory.Delete(cache, recursive: true);
            }
        }
    }

    private void Look(MeasuredSubspace subspace)
    {
        var source = options.SubspaceFile is { } file ? $"--subspace {file}" : context.Data;
        foreach (var line in CorpusFindings.Of(subspace, options, source))
        {
            log.Warn(line);
        }
    }

    /// <summary>A student that has not learnt yet may begin in the subspace.</summary>
    private void Begin(FittedSubspace subspace)
    {
        if (options.FeedbackStart == FeedbackStart.Subspace && !context.IsResumed)
        {
            SubspaceFeedback.Start(context.Model, subspace);
            log.Info($"the feedback of latent steps begins in the {subspace.HiddenRank} directions of the subspace and the mean state");
        }
    }

    private void Control(LoRiTeacher teacher, IReadOnlyList<EncodedExample> rows, Tensor like)
    {
        try
        {
            ControlledTargets.Apply(teacher, options.Targets, ModelTrajectories.Batched(rows, batch), context.Seed, like);
        }
        catch (MathException error)
        {
            throw error.ToInput($"{context.Data}: {AlignmentSettings.Targets.Say(options.Values)}");
        }

        if (!options.Targets.IsOwn)
        {
            log.Info($"control: {AlignmentSettings.Targets.Say(options.Values)}; anchors stay the rows' own");
        }
    }

    private LoRiTeacher Cached(IReadOnlyList<EncodedExample> rows, TracedLevels levels, MeasuredSubspace? given, Tensor like)
    {
        var clock = Stopwatch.StartNew();
        ReasoningModel? teacher = null;
        try
        {
            IBatchedTrajectories Source(int size, bool gradients, Action<int>? progress) =>
                new ModelTrajectories(teacher ??= context.LoadTeacher(), rows, levels, size, progress, gradients);
            if (!context.Ranks.IsFirst)
            {
                DealtTrajectories.Serve(context.Ranks, Source);
            }

            var cache = new TeacherCache(
                CacheOptions(rows, levels, given),
                size => DealtTrajectories.Of(context.Ranks, Source, size, progress: done => Report(done, rows.Count, clock)),
                log.Info,
                log.Phase,
                size => DealtTrajectories.Of(context.Ranks, Source, size, gradients: true),
                context.Stop);
            var result = cache.Open(like);
            DealtTrajectories.Finish(context.Ranks);
            Keep(result.Subspace, cache.SourceSha256);
            return result;
        }
        finally
        {
            teacher?.Dispose();
        }
    }

    private TeacherCacheOptions CacheOptions(IReadOnlyList<EncodedExample> rows, TracedLevels levels, MeasuredSubspace? given) => new()
    {
        Folder = context.IsTrial || options.TeacherCache is not { } named ? Path.Combine(context.Folder, CacheFolder) : named,
        MadeFrom = CacheIdentity.Of(
            context.Teacher!,
            CacheIdentity.HashOfModel(context.Teacher!),
            rows,
            options.Levels.ToString(),
            options.Targets.IsQuestion ? Traced : Forms.Name(options.Values.Get(RowSettings.TeacherText)),
            context.Dtype),
        Rows = rows,
        Settings = fit,
        Given = given,
        Levels = levels,
        Width = student.HiddenSize,
        BatchSize = batch,
        ShardBytes = options.ShardSize.Bytes,
        KeepTrajectories = options.KeepTrajectories,
    };

    /// <summary>The teacher runs once for the subspace and once for its variances; then at every step.</summary>
    private LoRiTeacher Online(IReadOnlyList<EncodedExample> rows, TracedLevels levels, MeasuredSubspace? given, Tensor like)
    {
        var clock = Stopwatch.StartNew();
        var teacher = context.LoadTeacher();
        try
        {
            log.Info("online: the teacher runs at every step, nothing is cached");
            var source = new ModelTrajectories(teacher, rows, levels, batch, done => Report(done, rows.Count, clock));
            var result = OnlineTeacher.Fit(
                teacher, source, rows, fit, given, levels, like,
                new ModelTrajectories(teacher, rows, levels, batch, gradients: true), out var sourceSha256);
            Keep(result.Subspace, sourceSha256);
            return result;
        }
        catch
        {
            teacher.Dispose();
            throw;
        }
    }

    /// <summary>The run directory keeps the subspace that was named, or the one that was fitted.</summary>
    private void Keep(MeasuredSubspace subspace, string? source)
    {
        if (!context.Ranks.IsFirst)
        {
            return;
        }

        if (options.SubspaceFile is { } file)
        {
            File.Copy(file, KeptSubspace, overwrite: true);
        }
        else
        {
            SubspaceFile.Write(KeptSubspace, subspace, context.Seed, source ?? string.Empty);
        }
    }

    private void Report(int done, int rows, Stopwatch clock)
    {
        context.Stop.ThrowIfCancellationRequested();
        if (options.Online)
        {
            log.Phase("teacher", done, rows);
        }

        if (done % 1000 < batch)
        {
            log.Info($"teacher: {done:N0} of {rows:N0} rows in {clock.Elapsed.TotalSeconds:F0} s");
        }
    }
}
