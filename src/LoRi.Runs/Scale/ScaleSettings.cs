using LoRi.Files.Settings;
using LoRi.Models.Decoders;
using LoRi.Runs.Settings;
using LoRi.Training;

namespace LoRi.Runs.Scale;

/// <summary>The settings of <c>lori plan-scale</c>.</summary>
public static class ScaleSettings
{
    private const int MostTokens = 1_048_576, MostHosts = 65_536;

    /// <summary>The model, or its configuration alone.</summary>
    public static readonly Setting<string?> Model = StageSettings.Model with
    {
        Help = "a run directory, a folder, or the config.json of a model that is not here",
        Required = "name the model",
    };

    /// <summary>The largest number of hosts.</summary>
    public static readonly Setting<int> Hosts = new(
        "hosts", "n", Forms.Whole(1, MostHosts), 64, "show 1, 2, 4 and so on up to this many hosts");

    /// <summary>What computes.</summary>
    public static readonly Setting<Accelerator> Kind = new(
        "gpu", "name", Named(Accelerator.Known, one => one.Name), Accelerator.Known[0], "{choices}; cpu-64 is a host of 64 cores");

    /// <summary>Accelerators of a host.</summary>
    public static readonly Setting<int> PerHost = new("gpus", "n", Forms.Whole(1, 1024), 8, "GPUs of a host, each a rank")
    {
        DefaultText = "8, of cpu-64 1",
        Default = values => values.Get(Kind).PerHost,
    };

    /// <summary>What connects hosts.</summary>
    public static readonly Setting<Network> Network = new(
        "network", "name", Named(Scale.Network.Known, one => one.Name), Scale.Network.Known[0],
        "what connects hosts, in gigabits a second: {choices}");

    /// <summary>Which training.</summary>
    public static readonly Setting<ScaledCommand> Command = new(
        "train", "what", Forms.Choice<ScaledCommand>(), ScaledCommand.Distill, "{choices}");

    /// <summary>Rows of one accelerator.</summary>
    public static readonly Setting<int> Rows = new(
        "rows", "n", Forms.Whole(1, 65_536), 32, "rows of a step that each GPU computes, on one host where hosts share them");

    /// <summary>Parts that they are cut into.</summary>
    public static readonly Setting<int> Accumulation = new(
        "accumulation", "n", Forms.Whole(1, 65_536), 1, "parts that these rows are cut into, to save memory");

    /// <summary>Tokens of a question.</summary>
    public static readonly Setting<int> QuestionTokens = Tokens("question", 70);

    /// <summary>Tokens of a rationale.</summary>
    public static readonly Setting<int> RationaleTokens = Tokens("rationale", 110) with { InForce = Teaches };

    /// <summary>Tokens of an answer.</summary>
    public static readonly Setting<int> AnswerTokens = Tokens("answer", 14);

    /// <summary>Latent steps.</summary>
    public static readonly Setting<int> LatentSteps = new(
        "latent_steps", "n", Forms.Whole(0, 1024), 5, "latent steps of a student")
    { InForce = values => !Teaches(values) };

    /// <summary>All of them.</summary>
    public static CommandSettings All { get; } = new(
        "plan-scale",
        [
            Model, Hosts, PerHost, Kind, Network, Command, AdapterSettings.Rank, Rows, Accumulation, QuestionTokens, RationaleTokens,
            AnswerTokens, LatentSteps, StageSettings.Json,
        ])
    {
        Rules =
        [
            new(
                values => values.Get(Accumulation) > values.Get(Rows)
                    ? $"{Accumulation.Say(values)} and {Rows.Say(values)} contradict each other: rows cannot be cut into more parts than "
                        + "there are"
                    : null,
                Accumulation, Rows),
        ],
    };

    /// <summary>The cost model of some settings.</summary>
    internal static ScaleModel Of(SettingValues values, DecoderConfig config) => new(
        ScaledModel.Of(config, values.Get(AdapterSettings.Rank)), values.Get(Kind), values.Get(PerHost), values.Get(Network),
        WorkOf(values));

    /// <summary>The tokens of a row.</summary>
    internal static ScaledWork WorkOf(SettingValues values)
    {
        var direct = values.Get(QuestionTokens) + values.Get(AnswerTokens);
        var (teaches, rows) = (Teaches(values), RowsAtOnce(values));
        return teaches ? new(direct + values.Get(RationaleTokens), 0, rows) : new(direct, values.Get(LatentSteps), rows);
    }

    /// <summary>Rows of a pass.</summary>
    internal static int RowsAtOnce(SettingValues values) => TrainingPlan.MicroBatchOf(values.Get(Rows), values.Get(Accumulation));

    /// <summary>Tokens of a row whose logits are kept.</summary>
    internal static int GradedOf(SettingValues values) =>
        values.Get(AnswerTokens) + (Teaches(values) ? values.Get(RationaleTokens) : 0);

    private static bool Teaches(SettingValues values) => values.Get(Command) == ScaledCommand.Teach;

    private static Setting<int> Tokens(string of, int usual) =>
        new($"{of}_tokens", "n", Forms.Whole(1, MostTokens), usual, $"tokens of {(of == "answer" ? "an" : "a")} {of} with its markers");

    private static ValueForm<T> Named<T>(IReadOnlyList<T> known, Func<T, string> name)
        where T : notnull =>
        Forms.Choice([.. known.Select(one => (name(one), one))]);
}
