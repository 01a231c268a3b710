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

    /// <summary>Targets whose rationale is cut into as many parts as there are latent steps; collected at the first time.</summary>
    public required Lazy<LoRiTeacher> TargetsInParts { get; init; }

    public static DemoTeacher Train(DemoSettings settings, long seed, string folder, Action<string> log)
    {
        var training = ChainedArithmetic.Training(settings.TrainingRows, settings.LongestChain, seed);
        var clock = Stopwatch.StartNew();
        var model = Trained(settings, DemoStudents.Teacher, training, seed);
        var seconds = clock.Elapsed.TotalSeconds;
        clock.Restart();
        var file = Path.Combine(folder, $"teacher-{seed}.safetensors");
        var targets = Collected(model, training, LoRiSettings.Demo, file);
        log($"seed {seed} teacher: {settings.TeacherSteps} steps in {seconds:F0} s; trajectories of {training.Length:N0} rows "
            + $"in {clock.Elapsed.TotalSeconds:F0} s");
        return new DemoTeacher(seed, model, training, targets, file, seconds, clock.Elapsed.TotalSeconds)
        {
            OfIcotForm = new(() => InIcotForm(settings, training, seed, log)),
            TargetsInParts = new(() => Collected(model, training, LoRiSettings.DemoInParts(settings.LatentSteps), PartsOf(file))),
        };
    }

    public void Dispose()
    {
        Targets.Dispose();
        File.Delete(TargetsFile);
        if (TargetsInParts.IsValueCreated)
        {
            TargetsInParts.Value.Dispose();
            File.Delete(PartsOf(TargetsFile));
        }

        Model.Dispose();
        if (OfIcotForm.IsValueCreated)
        {
            OfIcotForm.Value.Dispose();
        }
    }

    private static string PartsOf(string file) => Path.ChangeExtension(file, ".parts.safetensors");

    private static LoRiTeacher Collected(ReasoningModel model, EncodedExample[] training, LoRiSettings settings, string file)
    {
        var states = new ModelTrajectories(model, training, TracedLevels.All(DemoSettings.Model.Layers), CollectionBatch);
        using var source = new SpooledTrajectories(states, Path.GetDirectoryName(file)!, SpoolLimit);
        return LoRiTeacher.Collect(source, settings, file);
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
