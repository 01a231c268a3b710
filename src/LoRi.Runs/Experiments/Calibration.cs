using System.Text.Json.Nodes;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Files.Settings;
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

    /// <summary>Steps that fit into some seconds, collection counted; one at least.</summary>
    public int StepsIn(double seconds) =>
        System.Math.Max(1, (int)System.Math.Round((seconds - CollectionSeconds) / SecondsPerStep));
}

/// <summary>The measured paces of an experiment: its <c>calibration.json</c>, so that a rerun has the same steps.</summary>
internal sealed class Calibration
{
    private readonly Dictionary<string, StepPace> paces = [];
    private readonly JsonObject written;
    private readonly string? path;

    private Calibration(JsonObject written, string? path)
    {
        (this.written, this.path) = (written, path);
        foreach (var (key, node) in written)
        {
            var pace = node!.AsObject();
            paces[key] = new StepPace(
                pace["seconds_per_step"]!.GetValue<double>(), pace["collection_seconds"]!.GetValue<double>(),
                pace["overhead_seconds"]!.GetValue<double>());
        }
    }

    /// <summary>Nothing is measured.</summary>
    public static Calibration None { get; } = new([], null);

    /// <summary>Reads a file; nothing is measured where there is none.</summary>
    public static Calibration Read(string path) => new(File.Exists(path) ? JsonFile.ReadObject(path) : [], path);

    /// <summary>The pace of a case; null where it was not measured.</summary>
    public StepPace? Find(CalibrationCase of) => paces.GetValueOrDefault(of.Key);

    /// <summary>Keeps a pace and writes the file.</summary>
    public void Keep(CalibrationCase of, StepPace pace)
    {
        paces[of.Key] = pace;
        written[of.Key] = new JsonObject
        {
            ["task"] = of.Task,
            ["model"] = of.Model,
            ["method"] = of.Method,
            ["seconds_per_step"] = pace.SecondsPerStep,
            ["collection_seconds"] = pace.CollectionSeconds,
            ["overhead_seconds"] = pace.OverheadSeconds,
            ["machine"] = Machine.Name,
        };
        if (path is not null)
        {
            AtomicFile.WriteText(path, written.ToJsonString(JsonText.Indented) + "\n");
        }
    }
}
