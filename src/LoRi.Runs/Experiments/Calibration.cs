using System.Text.Json;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Files.Settings;
using LoRi.Runs.Evaluate;
using LoRi.Runs.Settings;
using LoRi.Runs.Tasks;
using LoRi.Training.Methods.Coconut;
using LoRi.Training.Methods.IcotSi;

namespace LoRi.Runs.Experiments;

/// <summary>What a method's pace is measured of.</summary>
/// <param name="Task">The task's name.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Method">The method's name in the matrix.</param>
/// <param name="Run">Its run at the budget's steps.</param>
/// <param name="TaskValues">Settings of the task.</param>
/// <param name="ModelValues">Settings of the model.</param>
internal sealed record CalibrationCase(
    string Task, string Model, string Method, RunSettings Run, SettingValues TaskValues, SettingValues ModelValues)
{
    /// <summary>What changes with the length of a run, or with its seed, and not with the work of a step.</summary>
    private static readonly string[] ofLength =
        [TrainSettings.Steps.Key, TrainSettings.WarmupSteps.Key, TrainSettings.Seed.Key, CoconutSettings.EpochsPerStage.Key,
            IcotSiSettings.PerEpoch.Key];

    /// <summary>A name for what decides the pace; the same for every seed and length.</summary>
    public string Key
    {
        get
        {
            var run = CellSettings.Deciding(Run);
            Array.ForEach(ofLength, key => run.Remove(key));
            return ContentHash.OfText(
                TaskSettings.OfMatrix.ToJson(TaskValues).ToJsonString() + FreshModelSettings.OfMatrix.ToJson(ModelValues).ToJsonString()
                + run.ToJsonString() + RunSettings.Version)[..12];
        }
    }

    /// <inheritdoc/>
    public bool Equals(CalibrationCase? other) => Key == other?.Key;

    /// <inheritdoc/>
    public override int GetHashCode() => Key.GetHashCode(StringComparison.Ordinal);
}

/// <summary>What a method takes, alone on one machine.</summary>
/// <param name="SecondsPerStep">Median of its steps.</param>
/// <param name="CollectionSeconds">Seconds until a frozen teacher's states are collected, all rows.</param>
/// <param name="OverheadSeconds">Seconds around both: reading, loading, writing.</param>
internal sealed record StepPace(double SecondsPerStep, double CollectionSeconds, double OverheadSeconds)
{
    /// <summary>Seconds of collection and so many steps.</summary>
    public double Seconds(int steps) => CollectionSeconds + (steps * SecondsPerStep);

    /// <summary>The least of each that two runs took.</summary>
    public StepPace Least(StepPace other) => new(
        System.Math.Min(SecondsPerStep, other.SecondsPerStep), System.Math.Min(CollectionSeconds, other.CollectionSeconds),
        System.Math.Min(OverheadSeconds, other.OverheadSeconds));

    /// <summary>Steps that fit into some seconds, collection counted; one at least.</summary>
    public int StepsIn(double seconds) =>
        System.Math.Max(1, (int)System.Math.Round((seconds - CollectionSeconds) / SecondsPerStep));
}

/// <summary>A pace as it is written.</summary>
internal sealed record WrittenPace
{
    /// <summary>The task's name.</summary>
    public string? Task { get; init; }

    /// <summary>The model's name.</summary>
    public string? Model { get; init; }

    /// <summary>The method's name in the matrix.</summary>
    public string? Method { get; init; }

    /// <summary>Seconds of a step.</summary>
    public required double SecondsPerStep { get; init; }

    /// <summary>Seconds until a frozen teacher's states are collected.</summary>
    public required double CollectionSeconds { get; init; }

    /// <summary>Seconds around both.</summary>
    public required double OverheadSeconds { get; init; }

    /// <summary>Where it was measured.</summary>
    public string? Machine { get; init; }

    /// <summary>Whether these are times.</summary>
    internal bool IsPace => SecondsPerStep > 0 && CollectionSeconds >= 0 && OverheadSeconds >= 0;
}

/// <summary>The measured paces of an experiment: its <c>calibration.json</c>, so that a rerun has the same steps.</summary>
internal sealed class Calibration
{
    private readonly Dictionary<string, WrittenPace> paces;
    private readonly string? path;

    private Calibration(Dictionary<string, WrittenPace> paces, string? path) => (this.paces, this.path) = (paces, path);

    /// <summary>Nothing is measured.</summary>
    public static Calibration None { get; } = new([], null);

    /// <summary>Reads a file; nothing is measured where there is none.</summary>
    /// <exception cref="InputException">It is damaged.</exception>
    public static Calibration Read(string path)
    {
        const string Remedy = "fetch it again, or remove it, and paces are measured anew";
        var paces = File.Exists(path) ? JsonFile.ReadTyped<Dictionary<string, WrittenPace>>(path, Remedy) : [];
        return paces.FirstOrDefault(pair => pair.Value is not { IsPace: true }).Key is { } wrong
            ? throw new InputException(
                $"{path}: {wrong} is no pace: seconds_per_step must be above 0, the other seconds not below 0; {Remedy}")
            : new Calibration(paces, path);
    }

    /// <summary>The pace of a case; null where it was not measured.</summary>
    public StepPace? Find(CalibrationCase of) => paces.TryGetValue(of.Key, out var pace)
        ? new StepPace(pace.SecondsPerStep, pace.CollectionSeconds, pace.OverheadSeconds)
        : null;

    /// <summary>Where paces were measured.</summary>
    public IEnumerable<string> Machines => paces.Values.Select(pace => pace.Machine).OfType<string>().Distinct();

    /// <summary>Keeps a pace and writes the file.</summary>
    public void Keep(CalibrationCase of, StepPace pace)
    {
        paces[of.Key] = new WrittenPace
        {
            Task = of.Task,
            Model = of.Model,
            Method = of.Method,
            SecondsPerStep = pace.SecondsPerStep,
            CollectionSeconds = pace.CollectionSeconds,
            OverheadSeconds = pace.OverheadSeconds,
            Machine = Machine.Name,
        };
        if (path is not null)
        {
            AtomicFile.WriteText(path, JsonSerializer.Serialize(paces, EvaluationSummary.Format) + "\n");
        }
    }
}
