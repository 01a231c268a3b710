using System.Text;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Files.Safetensors;
using LoRi.Models.Decoders;
using LoRi.Training;

namespace LoRi.Runs.RunFolders;

/// <summary>
/// One complete checkpoint of a run: the trainer's tensors with the run's state in their metadata, and a <c>SHA256SUMS</c> that
/// <c>sha256sum -c</c> reads.
/// </summary>
internal sealed class RunCheckpoint
{
    private const string SumsFile = "SHA256SUMS";
    private const string StateKey = "run";

    private RunCheckpoint(int step, string folder, RunState state) => (Step, Folder, State) = (step, folder, state);

    /// <summary>Steps made.</summary>
    public int Step { get; }

    /// <summary>Its folder.</summary>
    public string Folder { get; }

    /// <summary>The run's state beside the tensors.</summary>
    public RunState State { get; }

    /// <summary>Fills the folder of a checkpoint.</summary>
    public static void Write(string folder, ReasoningModel model, Trainer trainer, RunState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        TrainerState.Write(folder, model, trainer, new Dictionary<string, string> { [StateKey] = state.ToText() });
        AtomicFile.WriteText(Path.Combine(folder, SumsFile), $"{Sum(folder)}  {TrainerState.FileName}\n");
    }

    /// <summary>
    /// The last checkpoint of a run, checked from end to end; null where there is none. A damaged one is an error, not skipped:
    /// that steps are lost is for the user to decide.
    /// </summary>
    /// <exception cref="InputException">The last checkpoint is damaged; the message names the one before.</exception>
    public static RunCheckpoint? Latest(RunDirectory run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var all = run.Checkpoints();
        if (all.Count == 0)
        {
            return null;
        }

        try
        {
            return Read(all[^1].Step, all[^1].Folder);
        }
        catch (InputException e)
        {
            var whole = all.SkipLast(1).Reverse().FirstOrDefault(one => IsWhole(one.Step, one.Folder));
            var next = whole.Folder is { } folder
                ? $"--resume continues from {folder}, which is whole"
                : "--resume starts over, as no other is whole";
            throw new InputException($"{all[^1].Folder}: this checkpoint is damaged ({e.Message}); delete that folder, then {next}", e);
        }
    }

    /// <summary>The checkpoint of a step that another rank has found, as it is seen from here.</summary>
    /// <exception cref="InputException">It is not seen, or damaged.</exception>
    public static RunCheckpoint Of(RunDirectory run, int step)
    {
        ArgumentNullException.ThrowIfNull(run);
        var folder = run.Checkpoints().FirstOrDefault(one => one.Step == step).Folder
            ?? throw new InputException(
                $"--resume {run.FolderPath}: rank 0 resumes after step {step}, but {Environment.MachineName} sees no such checkpoint; "
                + "name a folder that all machines share");
        try
        {
            return Read(step, folder);
        }
        catch (InputException e)
        {
            throw new InputException($"{folder}: this checkpoint is damaged as {Environment.MachineName} sees it ({e.Message})", e);
        }
    }

    /// <summary>Puts model and trainer where they were.</summary>
    public void Restore(ReasoningModel model, Trainer trainer) => TrainerState.Restore(Folder, model, trainer);

    private static bool IsWhole(int step, string folder)
    {
        try
        {
            Read(step, folder);
            return true;
        }
        catch (InputException)
        {
            return false;
        }
    }

    private static RunCheckpoint Read(int step, string folder)
    {
        var sums = Path.Combine(folder, SumsFile);
        if (!File.Exists(sums) || Encoding.UTF8.GetString(JsonFile.ReadBytes(sums)) != $"{Sum(folder)}  {TrainerState.FileName}\n")
        {
            throw new InputException($"{TrainerState.FileName} is not what {SumsFile} says");
        }

        using var file = SafetensorsFile.Open(Path.Combine(folder, TrainerState.FileName));
        return file.Metadata.TryGetValue(StateKey, out var text) && RunState.Parse(text) is { } state
            ? new RunCheckpoint(step, folder, state)
            : throw new InputException($"{TrainerState.FileName} holds no state of a run");
    }

    private static string Sum(string folder)
    {
        try
        {
            using var stream = InputFile.Open(Path.Combine(folder, TrainerState.FileName));
            return ContentHash.OfStream(stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{TrainerState.FileName} cannot be read: {e.Message}", e);
        }
    }
}
