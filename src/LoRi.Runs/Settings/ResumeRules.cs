using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Runs.RunFolders;

namespace LoRi.Runs.Settings;

/// <summary>Which settings may differ where a run goes on: those that cannot change what it learns.</summary>
internal static class ResumeRules
{
    private const string CommandKey = "command";

    /// <summary>They change what is written and when, not what is learnt. Rows and teacher caches are compared by their content, not by their path.</summary>
    private static readonly string[] Free =
        ["version", "output", "data", "log_every", "eval_every", "checkpoint_every", "divergence_factor", "collapse_threshold", "teacher_cache", "shard_size", "keep_trajectories"];

    /// <summary>They change the order of sums, and so the last bits.</summary>
    private static readonly string[] Rounding = ["threads", "device"];

    /// <summary>They follow from the data or the model where they are not given, and are not known before those are read.</summary>
    private static readonly string[] Derived = ["steps", "epochs", "warmup_steps", "projection_width"];

    /// <summary>Compares what can be compared before data are read; gives a warning where bits may differ.</summary>
    /// <param name="given">The settings of now.</param>
    /// <param name="before">The settings that the run was made with.</param>
    /// <exception cref="InputException">A setting differs.</exception>
    public static string? CheckGiven(RunSettings given, JsonObject before)
    {
        var now = given.ToJson();
        Check(given, before, key => Derived.Contains(key) && (key == "epochs" || now[key] is null));
        return RoundingWarning(before, now);
    }

    /// <summary>Compares the settings of another stage; gives a warning where bits may differ.</summary>
    /// <param name="output">The stage's <c>--output</c>.</param>
    /// <param name="before">The settings that it was begun with.</param>
    /// <param name="now">The settings of now.</param>
    /// <param name="free">Settings that may differ.</param>
    /// <exception cref="InputException">A setting differs.</exception>
    public static string? CheckSame(string output, JsonObject before, JsonObject now, IReadOnlyCollection<string> free)
    {
        RefuseChange(output, before, now, free.Contains);
        return RoundingWarning(before, now);
    }

    /// <summary>Compares everything, once steps are counted.</summary>
    /// <exception cref="InputException">A setting, or the rows of data, differ.</exception>
    public static void CheckResolved(RunSettings resolved, string data, RunCheckpoint from)
    {
        Check(resolved, from.State.Settings, key => key == "projection_width" && from.State.Settings[key] is null);
        if (data != from.State.Data)
        {
            throw new InputException($"--resume {resolved.Train.Output}: the rows of --data are not those that {from.Folder} was made with; give the same files, or begin a new run under another --output");
        }
    }

    /// <summary>Compares the frozen weights, which lie outside of the run.</summary>
    /// <exception cref="InputException">They are others.</exception>
    public static void CheckBase(RunSettings resolved, string frozen, RunCheckpoint from)
    {
        if (frozen != from.State.Frozen)
        {
            throw new InputException(
                $"--resume {resolved.Train.Output}: the frozen weights of the model are not those that {from.Folder} was made with; give back the model as it was, or begin a new run under another --output");
        }
    }

    private static void Check(RunSettings given, JsonObject written, Func<string, bool> skip)
    {
        var now = given.ToJson();
        if (Differs(written, now, CommandKey))
        {
            throw new InputException($"--resume {given.Train.Output}: this run was made by `lori {written[CommandKey]}`, not by `lori {given.Command}`; name another --output");
        }

        // What was left out then has the same values as now, whether they were written or not.
        var before = RunSettings.OfRun(written, new OptionSource(Path.Combine(given.Train.Output, "config.json"))).ToJson();
        RefuseChange(given.Train.Output, before, now, key => Free.Contains(key) || skip(key));
    }

    private static string? RoundingWarning(JsonObject before, JsonObject now)
    {
        var changed = Rounding.Where(key => before[key] is not null && Differs(before, now, key)).ToArray();
        return changed.Length == 0
            ? null
            : $"{string.Join(" and ", changed.Select(Flag))} differ from before: sums are taken in another order, so that the last bits will not be those of a run that was never stopped";
    }

    private static void RefuseChange(string output, JsonObject before, JsonObject now, Func<string, bool> free)
    {
        var changed = before.Select(pair => pair.Key).FirstOrDefault(key => !free(key) && !Rounding.Contains(key) && Differs(before, now, key));
        if (changed is not null)
        {
            throw new InputException(
                $"--resume {output}: {Flag(changed)} was {Text(before, changed)} and now is {Text(now, changed)}; "
                + "go on with what it was, or begin a new run under another --output");
        }
    }

    private static bool Differs(JsonObject before, JsonObject now, string key) =>
        now.ContainsKey(key) && before.ContainsKey(key) && Text(before, key) != Text(now, key);

    private static string Text(JsonObject settings, string key) => settings[key]?.ToJsonString() ?? "left out";

    private static string Flag(string key) => "--" + key.Replace('_', '-');
}
