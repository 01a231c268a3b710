using System.Diagnostics;
using LoRi.Runs.Scoring;

namespace LoRi.Runs.Demo;

/// <summary>
/// Seconds per optimizer step of every method, each measured alone on one thread, in short turns one after another so that
/// a slow spell of the machine falls on all of them. Equal time is then a number of steps, not a stopwatch.
/// </summary>
internal sealed record DemoPace(IReadOnlyDictionary<string, double> SecondsPerStep, double CollectionSeconds)
{
    private const int WarmUpSteps = 3;
    private const int Rounds = 4;
    private const int StepsPerRound = 4;
    private const int Measured = WarmUpSteps + (Rounds * StepsPerRound);

    /// <summary>Measures students; a curriculum at its beginning, stages in the first.</summary>
    public static DemoPace Measure(DemoSettings settings, DemoTeacher teacher, IReadOnlyList<string> students)
    {
        var names = students.Where(name => name != DemoStudents.EqualTime).ToArray();
        var methods = names.ToDictionary(name => name, name => DemoStudents.Create(name, teacher, settings));
        var models = names.ToDictionary(
            name => name, name => DemoModels.Student(teacher.Model, teacher.Training, teacher.Seed, methods[name]));
        var trainers = names.ToDictionary(name => name, name => new DemoTraining(
            models[name], methods[name], teacher.Training, settings,
            (Measured * methods[name].Stages.Count, settings.StudentRate, teacher.Seed)));
        var pace = Medians(trainers);
        foreach (var name in names)
        {
            trainers[name].Dispose();
            models[name].Dispose();
        }

        if (students.Contains(DemoStudents.EqualTime))
        {
            pace[DemoStudents.EqualTime] = pace[DemoStudents.NoCot];
        }

        return new DemoPace(pace, teacher.CollectionSeconds);
    }

    private static Dictionary<string, double> Medians(Dictionary<string, DemoTraining> trainers)
    {
        var times = trainers.Keys.ToDictionary(name => name, _ => new List<double>());
        for (var round = 0; round <= Rounds; round++)
        {
            foreach (var (name, trainer) in trainers)
            {
                for (var step = 0; step < (round == 0 ? WarmUpSteps : StepsPerRound); step++)
                {
                    var start = Stopwatch.GetTimestamp();
                    trainer.Step();
                    if (round > 0)
                    {
                        times[name].Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
                    }
                }
            }
        }

        return times.ToDictionary(pair => pair.Key, pair => OrderStatistics.UpperMedian(pair.Value));
    }

    /// <summary>
    /// Steps of every student: the same number, but for the one that gets LoRi's time, the collection of trajectories included.
    /// </summary>
    public IReadOnlyDictionary<string, int> Steps(DemoSettings settings)
    {
        var steps = SecondsPerStep.Keys.ToDictionary(name => name, _ => settings.StudentSteps);
        if (steps.ContainsKey(DemoStudents.EqualTime))
        {
            var seconds = (settings.StudentSteps * SecondsPerStep[DemoStudents.LoRi]) + CollectionSeconds;
            steps[DemoStudents.EqualTime] = (int)System.Math.Round(seconds / SecondsPerStep[DemoStudents.NoCot]);
        }

        return steps;
    }
}
