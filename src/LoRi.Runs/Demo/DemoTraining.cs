using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Training;
using LoRi.Training.Methods;

namespace LoRi.Runs.Demo;

/// <summary>A training of the demonstration: its stages, which share the steps evenly, each with an optimizer of its own.</summary>
internal sealed class DemoTraining : IDisposable
{
    private readonly ReasoningModel model;
    private readonly DemoMethod method;
    private readonly EncodedExample[] rows;
    private readonly DemoSettings settings;
    private readonly (int Steps, double Rate, long Seed) course;
    private Trainer? trainer;
    private int stage;

    /// <summary>A training that has made no step yet.</summary>
    /// <param name="model">What is trained.</param>
    /// <param name="method">How.</param>
    /// <param name="rows">Training rows, which are written in the method's form.</param>
    /// <param name="settings">What all trainings share.</param>
    /// <param name="course">Steps of all stages together, the peak learning rate, and the seed of the data order.</param>
    public DemoTraining(
        ReasoningModel model, DemoMethod method, IReadOnlyList<EncodedExample> rows, DemoSettings settings,
        (int Steps, double Rate, long Seed) course)
    {
        (this.model, this.method, this.settings, this.course) = (model, method, settings, course);
        this.rows = [.. rows.Select(method.Form)];
    }

    /// <summary>Makes the next step; null where there is none any more.</summary>
    public StepMetrics? Step()
    {
        while (trainer is null or { Finished: true })
        {
            trainer?.Dispose();
            trainer = null;
            if (stage == method.Stages.Count)
            {
                return null;
            }

            trainer = Begin(stage++);
        }

        return trainer.Step();
    }

    /// <summary>Makes all steps; gives back the last one.</summary>
    public StepMetrics Run()
    {
        StepMetrics? last = null;
        while (Step() is { } made)
        {
            last = made;
        }

        return last!;
    }

    /// <inheritdoc/>
    public void Dispose() => trainer?.Dispose();

    private Trainer Begin(int number)
    {
        var (objective, trains) = (method.Stages[number].Objective, method.Stages[number].Trains);
        model.Parameters.Learn(new LearningStage($"{number}", _ => objective) { Trains = trains }.Learns(model));
        var steps = Until(number + 1) - Until(number);
        return new(model, objective, rows, new()
        {
            Steps = steps,
            BatchSize = settings.BatchSize,
            Seed = course.Seed,
            Optimizer = DemoSettings.Optimizer(course.Rate),
        });
    }

    private int Until(int number) => course.Steps * number / method.Stages.Count;
}
