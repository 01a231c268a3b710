using System.Collections.Concurrent;
using System.Diagnostics;
using LoRi.Models.Sequences;
using LoRi.Runs.LowRank;
using LoRi.Runs.RunFolders;
using static TorchSharp.torch;

namespace LoRi.Runs.Demo;

/// <summary>
/// Runs the demonstration: a teacher per seed, one pass for its trajectories, then every student with the same data order,
/// start and budget. Each training uses one thread; as many run side by side as there are workers.
/// </summary>
public sealed class DemoRunner
{
    private const long TestSeed = 0;

    private readonly DemoSettings settings;
    private readonly IReadOnlyList<string> names;
    private readonly IReadOnlyList<long> seeds;
    private readonly int workers;
    private readonly string folder;
    private readonly Action<string> log;

    /// <summary>Prepares a demonstration; nothing runs yet.</summary>
    /// <param name="settings">Sizes and lengths.</param>
    /// <param name="names">The students, in the order of <see cref="DemoStudents.Names"/>.</param>
    /// <param name="seeds">One teacher and one set of students each.</param>
    /// <param name="workers">Trainings side by side.</param>
    /// <param name="folder">Where the teachers' targets are kept while it runs.</param>
    /// <param name="log">Told what happens, a line each.</param>
    public DemoRunner(
        DemoSettings settings, IReadOnlyList<string> names, IReadOnlyList<long> seeds, int workers, string folder, Action<string> log)
    {
        (this.settings, this.seeds, this.workers, this.folder, this.log) = (settings, seeds, workers, folder, log);
        this.names = [.. DemoStudents.Names.Where(names.Contains)];
    }

    /// <summary>
    /// Steps of each student, the one for equal time from measured seconds; known after <see cref="Run"/> began training
    /// students.
    /// </summary>
    public IReadOnlyDictionary<string, int> Steps { get; private set; } = new Dictionary<string, int>();

    /// <summary>Trains and measures everything.</summary>
    /// <returns>Every table of the demonstration.</returns>
    public DemoReport Run()
    {
        var clock = Stopwatch.StartNew();
        var threads = get_num_threads();
        set_num_threads(1);
        try
        {
            var test = ChainedArithmetic.Test(settings.TestRowsPerLength, settings.LongestChain, TestSeed);
            var teachers = SideBySide(seeds, seed => DemoTeacher.Train(settings, seed, folder, log));
            var pace = DemoPace.Measure(settings, teachers[0], names);
            Steps = pace.Steps(settings);
            log($"seconds per step, "
                + $"alone: {string.Join(", ", pace.SecondsPerStep.Select(pair => $"{pair.Key} {pair.Value * 1000:F1} ms"))}");
            var students = SideBySide(
                [.. from teacher in teachers from name in names orderby Cost(name, pace) descending select (teacher, name)],
                job => Student(job.teacher, job.name, test));
            var report = Report(teachers, students, test, pace, clock);
            foreach (var item in teachers)
            {
                item.Dispose();
            }

            return report;
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    private double Cost(string name, DemoPace pace) => pace.SecondsPerStep[name] * Steps[name];

    private DemoStudent Student(DemoTeacher teacher, string name, IReadOnlyList<EncodedExample> test)
    {
        var method = DemoStudents.Create(name, teacher, settings);
        var model = DemoModels.Student(teacher.Model, teacher.Training, teacher.Seed, method);
        using var training = new DemoTraining(
            model, method, teacher.Training, settings, (Steps[name], settings.StudentRate, teacher.Seed));
        var clock = Stopwatch.StartNew();
        var last = training.Run();
        var seconds = clock.Elapsed.TotalSeconds;
        var student = DemoStudent.Evaluate(name, teacher.Seed, model, method, test, settings, Steps[name], seconds);
        log($"seed {teacher.Seed} {name}: {100 * student.Accuracy:F1} % after {Steps[name]} steps in {seconds:F0} s (last task "
            + $"loss {last.Terms["task"]:F4})");
        return student;
    }

    private DemoReport Report(
        DemoTeacher[] teachers, DemoStudent[] students, EncodedExample[] test, DemoPace pace, Stopwatch clock)
    {
        var all = teachers.Select(teacher => DemoStudent.Evaluate(
            DemoStudents.Explicit, teacher.Seed, teacher.Model, DemoStudents.Teacher, test, settings, settings.TeacherSteps,
            teacher.Seconds)).Concat(students);
        var rows = all
            .OrderBy(student => student.Name == DemoStudents.Explicit ? -1 : names.ToList().IndexOf(student.Name))
            .ThenBy(student => student.Seed)
            .Select(student => student.Row(test, settings))
            .ToArray();
        var shown = students.Where(student => student.Seed == seeds[0] && student.Method.Reasoning.LatentSteps > 0)
            .MinBy(student => names.ToList().IndexOf(student.Name));
        var report = new DemoReport
        {
            Setting = settings.Name,
            Dataset = ChainedArithmetic.TestName(settings.TestRowsPerLength, settings.LongestChain, TestSeed),
            Quick = settings.IsQuick,
            Seeds = seeds,
            SecondsPerStep = pace.SecondsPerStep,
            Rows = rows,
            Ranks = RankReport.Of(teachers[0].Targets.Subspace.Fitted),
            WorkedExamples = shown is null ? [] : WorkedExamples.Of(teachers[0].Model, shown, test, settings),
            Seconds = clock.Elapsed.TotalSeconds,
        };
        foreach (var student in students)
        {
            student.Model.Dispose();
        }

        return report;
    }

    private TResult[] SideBySide<T, TResult>(IReadOnlyList<T> jobs, Func<T, TResult> run)
    {
        var results = new TResult[jobs.Count];
        var queue = new ConcurrentQueue<int>(Enumerable.Range(0, jobs.Count));
        WorkerThreads.Run(System.Math.Min(workers, jobs.Count), () =>
        {
            if (!queue.TryDequeue(out var index))
            {
                return false;
            }

            results[index] = run(jobs[index]);
            return true;
        });
        return results;
    }
}
