using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Training.Checkpoints;
using LoRi.Training.ModelFiles;

namespace LoRi.Training.Runs;

/// <summary>Everything that decides what a training run does: what its <c>config.json</c> says.</summary>
/// <param name="Command"><c>teach</c> or <c>distill</c>.</param>
/// <param name="Train">What all training commands share.</param>
/// <param name="Latent">The student; without meaning for <c>teach</c> but for its answer prefix and grading.</param>
/// <param name="LoRi">The alignment; without meaning for other methods than <c>lori</c>.</param>
public sealed record RunSettings(string Command, TrainOptions Train, LatentOptions Latent, LoRiOptions LoRi)
{
    private const string CommandKey = "command";

    private static readonly string[] OneTimeKeys = ["resume", "dry_run"];
    private static readonly string[] InformativeKeys = [CommandKey, "version"];

    /// <summary>Settings that a setting on the command line puts out of force, as both together would contradict each other.</summary>
    private static readonly Dictionary<string, string[]> Exclusive = new()
    {
        ["steps"] = ["epochs"],
        ["epochs"] = ["steps"],
        ["layer_rank"] = ["layer_energy"],
        ["layer_energy"] = ["layer_rank"],
        ["hidden_rank"] = ["hidden_energy"],
        ["hidden_energy"] = ["hidden_rank"],
        ["subspace"] = ["subspace_kind", "standardise", "layer_rank", "layer_energy", "hidden_rank", "hidden_energy"],
        ["online"] = ["teacher_cache", "keep_trajectories"],
        ["teacher_cache"] = ["online"],
        ["keep_trajectories"] = ["online"],
    };

    /// <summary>Low-rank adapters in place of all weights.</summary>
    public AdapterOptions Adapters { get; init; } = new();

    /// <summary>Settings from one flat JSON object; the keys that it does not have take their defaults.</summary>
    /// <exception cref="InputException">A key is unknown or a value has the wrong form.</exception>
    public static RunSettings Read(string command, JsonObject settings, OptionSource source)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(source);
        var known = OptionJson.Keys<TrainOptions>()
            .Concat(OptionJson.Keys<LatentOptions>())
            .Concat(OptionJson.Keys<LoRiOptions>())
            .Concat(OptionJson.Keys<AdapterOptions>())
            .Concat(InformativeKeys)
            .ToHashSet();
        var unknown = settings.Select(p => p.Key).FirstOrDefault(key => !known.Contains(key));
        if (unknown is not null)
        {
            throw new InputException($"{source.Place(unknown)}: there is no such setting; settings are named as the options are, with underscores");
        }

        return new RunSettings(
            command,
            OptionJson.Read<TrainOptions>(settings, source),
            OptionJson.Read<LatentOptions>(settings, source),
            OptionJson.Read<LoRiOptions>(settings, source))
        {
            Adapters = OptionJson.Read<AdapterOptions>(settings, source),
        };
    }

    /// <summary>
    /// Settings from the command line, laid over those of a file: what the command line says wins. Both are checked first, each
    /// by itself, so that a message names the right one.
    /// </summary>
    /// <exception cref="InputException">The file cannot be read, a key is unknown or a value has the wrong form.</exception>
    public static RunSettings Read(string command, JsonObject commandLine, string? configFile)
    {
        ArgumentNullException.ThrowIfNull(commandLine);
        var own = Read(command, commandLine, OptionSource.CommandLine);
        if (configFile is null)
        {
            return own;
        }

        var source = new OptionSource(configFile);
        var merged = OptionJson.ReadFile(configFile);
        Read(command, merged, source);
        if (merged[CommandKey] is { } written && written.ToJsonString() != JsonSerializer.Serialize(command))
        {
            throw new InputException($"{source.Place(CommandKey)} {written.ToJsonString()}: these are the settings of another command than `lori {command}`; replay them with that one");
        }

        foreach (var (key, value) in commandLine)
        {
            foreach (var replaced in Exclusive.GetValueOrDefault(key, []).Where(other => !commandLine.ContainsKey(other)))
            {
                merged.Remove(replaced);
            }

            merged[key] = value?.DeepClone();
        }

        return Read(command, merged, source);
    }

    /// <summary>Checks everything that can be checked without reading a file.</summary>
    /// <exception cref="InputException">A value is out of range, or two contradict each other.</exception>
    public void Validate()
    {
        Train.Validate();
        Adapters.Validate();
        if (Command == "distill")
        {
            Latent.Validate(Train);
            LoRi.Validate(Latent.Method);
            ValidateAccumulation();
        }
        else if (Train.Model is null)
        {
            throw new InputException("--model is missing: name the weights to start from");
        }
    }

    /// <summary>
    /// The same settings with the answer prefix that the teacher was trained with, where none is given: its anchor is the last
    /// token of that prefix.
    /// </summary>
    /// <exception cref="InputException">Another prefix is given than a frozen teacher has.</exception>
    public RunSettings WithAnswerPrefix()
    {
        var teacher = Command == "distill" && Train.Teacher is { } path ? ModelLoader.Card(path)?.AnswerPrefix : null;
        if (teacher is not null && Latent.AnswerPrefix is { } given && given != teacher && MethodNames.HasFrozenTeacher(Latent.Method))
        {
            throw new InputException(
                $"--answer-prefix {MessageText.Quote(given)} and --teacher {Train.Teacher} contradict each other: this teacher was trained with {MessageText.Quote(teacher)}; leave --answer-prefix out");
        }

        return this with { Latent = Latent with { AnswerPrefix = Latent.AnswerPrefix ?? teacher ?? LatentOptions.DefaultAnswerPrefix } };
    }

    private void ValidateAccumulation()
    {
        var reason = MethodNames.ScalesByBatch(Latent.Method) ? $"--method {Latent.Method}"
            : Latent.Method == MethodNames.LoRi && LoRi.AnchorStd == AnchorStdOption.Batch ? "--anchor-std batch"
            : null;
        if (reason is not null && Train.Accumulation > 1)
        {
            throw new InputException(
                $"{reason} and --accumulation {Train.Accumulation} contradict each other: a term is divided by the deviation over the whole batch; leave --accumulation out");
        }
    }

    /// <summary>The content of <c>config.json</c>: every setting but those that concern one call only.</summary>
    public JsonObject ToJson()
    {
        var all = new JsonObject { [CommandKey] = Command };
        foreach (var part in new object[] { Train, Latent, LoRi, Adapters })
        {
            var settings = JsonSerializer.SerializeToNode(part, part.GetType(), OptionJson.Format)!.AsObject();
            foreach (var (key, value) in settings.Where(p => !OneTimeKeys.Contains(p.Key)))
            {
                all[key] = value?.DeepClone();
            }
        }

        return all;
    }
}
