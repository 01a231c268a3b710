using System.Diagnostics;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Training;
using LoRi.Training.Teachers;
using LoRi.Training.Trajectories;

namespace LoRi.Runs.Demo;

/// <summary>A trained teacher of the demonstration with its data and its students' targets.</summary>
internal sealed record DemoTeacher(
    long Seed, ReasoningModel Model, EncodedExample[] Training, LoRiTeacher Targets, string TargetsFile, double Seconds,
    double CollectionSeconds) : IDisposable
{
    private const int CollectionBatch = 512;
    private const long SpoolLimit = 4L << 30;

    public static DemoTeacher Train(DemoSettings settings, long seed, string folder, Action<string> log)
    {
        var training = ChainedArithmetic.Training(settings.TrainingRows, settings.LongestChain, seed);
        var model = DemoModels.Fresh(settings, seed);
        var clock = Stopwatch.StartNew();
        using var trainer = new Trainer(
            model, DemoStudents.Teacher.Objective, training, DemoModels.Plan(settings, settings.TeacherSteps, settings.TeacherRate, seed));
        while (!trainer.Finished)
        {
            trainer.Step();
        }

        var seconds = clock.Elapsed.TotalSeconds;
        clock.Restart();
        var levels = TracedLevels.All(DemoSettings.Model.Layers);
        using var source = new SpooledTrajectories(new ModelTrajectories(model, training, levels, CollectionBatch), folder, SpoolLimit);
        var file = Path.Combine(folder, $"teacher-{seed}.safetensors");
        var targets = LoRiTeacher.Collect(source, LoRiSettings.Demo, file);
        log($"seed {seed} teacher: {settings.TeacherSteps} steps in {seconds:F0} s; trajectories of {training.Length:N0} rows "
            + $"in {clock.Elapsed.TotalSeconds:F0} s");
        return new DemoTeacher(seed, model, training, targets, file, seconds, clock.Elapsed.TotalSeconds);
    }

    public void Dispose()
    {
        Targets.Dispose();
        File.Delete(TargetsFile);
        Model.Dispose();
    }
}
