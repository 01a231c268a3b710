using System.Diagnostics;
using LoRi.Files;
using LoRi.Files.Settings;
using LoRi.Math;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Sequences;
using LoRi.Runs.Answers;
using LoRi.Runs.RunFolders;
using LoRi.Runs.Settings;
using LoRi.Training.Methods.LoRi;
using LoRi.Training.TeacherCaches;
using LoRi.Training.Trajectories;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Runs.Training;

/// <summary>What a student needs of its frozen teacher: from a cache, which is made where it is not there, or online.</summary>
internal sealed class TeacherCollection(RunSettings settings, RunDirectory run, RunLog log, CancellationToken stop)
{
    private const string CacheFolder = "teacher-cache";

    private readonly LoRiSettings fit = settings.LoRi.Settings(settings.Train.Seed);
    private readonly Device device = StageModel.DeviceOf(settings.Train.Device);
    private readonly int batch = System.Math.Max(1, settings.Train.BatchSize);

    private string KeptSubspace => Path.Combine(run.FolderPath, "subspace.safetensors");

    /// <summary>The teacher's side of the training rows, for a student of this shape.</summary>
    public LoRiTeacher Collect(IReadOnlyList<EncodedExample> rows, DecoderConfig student)
    {
        var clock = Stopwatch.StartNew();
        var levels = new TracedLevels(settings.LoRi.Levels.Indices(student.Layers));
        log.Phase("looking at the teacher");
        using var like = zeros(1, dtype: ScalarType.Float32, device: device);
        var given = GivenSubspace.Read(settings.LoRi, settings.Train.Teacher!, student);
        var result = settings.LoRi.Online ? Online(rows, levels, student, given, like) : Cached(rows, levels, student, given, like);
        var subspace = result.Subspace.Fitted;
        var kept = result.Subspace.EnergyKept is { Value: var energy } && subspace.Energy > 0 ? energy / subspace.Energy : 0;
        log.Info($"teacher: {rows.Sum(row => (long)row.Rationale.Length):N0} rationale tokens of {rows.Count:N0} rows in {clock.Elapsed.TotalSeconds:F0} s; "
            + $"ranks {subspace.LayerRank} of {subspace.Levels} and {subspace.HiddenRank} of {subspace.Width} keep {100 * kept:F1} % of the energy; "
            + $"{result.RowsWithoutRationale:N0} rows have no rationale and contribute nothing to the rationale terms");
        try
        {
            Look(result.Subspace);
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
        var cache = Path.Combine(run.FolderPath, CacheFolder);
        if (run.Checkpoints().Count == 0 && !File.Exists(run.MetricsFile))
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
        var source = settings.LoRi.SubspaceFile is { } file ? $"--subspace {file}" : $"--data {string.Join(' ', settings.Train.Data)}";
        foreach (var line in CorpusFindings.Of(subspace, settings.LoRi, source))
        {
            log.Warn(line);
        }
    }

    private LoRiTeacher Cached(IReadOnlyList<EncodedExample> rows, TracedLevels levels, DecoderConfig student, MeasuredSubspace? given, Tensor like)
    {
        var clock = Stopwatch.StartNew();
        ReasoningModel? teacher = null;
        try
        {
            var cache = new TeacherCache(
                CacheOptions(rows, levels, student, given),
                size => new ModelTrajectories(teacher ??= LoadTeacher(rows, student), rows, levels, size, done => Report(done, rows.Count, clock)),
                log.Info,
                log.Phase);
            var result = cache.Open(like);
            Keep(result.Subspace, cache.SourceSha256);
            return result;
        }
        finally
        {
            teacher?.Dispose();
        }
    }

    private TeacherCacheOptions CacheOptions(IReadOnlyList<EncodedExample> rows, TracedLevels levels, DecoderConfig student, MeasuredSubspace? given) => new()
    {
        Folder = settings.LoRi.TeacherCache ?? Path.Combine(run.FolderPath, CacheFolder),
        MadeFrom = CacheIdentity.Of(
            settings.Train.Teacher!,
            CacheIdentity.HashOfModel(settings.Train.Teacher!),
            rows,
            settings.LoRi.Levels.ToString(),
            Forms.Name(settings.Latent.TeacherText),
            StageSettings.Name(settings.Train.Dtype)),
        Rows = rows,
        Settings = fit,
        Given = given,
        Levels = levels,
        Width = student.HiddenSize,
        BatchSize = batch,
        ShardBytes = settings.LoRi.ShardSize.Bytes,
        KeepTrajectories = settings.LoRi.KeepTrajectories,
    };

    /// <summary>The teacher runs once for the subspace and once for its variances; then at every step.</summary>
    private LoRiTeacher Online(IReadOnlyList<EncodedExample> rows, TracedLevels levels, DecoderConfig student, MeasuredSubspace? given, Tensor like)
    {
        var clock = Stopwatch.StartNew();
        var teacher = LoadTeacher(rows, student);
        try
        {
            log.Info("online: the teacher runs at every step, nothing is cached");
            var source = new ModelTrajectories(teacher, rows, levels, batch, done => Report(done, rows.Count, clock));
            var result = OnlineTeacher.Fit(teacher, source, rows, fit, given, levels, like, out var sourceSha256);
            Keep(result.Subspace, sourceSha256);
            return result;
        }
        catch
        {
            teacher.Dispose();
            throw;
        }
    }

    private ReasoningModel LoadTeacher(IReadOnlyList<EncodedExample> rows, DecoderConfig student)
    {
        var path = settings.Train.Teacher!;
        log.Phase("loading the teacher");
        var longest = rows.Max(row => row.ExplicitLength);
        var teacher = ModelLoader.Load(path, new LoadSettings(StageModel.PrecisionOf(settings.Train.Dtype), device)).Model;
        var (found, size, positions, reason) = (teacher.Config.Layers, teacher.Config.HiddenSize, teacher.Config.LongestSequence, teacher.Config.LongestReason);
        if ((found, size) == (student.Layers, student.HiddenSize) && longest <= positions)
        {
            return teacher;
        }

        teacher.Dispose();
        if (longest > positions)
        {
            throw new InputException(
                $"--data: the longest example makes {longest} tokens for --teacher {path}, which {reason}; leave such rows out with --max-tokens {positions}");
        }

        throw new InputException($"--teacher {path}: has {found} levels of {size} components, the student has {student.Layers} of {student.HiddenSize}; teacher and student must have the same base model");
    }

    /// <summary>The run directory keeps the subspace that was named, or the one that was fitted.</summary>
    private void Keep(MeasuredSubspace subspace, string? source)
    {
        if (settings.LoRi.SubspaceFile is { } file)
        {
            File.Copy(file, KeptSubspace, overwrite: true);
        }
        else
        {
            SubspaceFile.Write(KeptSubspace, subspace, settings.Train.Seed, source ?? string.Empty);
        }
    }

    private void Report(int done, int rows, Stopwatch clock)
    {
        stop.ThrowIfCancellationRequested();
        if (settings.LoRi.Online)
        {
            log.Phase("teacher", done, rows);
        }

        if (done % 1000 < batch)
        {
            log.Info($"teacher: {done:N0} of {rows:N0} rows in {clock.Elapsed.TotalSeconds:F0} s");
        }
    }
}
