using LoRi.Files.Settings;
using LoRi.Training.Methods.LoRi;

namespace LoRi.Runs.Settings;

/// <summary>The settings of the commands that work on files of trajectories.</summary>
public static class FitSettings
{
    /// <summary>The trajectories that a subspace is fitted to.</summary>
    public static readonly Setting<IReadOnlyList<string>> Trajectories =
        Files("trajectories", "trajectory files (or the index of a sharded one); several may follow");

    /// <summary>The subspace file to write.</summary>
    public static readonly Setting<string> Output =
        StageSettings.Output with { ValueName = "file", Help = "the subspace file to write", Required = "name the subspace file to write" };

    /// <summary>The same as <see cref="AlignmentSettings.Kind"/> under a shorter name.</summary>
    public static readonly Setting<Math.SubspaceKind> Kind = AlignmentSettings.Kind with { Key = "kind", ValueName = "name" };

    /// <summary>The variances that are stored.</summary>
    public static readonly Setting<Math.Weighting> Weighting = AlignmentSettings.Weighting with { Help = "variances to store: {choices}" };

    /// <summary>The gradients that a subspace of gradients is fitted to.</summary>
    public static readonly Setting<IReadOnlyList<string>> Gradients = new(
        "gradients", "file", Forms.Places, [],
        "files of `lori trajectories --gradients` over the same data, for --kind gradient; several may follow");

    /// <summary>The seed of a random subspace.</summary>
    public static readonly Setting<long> Seed = new("seed", "n", Forms.Seed, 0, "seed of --kind random");

    /// <summary>Whether trajectories are read twice, with less memory.</summary>
    public static readonly Setting<bool> LowMemory =
        new("low_memory", "", Forms.Flag, false, "read the trajectories twice and keep no hidden Gram matrix per level");

    /// <summary>A subspace file.</summary>
    public static readonly Setting<string> Subspace =
        new("subspace", "file", Forms.Place, "", "the subspace file") { Required = "name the subspace file" };

    /// <summary>A teacher's trajectories.</summary>
    public static readonly Setting<IReadOnlyList<string>> Teacher = Files("teacher", "trajectory files of the teacher");

    /// <summary>A student's trajectories.</summary>
    public static readonly Setting<IReadOnlyList<string>> Student =
        Files("student", "trajectory files of the student, with the same examples");

    /// <summary>The same values under the names that the alignment has for them.</summary>
    /// <param name="values">Values of the settings of a fit.</param>
    public static SettingValues AsAlignment(SettingValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.With(AlignmentSettings.Kind, values.Get(Kind));
    }

    /// <summary>The settings of <c>lori subspace fit</c>.</summary>
    internal static IReadOnlyList<Setting> All { get; } =
    [
        Trajectories, Output, Kind, Gradients, AlignmentSettings.Standardise,
        AlignmentSettings.LayerRank, AlignmentSettings.LayerEnergy with { DefaultText = "0.95, rank 8 at most" },
        AlignmentSettings.HiddenRank, AlignmentSettings.HiddenEnergy with { DefaultText = "0.95, rank 64 at most" },
        Weighting, Seed, LowMemory, Sums, StageSettings.RankTimeout, StageSettings.Threads, StageSettings.Json,
    ];

    /// <summary>What they must be together.</summary>
    internal static IReadOnlyList<SettingRule> Rules { get; } =
    [
        new(values => OutputName.FileFault(values.Get(Output), "a safetensors file", ".safetensors"), Output),
        new(
            values => (values.Get(Kind).IsGradient, values.Get(Gradients).Count > 0) switch
            {
                (true, false) => "--kind gradient: needs the gradients of the answer's loss; name their files with --gradients, as `lori "
                    + "trajectories --gradients` writes them",
                (false, true) => $"--gradients: {Kind.Say(values)} is fitted to states alone; leave --gradients out, or take --kind "
                    + "gradient",
                _ => null,
            },
            Kind,
            Gradients),
    ];

    /// <summary>Whether sums are dealt out to ranks.</summary>
    private static Setting Sums => StageSettings.RanksThatShare("sums");

    private static Setting<IReadOnlyList<string>> Files(string key, string help) =>
        new(key, "file", Forms.Places, [], help) { Required = "name at least one file of trajectories" };
}
