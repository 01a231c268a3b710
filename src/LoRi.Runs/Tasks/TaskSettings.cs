using LoRi.Files.Settings;
using LoRi.Runs.Settings;

namespace LoRi.Runs.Tasks;

/// <summary>The settings of a task and of what is written of it.</summary>
public static class TaskSettings
{
    private const int MostRows = 10_000_000;

    /// <summary>The kinds of tasks.</summary>
    private static readonly string[] kinds = ["chain", "multiplication", "graph", "hops"];

    /// <summary>Which kind of task.</summary>
    public static readonly Setting<string> Kind =
        new("kind", "name", Forms.Choice([.. kinds.Select(kind => (kind, kind))]), "", "{choices}")
        {
            IsMain = true,
            Required = $"name one of {string.Join(", ", kinds)}",
        };

    /// <summary>The group of a chain's operations.</summary>
    public static readonly Setting<GroupAction> Group = Of(
        kinds[0], new Setting<GroupAction>("group", "name", Forms.Choice([.. GroupAction.All.Select(group => (group.Name, group))]),
            GroupAction.Affine7, "group of a chain's operations: {choices}"));

    /// <summary>The longest chain, the longest path of a graph, or the longest deduction.</summary>
    public static readonly Setting<int?> LongestChain = new(
        "longest", "n", Forms.Whole(1, 64).Optional(), null,
        "operations of the longest chain, edges of the longest path, or rules of the longest deduction")
    {
        DefaultText = "5, of a graph 4",
        Default = values => values.Get(Kind) == kinds[2] ? 4 : 5,
        Contradicts = values => values.Get(Kind) == kinds[1]
            ? new Contradiction(kinds[1], "its size is --digits; leave it out") : null,
    };

    /// <summary>Digits of each number.</summary>
    public static readonly Setting<int> Digits =
        Of(kinds[1], new Setting<int>("digits", "n", Forms.Whole(2, 8), 4, "digits of each number of a multiplication"));

    /// <summary>Nodes of a graph.</summary>
    public static readonly Setting<int> Nodes =
        Of(kinds[2], new Setting<int>("nodes", "n", Forms.Whole(6, 200), 12, "nodes of a graph"));

    /// <summary>Edges of a graph.</summary>
    public static readonly Setting<int> Edges =
        Of(kinds[2], new Setting<int>("edges", "n", Forms.Whole(5, 1_000), 16, "edges of a graph"));

    /// <summary>Rows for training.</summary>
    public static readonly Setting<int> Rows = new(
        "rows", "n", Forms.Whole(1, MostRows), 40_000, "rows for training");

    /// <summary>Rows for testing.</summary>
    public static readonly Setting<int> TestRows = new(
        "test_rows", "n", Forms.Whole(1, MostRows), 400, "rows for testing, of every length of chain");

    /// <summary>Which rows are written.</summary>
    public static readonly Setting<TaskPart> Part = new(
        "part", "name", Forms.Choice<TaskPart>(), TaskPart.Training, "{choices}: no question of one is in the other");

    /// <summary>The seed.</summary>
    public static readonly Setting<long> Seed = new("seed", "n", Forms.Seed, 0, "seed of the questions");

    /// <summary>The file of rows.</summary>
    public static readonly Setting<string> Output = new(
        "output", "file", Forms.Output, "", "the file to write: JSON lines, or the text form of iCoT where it ends in .txt")
    { Required = "name the file to write" };

    /// <summary>The folder of the tokenizer.</summary>
    public static readonly Setting<string?> Tokenizer = new(
        "tokenizer_output", "folder", Forms.Output!, null, "folder for a tokenizer of the task's words")
    { DefaultText = "none" };

    /// <summary>What a task is.</summary>
    internal static IReadOnlyList<Setting> Shape { get; } = [Kind, Group, LongestChain, Digits, Nodes, Edges];

    private static readonly SettingRule fits = new(
        values => values.Get(Kind) == kinds[2] && Fault(values) is { } fault ? fault : null, LongestChain, Nodes, Edges);

    /// <summary>A task of an experiment.</summary>
    internal static CommandSettings OfMatrix { get; } = new("experiment", [.. Shape, Rows, TestRows]) { Rules = [fits] };

    /// <summary><c>lori task write</c>.</summary>
    public static CommandSettings Write { get; } = new(
        "task write", [.. Shape, Part, Rows, TestRows, Seed, Output, Tokenizer, StageSettings.Json])
    {
        Rules = [fits, new(values => OutputName.FileFault(values.Get(Output), "JSON lines or text", ".jsonl", ".txt"), Output)],
    };

    /// <summary>The task that settings name.</summary>
    /// <param name="values">Values of a task's settings.</param>
    public static ReasoningTask Of(SettingValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Get(Kind) switch
        {
            "chain" => new ChainTask(values.Get(Group), values.Get(LongestChain)!.Value),
            "multiplication" => new MultiplicationTask(values.Get(Digits)),
            "hops" => new HopsTask(values.Get(LongestChain)!.Value),
            _ => new GraphTask(values.Get(Nodes), values.Get(Edges), values.Get(LongestChain)!.Value),
        };
    }

    private static Setting<T> Of<T>(string kind, Setting<T> setting) => setting with
    {
        InForce = values => values.Get(Kind) == kind,
        Contradicts = values => values.Get(Kind) == kind ? null : new Contradiction(values.Get(Kind), $"only {kind} has it; leave it out"),
    };

    /// <summary>Why graphs of this shape would not be found: a path of the length needs nodes, and edges that lead elsewhere.</summary>
    private static string? Fault(SettingValues values)
    {
        var (longest, nodes, edges) = (values.Get(LongestChain)!.Value, values.Get(Nodes), values.Get(Edges));
        return longest < 2 ? $"{LongestChain.Flag} {longest}: a path of a graph has at least 2 edges; take 2 or more"
            : nodes < longest + 3 ? $"{Nodes.Flag} {nodes} and {LongestChain.Flag} {longest} contradict each other: beside such a path "
                + $"there must be 2 nodes more; take at least {longest + 3} nodes"
            : edges < longest + 2 || edges > 2 * nodes
                ? $"{Edges.Flag} {edges} and {Nodes.Flag} {nodes} contradict each other: take {longest + 2} to {2 * nodes} edges"
            : null;
    }
}

/// <summary>Which rows of a task.</summary>
public enum TaskPart
{
    /// <summary>Those to train on.</summary>
    Training,

    /// <summary>Those to test with.</summary>
    Test,
}
