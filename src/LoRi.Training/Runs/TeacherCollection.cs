using System.Diagnostics;
using LoRi.Math;
using LoRi.Training.Methods.LoRi;
using LoRi.Training.ModelFiles;
using LoRi.Training.Models;
using LoRi.Training.Sequences;
using LoRi.Training.Trajectories;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Runs;

/// <summary>Runs a frozen teacher over the training rows and keeps what its student needs in the run directory.</summary>
internal sealed class TeacherCollection(RunSettings settings, RunDirectory run, Action<string> info, CancellationToken stop)
{
    private const long SpoolLimit = 64L << 30;

    public LoRiTeacher Collect(IReadOnlyList<EncodedExample> rows, Precision precision, Device device)
    {
        var clock = Stopwatch.StartNew();
        using var teacher = ModelLoader.Load(settings.Train.Teacher!, new LoadSettings(precision, device)).Model;
        var levels = new TracedLevels(settings.LoRi.Levels.Indices(teacher.Config.Layers));
        var batch = System.Math.Max(1, settings.Train.BatchSize);
        var computed = new ModelTrajectories(teacher, rows, levels, batch, done => Report(done, rows.Count, clock));
        using var source = new SpooledTrajectories(computed, run.FolderPath, SpoolLimit);
        var fit = settings.LoRi.ToSettings(settings.Train.Seed);
        using var like = zeros(1, dtype: ScalarType.Float32, device: device);
        var targets = Path.Combine(run.FolderPath, "teacher-targets.safetensors");
        var subspace = Subspace(source, (levels.Indices.Count, teacher.Config.HiddenSize), fit);
        var result = LoRiTeacher.Project(source, rows.Count, subspace, fit.Objective, targets, like, levels);
        info($"teacher: {rows.Sum(row => (long)row.Rationale.Length):N0} rationale tokens of {rows.Count:N0} rows in {clock.Elapsed.TotalSeconds:F0} s; "
            + $"ranks {subspace.LayerRank} of {subspace.Levels} and {subspace.HiddenRank} of {subspace.Width} keep {100 * subspace.EnergyKept / subspace.Energy:F1} % of the energy; "
            + $"{result.RowsWithoutRationale:N0} rows have no rationale and contribute nothing to the rationale terms");
        return result;
    }

    /// <summary>The subspace that was named, or one fitted here; either way the run directory keeps it.</summary>
    private SharedSubspace Subspace(SpooledTrajectories source, (int Levels, int Width) traced, LoRiSettings fit)
    {
        var kept = Path.Combine(run.FolderPath, "subspace.safetensors");
        if (settings.LoRi.SubspaceFile is { } file)
        {
            var named = SubspaceFile.Read(file);
            CheckFits(named, file, traced);
            File.Copy(file, kept, overwrite: true);
            return named;
        }

        var fitted = TeacherFit.Fit(source, fit);
        SubspaceFile.Write(kept, fitted, settings.Train.Seed, source.Sha256);
        return fitted;
    }

    private void CheckFits(SharedSubspace subspace, string file, (int Levels, int Width) traced)
    {
        if ((subspace.Levels, subspace.Width) != traced)
        {
            throw new InputException(
                $"--subspace {file}: was fitted on {subspace.Levels} levels of {subspace.Width} components, "
                + $"{settings.Train.Teacher} has {traced.Levels} traced levels of {traced.Width}; fit one on this teacher, with the same --levels");
        }
    }

    private void Report(int done, int rows, Stopwatch clock)
    {
        stop.ThrowIfCancellationRequested();
        if (done % 1000 < settings.Train.BatchSize)
        {
            info($"teacher: {done:N0} of {rows:N0} rows in {clock.Elapsed.TotalSeconds:F0} s");
        }
    }
}
