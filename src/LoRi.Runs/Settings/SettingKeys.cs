using LoRi.Models.Decoders;

namespace LoRi.Runs.Settings;

/// <summary>Which settings a command has, and which of them its other settings put out of force.</summary>
internal static class SettingKeys
{
    /// <summary>Settings of one call, which no run keeps.</summary>
    private static readonly string[] OfOneCall = ["resume", "dry_run"];

    /// <summary>What <c>teach</c> has of the student's and the alignment's settings: how rows become ids.</summary>
    private static readonly string[] OfRows = ["answer_prefix", "grade", "teacher_text"];

    private static readonly string[] OfLatents = ["latent_steps", "projection", "projection_width"];
    private static readonly string[] OfFit = ["subspace_kind", "standardise", "layer_rank", "layer_energy", "max_layer_rank", "hidden_rank", "hidden_energy", "max_hidden_rank"];
    private static readonly string[] OfCache = ["teacher_cache", "keep_trajectories", "shard_size"];
    private static readonly IReadOnlySet<string> OfAlignment = OptionJson.Keys<LoRiOptions>().Except(OfRows).ToHashSet();
    private static readonly IReadOnlySet<string> OfStudents = OptionJson.Keys<LatentOptions>().Concat(OfAlignment).Append("teacher").Except(OfRows).ToHashSet();

    /// <summary>Whether a command has a setting at all.</summary>
    public static bool Has(string command, string key) => command == "distill" || !OfStudents.Contains(key);

    /// <summary>Whether a setting, given by its user, contradicts the others: the flag that it stands against, and why; null where it does not.</summary>
    public static (string Against, string Why)? Contradiction(RunSettings settings, string key)
    {
        var method = settings.Latent.Method;
        if (settings.Command != "distill")
        {
            return null;
        }

        if (OfLatents.Contains(key) && !MethodNames.HasLatents(method) && !(key == "latent_steps" && settings.Latent.LatentSteps == 0))
        {
            return ($"--method {method}", $"{method} takes no latent steps; leave it out");
        }

        if (key == "model" && StartsFromTeacher(settings))
        {
            return ("--init teacher", $"with --method {method} the student starts from the weights of --teacher; leave --model out, or say --init base");
        }

        return !OfAlignment.Contains(key) || method == MethodNames.LoRi ? null
            : key == "lambda_anchor" && MethodNames.HasAnchorWeight(method) ? null
            : ($"--method {method}", $"only {MethodNames.LoRi} aligns trajectories; leave it out");
    }

    /// <summary>Whether a setting has any effect beside the others, so that a run keeps it.</summary>
    public static bool InForce(RunSettings settings, string key) =>
        !OfOneCall.Contains(key) && Has(settings.Command, key) && Contradiction(settings, key) is null && !PutOut(settings, key);

    private static bool StartsFromTeacher(RunSettings settings) =>
        settings.Train.Teacher is not null && settings.Latent.Init == InitOption.Teacher && MethodNames.HasFrozenTeacher(settings.Latent.Method);

    private static bool PutOut(RunSettings settings, string key)
    {
        var (train, latent, lori) = (settings.Train, settings.Latent, settings.LoRi);
        return key switch
        {
            "model" => train.Model is null,
            "teacher" => train.Teacher is null,
            "steps" => train.Steps is null,
            "epochs" => train.Steps is not null,
            "lora_alpha" or "lora_dropout" or "lora_targets" or "rslora" => settings.Adapters.LoraRank is null,
            "eval_every" => train.ValidationFraction == 0,
            "collapse_threshold" => settings.Command != "distill" || !MethodNames.HasLatents(latent.Method),
            "init" => !MethodNames.HasFrozenTeacher(latent.Method),
            "projection_width" => latent.Projection != ProjectionKind.Mlp,
            _ when OfFit.Contains(key) && lori.SubspaceFile is not null => true,
            _ when OfCache.Contains(key) => lori.Online,
            "layer_rank" => lori.LayerRank is null,
            "hidden_rank" => lori.HiddenRank is null,
            "layer_energy" or "max_layer_rank" => lori.LayerRank is not null,
            "hidden_energy" or "max_hidden_rank" => lori.HiddenRank is not null,
            _ => false,
        };
    }
}
