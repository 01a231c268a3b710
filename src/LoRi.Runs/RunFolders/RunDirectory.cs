using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Disk;
using LoRi.Files.Json;

namespace LoRi.Runs.RunFolders;

/// <summary>
/// The folder of one training run: <c>config.json</c>, <c>metrics.jsonl</c>, <c>log.txt</c>, <c>checkpoints/step-N</c> and
/// <c>final/</c>. Checkpoints and the final model appear under their names only when they are complete.
/// </summary>
public sealed class RunDirectory
{
    private const string StepPrefix = "step-";
    private const string PartialPrefix = ".partial-";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>What is there before the first step: no metrics, no checkpoint, no teacher's states.</summary>
    internal static readonly string[] MadeFirst = ["config.json", "log.txt", "checkpoints"];

    private RunDirectory(string path, bool isOwner = true) => (FolderPath, IsOwner) = (path, isOwner);

    /// <summary>Whether this process writes here; another rank of the run only reads, and leaves out what it is told to write.</summary>
    public bool IsOwner { get; }

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

    /// <summary>The folder of the TensorBoard event file.</summary>
    public string EventsFolder => Path.Combine(FolderPath, "tensorboard");

    /// <summary>Whether the run came to its end.</summary>
    public bool Finished => Directory.Exists(FinalFolder);

    /// <summary>Whether it made a step.</summary>
    public bool HasBegun => Checkpoints().Count > 0 || File.Exists(MetricsFile);

    /// <summary>The trained model as a Hub folder; exists when the run is finished.</summary>
    public string FinalFolder => Path.Combine(FolderPath, "final");

    /// <summary>Opens the folder of a run, making it if need be.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="resume">Whether an unfinished run in it is continued.</param>
    /// <returns>The folder, not yet locked.</returns>
    /// <exception cref="InputException">The folder holds something and <paramref name="resume"/> was not asked for.</exception>
    public static RunDirectory Create(string path, bool resume)
    {
        ArgumentNullException.ThrowIfNull(path);
        var run = new RunDirectory(OutputFolder.Open(path, resume, MadeFirst, IsRun));
        AtomicFile.CreateFolder(run.CheckpointsFolder);
        return run;
    }

    /// <summary>The folder of a run that another rank writes.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="InputException">It is not seen from here.</exception>
    public static RunDirectory Follow(string path)
    {
        var run = new RunDirectory(LoRi.Files.Settings.Paths.Full(path), isOwner: false);
        return Directory.Exists(run.CheckpointsFolder)
            ? run
            : throw new InputException(
                $"--output {path}: rank 0 has made this folder, but it is not there on {Environment.MachineName}; name a folder that all "
                + "machines share");
    }

    /// <summary>Whether a folder is that of a run which has not come to its end, so that there is no model in it.</summary>
    /// <param name="path">The folder.</param>
    public static bool IsUnfinished(string path)
    {
        var run = new RunDirectory(path);
        return File.Exists(run.ConfigFile) && !run.Finished && IsRun(path);
    }

    /// <summary>
    /// Whether a folder is a run's: its settings name the command that trains, or where they are lost, it has a folder of checkpoints.
    /// </summary>
    private static bool IsRun(string path)
    {
        var run = new RunDirectory(path);
        try
        {
            return File.Exists(run.ConfigFile)
                ? JsonFile.ReadObject(run.ConfigFile)["command"] is JsonValue command && command.TryGetValue<string>(out var name)
                    && name is "teach" or "distill"
                : Directory.Exists(run.CheckpointsFolder);
        }
        catch (InputException)
        {
            return Directory.Exists(run.CheckpointsFolder);
        }
    }

    /// <summary>Writes <c>config.json</c>.</summary>
    /// <param name="settings">Every setting of the run.</param>
    public void WriteConfig(JsonObject settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (IsOwner)
        {
            AtomicFile.WriteText(ConfigFile, settings.ToJsonString(Indented) + "\n");
        }
    }

    /// <summary>
    /// Keeps other processes out of this folder until the result is disposed, or the process ends however it ends, and removes
    /// what a process that was killed did not finish.
    /// </summary>
    /// <returns>What gives the folder free when it is disposed of.</returns>
    /// <exception cref="InputException">Another process is in there.</exception>
    public IDisposable Lock() => OutputFolder.Lock(FolderPath, RemovePartial);

    /// <summary>The complete checkpoints by their steps, the last one last.</summary>
    public IReadOnlyList<(int Step, string Folder)> Checkpoints() =>
        [.. Directory.EnumerateDirectories(CheckpointsFolder, StepPrefix + "*")
            .Select(folder =>
                (Step: int.TryParse(Path.GetFileName(folder)[StepPrefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture,
                    out var step) ? step : -1, folder))
            .Where(found => found.Step >= 0)
            .OrderBy(found => found.Step)];

    /// <summary>
    /// Saves a checkpoint: <paramref name="write"/> fills the folder that it is given, which then gets its name. Older
    /// checkpoints than the last <paramref name="keep"/> are removed, but for the newest one of step <paramref name="sound"/> or before.
    /// </summary>
    /// <param name="step">Steps made.</param>
    /// <param name="write">Fills the folder.</param>
    /// <param name="keep">Checkpoints that stay in any case.</param>
    /// <param name="sound">The last step before the run began to look lost; left out, or this step, where it does not.</param>
    /// <exception cref="InputException">It cannot be written; those before it stay.</exception>
    public void SaveCheckpoint(int step, Action<string> write, int keep = 2, int? sound = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        if (!IsOwner)
        {
            return;
        }

        var name = string.Create(CultureInfo.InvariantCulture, $"{StepPrefix}{step:000000}");
        Publish(Path.Combine(CheckpointsFolder, name), write);
        var all = Checkpoints();
        var spare = all.LastOrDefault(one => one.Step <= (sound ?? step)).Folder;
        foreach (var (_, folder) in all.SkipLast(keep).Where(one => one.Folder != spare))
        {
            Discard(folder);
        }
    }

    /// <summary>Saves the trained model; <paramref name="write"/> fills the folder that it is given.</summary>
    /// <param name="write">Writes the model into the folder that it is given.</param>
    public void SaveFinal(Action<string> write)
    {
        if (IsOwner)
        {
            Publish(FinalFolder, write);
        }
    }

    /// <summary>
    /// The writer of <c>metrics.jsonl</c>. Lines of steps after <paramref name="resumedStep"/> are removed: they will be made again.
    /// A file that was deleted is started again.
    /// </summary>
    /// <param name="resumedStep">Steps made before; 0 for a run that begins.</param>
    /// <param name="lines">Lines that those steps left; null where that is not known.</param>
    /// <exception cref="InputException">A line of a step before is damaged or missing.</exception>
    public MetricsWriter OpenMetrics(int resumedStep, int? lines = null)
    {
        if (!IsOwner)
        {
            return MetricsWriter.Nowhere();
        }

        if (File.Exists(MetricsFile))
        {
            var kept = MetricsWriter.LinesUntil(MetricsFile, resumedStep, lines);
            AtomicFile.WriteText(MetricsFile, string.Concat(kept.Select(line => line + "\n")));
        }

        return new MetricsWriter(MetricsFile, LastWhole);
    }

    /// <summary>The rows of <c>metrics.jsonl</c>.</summary>
    public IEnumerable<JsonObject> ReadMetrics() => DataLines.Read(MetricsFile).Select(line => JsonNode.Parse(line.Bytes)!.AsObject());

    /// <summary>Fills a folder under another name, flushes it and renames it: it is there completely or not at all.</summary>
    private void Publish(string folder, Action<string> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var partial = Partial(folder);
        try
        {
            Directory.CreateDirectory(partial);
            write(partial);
            FolderFlush.Flush(partial);
            if (Directory.Exists(folder))
            {
                Discard(folder);
            }

            Directory.Move(partial, folder);
            FolderFlush.Flush(Path.GetDirectoryName(folder)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InputException)
        {
            TryDelete(partial);
            throw new InputException($"{folder}: cannot be written ({Reason(e)}); check the free space and the permissions; {LastWhole()}",
                e);
        }
    }

    private string LastWhole() =>
        Checkpoints() is [.., var (_, whole)] ? $"{whole} is whole, and --resume continues from it" : "there is no earlier checkpoint";

    private static string Reason(Exception e) => (e.InnerException ?? e).Message;

    /// <summary>A name that is taken for unfinished: no other process writes here at the same time.</summary>
    private static string Partial(string folder) =>
        Path.Combine(Path.GetDirectoryName(folder)!, $"{PartialPrefix}{Guid.NewGuid():N}-{Path.GetFileName(folder)}");

    /// <summary>Removes a folder so that at no moment half of it is there under its name.</summary>
    private static void Discard(string folder)
    {
        var partial = Partial(folder);
        Directory.Move(folder, partial);
        Directory.Delete(partial, recursive: true);
    }

    private static void TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next start removes it.
        }
    }

    /// <summary>Removes what a process that was killed did not finish.</summary>
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
