using LoRi.Files.Settings;
using LoRi.Files.Text;
using LoRi.Training;
using LoRi.Training.Methods;

namespace LoRi.Runs.Settings;

/// <summary>The settings of all methods, as one command has them.</summary>
internal static class MethodSettings
{
    /// <summary>The names that <c>--method</c> knows.</summary>
    public static IReadOnlyList<string> Names => [.. KnownMethods.Students.Select(method => method.About.Name)];

    /// <summary>How settings name a method.</summary>
    public static ValueForm<string> Form => Forms.Text with
    {
        Schema = new() { ["enum"] = new System.Text.Json.Nodes.JsonArray([.. Names]) },
        Broken = method => Names.Contains(method) ? null
            : $"must be one of {string.Join(", ", Names)}{DidYouMean.Hint(method, Names)}",
    };

    /// <summary>The settings that methods have, each once.</summary>
    public static IReadOnlyList<Setting> All =>
        [.. KnownMethods.Students.SelectMany(method => method.About.Settings).DistinctBy(setting => setting.Key)];

    /// <summary>What those must be together.</summary>
    public static IReadOnlyList<SettingRule> Rules => [.. KnownMethods.Students.SelectMany(method => method.About.Rules).Distinct()];

    /// <summary>What the chosen method is, whether there is one of this name or not.</summary>
    public static MethodFacts Of(SettingValues values)
    {
        var name = values.Get(StudentSettings.Method);
        return KnownMethods.Find(name)?.About ?? new(name, "") { TakesLatentSteps = true };
    }

    /// <summary>Whether the rows of the chosen method have an answer prefix, so that its text and its grading have a meaning.</summary>
    public static bool HasPrefix(SettingValues values)
    {
        using var plan = KnownMethods.Find(values.Get(StudentSettings.Method))?.Plan(values);
        return plan?.Form.HasPrefix ?? true;
    }

    /// <summary>Whether the chosen method adds rows for markers to the tables.</summary>
    public static bool HasMarkers(SettingValues values)
    {
        using var plan = KnownMethods.Find(values.Get(StudentSettings.Method))?.Plan(values);
        return plan is null || plan.Markers is not null;
    }

    /// <summary>The setting by which a term is scaled by the deviation over a batch, so that a step must not be cut; null where none
    /// is.</summary>
    public static Setting? Undivided(SettingValues values) =>
        Of(values).ScalesByBatch ? StudentSettings.Method : KnownMethods.Find(values.Get(StudentSettings.Method))?.UndividedBy(values);

    /// <summary>What a setting of other methods contradicts; null where the chosen one has it, or it is no method's.</summary>
    public static Contradiction? Excludes(Setting setting, SettingValues values)
    {
        var method = values.Get(StudentSettings.Method);
        var having = KnownMethods.Students.Where(known => known.About.Settings.Any(own => own.Key == setting.Key))
            .Select(known => known.About.Name).ToArray();
        return having.Contains(method) ? KnownMethods.Find(method)?.Excludes(setting, values)
            : having.Length == 0 || !Names.Contains(method) ? null
            : setting.Purpose is { } purpose && having is [var only] ? new($"--method {method}", $"only {only} {purpose}; leave it out")
            : new($"--method {method}", $"{method} {setting.Lacking}; leave it out");
    }
}
