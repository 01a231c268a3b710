using System.Diagnostics;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
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

    /// <summary>A teacher of the same data in iCoT's form, which the method that needs one asks for; trained at the first time.</summary>
    public required Lazy<ReasoningModel> OfIcotForm { get; init; }

    public static DemoTeacher Train(DemoSettings settings, long seed, string folder, Action<string> log)
    {
        var training = ChainedArithmetic.Training(settings.TrainingRows, settings.LongestChain, seed);
        var clock = Stopwatch.StartNew();
        var model = Trained(settings, DemoStudents.Teacher, training, seed);
        var seconds = clock.Elapsed.TotalSeconds;
        clock.Restart();
        var levels = TracedLevels.All(DemoSettings.Model.Layers);
        using var source = new SpooledTrajectories(new ModelTrajectories(model, training, levels, CollectionBatch), folder, SpoolLimit);
        var file = Path.Combine(folder, $"teacher-{seed}.safetensors");
        var targets = LoRiTeacher.Collect(source, LoRiSettings.Demo, file);
        log($"seed {seed} teacher: {settings.TeacherSteps} steps in {seconds:F0} s; trajectories of {training.Length:N0} rows "
            + $"in {clock.Elapsed.TotalSeconds:F0} s");
        return new DemoTeacher(seed, model, training, targets, file, seconds, clock.Elapsed.TotalSeconds)
        {
            OfIcotForm = new(() => InIcotForm(settings, training, seed, log)),
        };
    }

    public void Dispose()
    {
        Targets.Dispose();
        File.Delete(TargetsFile);
        Model.Dispose();
        if (OfIcotForm.IsValueCreated)
        {
            OfIcotForm.Value.Dispose();
        }
    }

    private static ReasoningModel InIcotForm(DemoSettings settings, EncodedExample[] training, long seed, Action<string> log)
    {
        var clock = Stopwatch.StartNew();
        var model = Trained(settings, DemoStudents.Teacher with { Form = DemoPeers.InIcotForm }, training, seed);
        log($"seed {seed} teacher in the form of icot: {settings.TeacherSteps} steps in {clock.Elapsed.TotalSeconds:F0} s");
        return model;
    }

    private static ReasoningModel Trained(DemoSettings settings, DemoMethod method, EncodedExample[] training, long seed)
    {
        var model = DemoModels.Fresh(settings, seed);
        using var course = new DemoTraining(model, method, training, settings, (settings.TeacherSteps, settings.TeacherRate, seed));
        course.Run();
        return model;
    }
}
