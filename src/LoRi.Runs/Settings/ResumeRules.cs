using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Settings;
using LoRi.Runs.RunFolders;

namespace LoRi.Runs.Settings;

/// <summary>Which settings may differ on resume: those that cannot change what it learns.</summary>
internal static class ResumeRules
{
    /// <summary>Compares what can be compared before data are read; gives a warning where bits may differ.</summary>
    /// <param name="given">The settings of now.</param>
    /// <param name="before">The settings that the run was made with.</param>
    /// <exception cref="InputException">A setting differs.</exception>
    public static string? CheckGiven(RunSettings given, JsonObject before)
    {
        var now = given.ToJson();
        Check(given, before, setting => setting.OnResume == OnResume.Derived && now[setting.Key] is null);
        return RoundingWarning(given.Declared, before, now);
    }

    /// <summary>Compares the settings of another stage; gives a warning where bits may differ.</summary>
    /// <param name="declared">Its command's settings.</param>
    /// <param name="output">The stage's <c>--output</c>.</param>
    /// <param name="before">The settings that it was begun with.</param>
    /// <param name="now">The settings of now.</param>
    /// <exception cref="InputException">A setting differs.</exception>
    public static string? CheckSame(CommandSettings declared, string output, JsonObject before, JsonObject now)
    {
        RefuseChange(declared, output, before, now, _ => false);
        return RoundingWarning(declared, before, now);
    }

    /// <summary>Compares everything, once steps are counted.</summary>
    /// <exception cref="InputException">A setting, or the rows of data, differ.</exception>
    public static void CheckResolved(RunSettings resolved, string data, RunCheckpoint from)
    {
        Check(resolved, from.State.Settings, setting => setting.OnResume == OnResume.Derived && from.State.Settings[setting.Key] is null);
        if (data != from.State.Data)
        {
            throw new InputException($"--resume {resolved.Train.Output}: the rows of --data are not those that {from.Folder} was made "
                + "with; give the same files, or begin a new run under another --output");
        }
    }

    /// <summary>Compares the frozen weights, which lie outside of the run.</summary>
    /// <exception cref="InputException">They are others.</exception>
    public static void CheckBase(RunSettings resolved, string frozen, RunCheckpoint from)
    {
        if (frozen != from.State.Frozen)
        {
            throw new InputException(
                $"--resume {resolved.Train.Output}: the frozen weights of the model are not those that {from.Folder} was made with; give "
                    + "back the model as it was, or begin a new run under another --output");
        }
    }

    private static void Check(RunSettings given, JsonObject written, Func<Setting, bool> skip)
    {
        var now = given.ToJson();
        if (Differs(written, now, CommandSettings.CommandKey))
        {
            throw new InputException(
                $"--resume {given.Train.Output}: this run was made by `lori {written[CommandSettings.CommandKey]}`, not by `lori "
                    + $"{given.Command}`; name another --output");
        }

        // What was left out then has the same values as now, whether they were written or not.
        var before = RunSettings.OfRun(written, new SettingSource(Path.Combine(given.Train.Output, "config.json"))).ToJson();
        RefuseChange(given.Declared, given.Train.Output, before, now, skip);
    }

    private static string? RoundingWarning(CommandSettings declared, JsonObject before, JsonObject now)
    {
        var changed = declared.Settings
            .Where(setting => setting.OnResume == OnResume.Rounding && before[setting.Key] is not null && Differs(before, now, setting.Key))
                .Select(setting => setting.Flag).ToArray();
        return changed.Length == 0
            ? null
            : $"{string.Join(" and ", changed)} differ from before: sums are taken in another order, so that the last bits will not be "
                + "those of a run that was never stopped";
    }

    private static void RefuseChange(CommandSettings declared, string output, JsonObject before, JsonObject now, Func<Setting, bool> skip)
    {
        var same = declared.Settings.Where(setting => setting.OnResume is OnResume.Same or OnResume.Derived && !skip(setting));
        if (same.FirstOrDefault(setting => Differs(before, now, setting.Key)) is { } changed)
        {
            throw new InputException(
                $"--resume {output}: {changed.Flag} was {Text(before, changed.Key)} and now is {Text(now, changed.Key)}; "
                + "resume with what it was, or begin a new run under another --output");
        }
    }

    private static bool Differs(JsonObject before, JsonObject now, string key) =>
        now.ContainsKey(key) && before.ContainsKey(key) && Text(before, key) != Text(now, key);

    private static string Text(JsonObject settings, string key) => settings[key]?.ToJsonString() ?? "left out";
}
