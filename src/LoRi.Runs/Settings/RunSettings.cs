using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Text;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;

namespace LoRi.Runs.Settings;

/// <summary>Everything that decides what a training run does: what its <c>config.json</c> says.</summary>
/// <param name="Command"><c>teach</c> or <c>distill</c>.</param>
/// <param name="Train">What all training commands share.</param>
/// <param name="Latent">The student; without meaning for <c>teach</c> but for its answer prefix and grading.</param>
/// <param name="LoRi">The alignment; without meaning for other methods than <c>lori</c>.</param>
public sealed record RunSettings(string Command, TrainOptions Train, LatentOptions Latent, LoRiOptions LoRi)
{
    private const string CommandKey = "command";

    private const string VersionKey = "version";

    private static readonly string[] InformativeKeys = [CommandKey, VersionKey];

    /// <summary>Settings that a setting on the command line puts out of force, as both together would contradict each other.</summary>
    private static readonly Dictionary<string, string[]> Exclusive = new()
    {
        ["steps"] = ["epochs"],
        ["epochs"] = ["steps"],
        ["layer_rank"] = ["layer_energy", "max_layer_rank"],
        ["layer_energy"] = ["layer_rank", "max_layer_rank"],
        ["max_layer_rank"] = ["layer_rank"],
        ["hidden_rank"] = ["hidden_energy", "max_hidden_rank"],
        ["hidden_energy"] = ["hidden_rank", "max_hidden_rank"],
        ["max_hidden_rank"] = ["hidden_rank"],
        ["subspace"] = ["subspace_kind", "standardise", "layer_rank", "layer_energy", "max_layer_rank", "hidden_rank", "hidden_energy", "max_hidden_rank"],
        ["online"] = ["teacher_cache", "keep_trajectories"],
        ["teacher_cache"] = ["online"],
        ["keep_trajectories"] = ["online"],
    };

    /// <summary>Settings that are chosen for the size of a run, and mean nothing for another.</summary>
    private static readonly string[] Fitted = ["warmup_steps", "eval_every", "accumulation"];

    /// <summary>Low-rank adapters in place of all weights.</summary>
    public AdapterOptions Adapters { get; init; } = new();

    /// <summary>The version of this program, which the settings of a run name.</summary>
    public static string Version { get; } = typeof(RunSettings).Assembly.GetName().Version!.ToString(3);

    /// <summary>Settings from one flat JSON object; the keys that it does not have take their defaults.</summary>
    /// <exception cref="InputException">A key is unknown or a value has the wrong form.</exception>
    public static RunSettings Read(string command, JsonObject settings, OptionSource source)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(source);
        var known = Known();
        var unknown = settings.Select(p => p.Key).FirstOrDefault(key => !known.Contains(key));
        if (unknown is not null)
        {
            throw new InputException($"{source.Place(unknown)}: there is no such setting; settings are named as the options are, with underscores{DidYouMean.Hint(unknown, known)}");
        }

        if (settings.Where(p => p.Value is not null && !SettingKeys.Has(command, p.Key)).Select(p => p.Key).FirstOrDefault() is { } other)
        {
            throw new InputException($"{source.Place(other)}: `lori {command}` has no such setting, `lori distill` has it; leave it out");
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
            own.RefuseContradictions(commandLine, "");
            return own;
        }

        var (merged, source) = OptionFile.Read(configFile);
        if (merged[CommandKey] is { } written && written.ToJsonString() != JsonSerializer.Serialize(command))
        {
            throw new InputException($"{source.Place(CommandKey)} {written.ToJsonString()}: these are the settings of another command than `lori {command}`; replay them with that one");
        }

        LeaveOutIdle(command, merged, source);
        Read(command, merged, source).RefuseContradictions(merged, $"--config {configFile}: ");
        foreach (var (key, value) in commandLine)
        {
            foreach (var replaced in Exclusive.GetValueOrDefault(key, []).Where(other => !commandLine.ContainsKey(other)))
            {
                merged.Remove(replaced);
            }

            merged[key] = value?.DeepClone();
        }

        // Another method than the file's puts out of force what only the file's has.
        var both = Read(command, merged, source);
        foreach (var key in merged.Select(pair => pair.Key).Where(key => !commandLine.ContainsKey(key) && SettingKeys.Contradiction(both, key) is not null).ToList())
        {
            merged.Remove(key);
        }

        var settings = Yielding(command, merged, commandLine, source);
        settings.RefuseContradictions(commandLine, "");
        return settings;
    }

    /// <summary>The merged settings, without those of the file that suit its own numbers and contradict the command line's.</summary>
    private static RunSettings Yielding(string command, JsonObject merged, JsonObject commandLine, OptionSource source)
    {
        var settings = Read(command, merged, source);
        foreach (var key in Fitted.Where(key => merged.ContainsKey(key) && !commandLine.ContainsKey(key)))
        {
            if (settings.Wrong() is { } message && Names(message, key) && commandLine.Any(given => Names(message, given.Key)))
            {
                merged.Remove(key);
                settings = Read(command, merged, source);
            }
        }

        return settings;
    }

    private static bool Names(string message, string key) => message.Contains($"--{key.Replace('_', '-')} ", StringComparison.Ordinal);

    private string? Wrong()
    {
        try
        {
            Validate();
            return null;
        }
        catch (InputException e)
        {
            return e.Message;
        }
    }

    /// <summary>The settings that a run was made with, whatever version of this program wrote them; what is unknown is left out.</summary>
    /// <exception cref="InputException">A value has the wrong form.</exception>
    public static RunSettings OfRun(JsonObject written, OptionSource source)
    {
        ArgumentNullException.ThrowIfNull(written);
        var command = written[CommandKey]?.ToString() ?? "";
        var known = Known();
        var settings = new JsonObject(written.Where(pair => known.Contains(pair.Key) && SettingKeys.Has(command, pair.Key)).Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone())));
        return Read(command, settings, source);
    }

    /// <summary>Refuses a setting that its user gave and that has no effect beside the others.</summary>
    /// <exception cref="InputException">There is one; the message names both.</exception>
    private void RefuseContradictions(JsonObject given, string place)
    {
        foreach (var (key, value) in given.Where(pair => pair.Value is not null && pair.Value.GetValueKind() != JsonValueKind.False))
        {
            if (SettingKeys.Contradiction(this, key) is { } found)
            {
                var text = value!.GetValueKind() == JsonValueKind.True ? "" : $" {value}";
                throw new InputException($"{place}--{key.Replace('_', '-')}{text} and {found.Against} contradict each other: {found.Why}");
            }
        }
    }

    /// <summary>Runs of before settings were told apart by command kept all of them, also those without meaning.</summary>
    private static void LeaveOutIdle(string command, JsonObject written, OptionSource source)
    {
        if (!written.ContainsKey(CommandKey) || written.ContainsKey(VersionKey))
        {
            return;
        }

        foreach (var key in written.Select(pair => pair.Key).Where(key => !SettingKeys.Has(command, key)).ToList())
        {
            written.Remove(key);
        }

        var settings = Read(command, written, source);
        foreach (var key in written.Select(pair => pair.Key).Where(key => SettingKeys.Contradiction(settings, key) is not null).ToList())
        {
            written.Remove(key);
        }
    }

    private static HashSet<string> Known() =>
        [.. OptionJson.Keys<TrainOptions>(), .. OptionJson.Keys<LatentOptions>(), .. OptionJson.Keys<LoRiOptions>(), .. OptionJson.Keys<AdapterOptions>(), .. InformativeKeys];

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

    /// <summary>The weights that the model starts from.</summary>
    public string Start => Command != "distill" || Latent.Init == InitOption.Base ? Train.Model! : Train.Teacher ?? Train.Model!;

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

    /// <summary>The shape of the frozen teacher, from its configuration; null where there is no such teacher.</summary>
    /// <exception cref="InputException">Its files are missing, malformed or of an unsupported kind.</exception>
    public DecoderConfig? TeacherShape() =>
        Command == "distill" && MethodNames.HasFrozenTeacher(Latent.Method) ? ModelLoader.Shape(Train.Teacher!) : null;

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

    /// <summary>
    /// The content of <c>config.json</c>: every setting that is in force, with the values of those that are left out and with full
    /// paths, and the program's version.
    /// </summary>
    public JsonObject ToJson()
    {
        var all = new JsonObject { [CommandKey] = Command, [VersionKey] = Version };
        var train = Train.WithFullPaths();
        var lori = LoRi.Completed();
        var parts = new object[]
        {
            train with { Epochs = train.Steps is null ? train.Epochs ?? TrainOptions.DefaultEpochs : null },
            Latent,
            lori with { SubspaceFile = OptionRules.FullPathOf(lori.SubspaceFile), TeacherCache = lori.TeacherCache is { } cache ? OptionRules.FullPath(cache) : null },
            Adapters.Completed(),
        };
        foreach (var part in parts)
        {
            var settings = JsonSerializer.SerializeToNode(part, part.GetType(), OptionJson.Format)!.AsObject();
            foreach (var (key, value) in settings.Where(p => SettingKeys.InForce(this, p.Key)))
            {
                all[key] = value?.DeepClone();
            }
        }

        return all;
    }
}
