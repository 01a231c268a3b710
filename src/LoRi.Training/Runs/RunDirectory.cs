using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Training.Checkpoints;

namespace LoRi.Training.Runs;

/// <summary>
/// The folder of one training run: <c>config.json</c>, <c>metrics.jsonl</c>, <c>log.txt</c>, <c>checkpoints/step-N</c> and
/// <c>final/</c>. Checkpoints and the final model appear under their names only when they are complete.
/// </summary>
public sealed class RunDirectory
{
    private const string StepPrefix = "step-";
    private const string PartialPrefix = ".partial-";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private RunDirectory(string path) => FolderPath = path;

    /// <summary>The folder itself.</summary>
    public string FolderPath { get; }

    /// <summary>All settings, resolved.</summary>
    public string ConfigFile => Path.Combine(FolderPath, "config.json");

    /// <summary>One object per logged step.</summary>
    public string MetricsFile => Path.Combine(FolderPath, "metrics.jsonl");

    /// <summary>What was also shown on the screen.</summary>
    public string LogFile => Path.Combine(FolderPath, "log.txt");

    /// <summary>The folder of the checkpoints.</summary>
    public string CheckpointsFolder => Path.Combine(FolderPath, "checkpoints");

    /// <summary>The trained model as a Hub folder; exists when the run is finished.</summary>
    public string FinalFolder => Path.Combine(FolderPath, "final");

    /// <summary>The seed that the <c>config.json</c> of a run records; null for what is no run directory.</summary>
    public static long? SeedOf(string path)
    {
        var config = Path.Combine(path, "config.json");
        return File.Exists(config) && OptionJson.ReadFile(config)["seed"] is JsonValue seed && seed.TryGetValue<long>(out var value) ? value : null;
    }

    /// <summary>Opens the folder of a run, making it if need be.</summary>
    /// <exception cref="InputException">The folder holds something and <paramref name="resume"/> was not asked for.</exception>
    public static RunDirectory Create(string path, bool resume)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (File.Exists(path))
        {
            throw new InputException($"--output {path}: is a file; name a folder");
        }

        if (!resume && Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
        {
            throw new InputException($"--output {path}: the folder is not empty; go on with --resume, or name another folder");
        }

        try
        {
            var run = new RunDirectory(Path.GetFullPath(path));
            Directory.CreateDirectory(run.CheckpointsFolder);
            run.RemovePartial();
            return run;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"--output {path}: cannot be made: {e.Message}", e);
        }
    }

    /// <summary>Writes <c>config.json</c>.</summary>
    public void WriteConfig(JsonObject settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        AtomicFile.WriteText(ConfigFile, settings.ToJsonString(Indented) + "\n");
    }

    /// <summary>The last complete checkpoint and its step, or nothing.</summary>
    public (int Step, string Folder)? LatestCheckpoint()
    {
        var all = Checkpoints();
        return all.Count == 0 ? null : all[^1];
    }

    /// <summary>
    /// Saves a checkpoint: <paramref name="write"/> fills the folder that it is given, which then gets its name. Older
    /// checkpoints than the last <paramref name="keep"/> are removed.
    /// </summary>
    public void SaveCheckpoint(int step, Action<string> write, int keep = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        var name = string.Create(CultureInfo.InvariantCulture, $"{StepPrefix}{step:000000}");
        Publish(Path.Combine(CheckpointsFolder, name), write);
        foreach (var (_, folder) in Checkpoints().SkipLast(keep))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Saves the trained model; <paramref name="write"/> fills the folder that it is given.</summary>
    public void SaveFinal(Action<string> write) => Publish(FinalFolder, write);

    /// <summary>
    /// The writer of <c>metrics.jsonl</c>. Lines of steps after <paramref name="resumedStep"/> are removed: they will be made again.
    /// </summary>
    public MetricsWriter OpenMetrics(int resumedStep)
    {
        if (File.Exists(MetricsFile))
        {
            var kept = File.ReadLines(MetricsFile).Where(line => MetricsWriter.StepOf(line) <= resumedStep).ToList();
            AtomicFile.WriteText(MetricsFile, string.Concat(kept.Select(line => line + "\n")));
        }

        return new MetricsWriter(MetricsFile);
    }

    private List<(int Step, string Folder)> Checkpoints() =>
        [.. Directory.EnumerateDirectories(CheckpointsFolder, StepPrefix + "*")
            .Select(folder => (Step: int.TryParse(Path.GetFileName(folder)[StepPrefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : -1, folder))
            .Where(found => found.Step >= 0)
            .OrderBy(found => found.Step)];

    private static void Publish(string folder, Action<string> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var partial = Path.Combine(Path.GetDirectoryName(folder)!, PartialPrefix + Path.GetFileName(folder));
        if (Directory.Exists(partial))
        {
            Directory.Delete(partial, recursive: true);
        }

        Directory.CreateDirectory(partial);
        write(partial);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.Move(partial, folder);
    }

    private void RemovePartial()
    {
        foreach (var parent in new[] { FolderPath, CheckpointsFolder })
        {
            foreach (var partial in Directory.EnumerateDirectories(parent, PartialPrefix + "*").ToList())
            {
                Directory.Delete(partial, recursive: true);
            }
        }
    }
}
