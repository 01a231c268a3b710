using LoRi.Files.Data;
using LoRi.Files.Settings;

namespace LoRi.Runs.Settings;

/// <summary>The numbers that weights and arithmetic use.</summary>
public enum DtypeOption
{
    /// <summary><c>float64</c>; for checking, not for training.</summary>
    F64,

    /// <summary><c>float32</c>.</summary>
    F32,

    /// <summary><c>bfloat16</c> arithmetic; the optimizer keeps 32-bit weights.</summary>
    BF16,
}

/// <summary>Where the arithmetic is done.</summary>
public enum DeviceOption
{
    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>A CUDA device: the first one, and under a launcher that of the process's number on its machine.</summary>
    Cuda,
}

/// <summary>Whether processes that a launcher started work on one run.</summary>
public enum RanksOption
{
    /// <summary>Where a launcher's variables say so.</summary>
    Auto,

    /// <summary>No: each works by itself.</summary>
    Alone,
}

/// <summary>Settings that many commands have: what is read, with what arithmetic, and where settings come from.</summary>
public static class StageSettings
{
    /// <summary>Threads that may be asked for on any machine, so that settings of a larger one can be used again.</summary>
    private const int ThreadsAnywhere = 256;

    private const int ThreadsPerProcessor = 4;

    /// <summary>A month.</summary>
    private const int MostSeconds = 31 * 24 * 60 * 60;

    private static readonly (string Name, DtypeOption Value)[] dtypes =
        [("float64", DtypeOption.F64), ("float32", DtypeOption.F32), ("bfloat16", DtypeOption.BF16)];

    private static readonly (string Name, RanksOption Value)[] ranks = [("auto", RanksOption.Auto), ("single", RanksOption.Alone)];

    /// <summary>A model: a Hub folder, a run directory, a GGUF file, or the name of a downloaded one.</summary>
    public static readonly Setting<string?> Model =
        new("model", "path", Forms.Place!, null, "a run directory or a folder") { Group = SettingGroups.Model };

    /// <summary>A tokenizer file or folder; left out, the one beside the weights.</summary>
    public static readonly Setting<string?> Tokenizer = new("tokenizer", "path", Forms.Place!, null, "tokenizer file or folder")
    {
        Group = SettingGroups.Model,
        DefaultText = "the one beside the weights",
    };

    /// <summary>The data files.</summary>
    public static readonly Setting<IReadOnlyList<string>> Data = new("data", "file", Forms.Places, [], "data files; several may follow")
    {
        Group = SettingGroups.Data,
        OnResume = OnResume.Free,
    };

    /// <summary>What is written.</summary>
    public static readonly Setting<string> Output =
        new("output", "folder", Forms.Output, "", "the folder to make") { OnResume = OnResume.Free };

    /// <summary>Rows that are read, from the beginning; left out, all.</summary>
    public static readonly Setting<int?> Limit =
        new("limit", "rows", Forms.Whole(1).Optional(), null, "read this many rows of data at most") { Group = SettingGroups.Data };

    /// <summary>The longest example that is used; left out, all are.</summary>
    public static readonly Setting<int?> MaxTokens =
        new("max_tokens", "n", Forms.Whole(1).Optional(), null, "leave longer examples out, and count them")
        {
            Group = SettingGroups.Data,
        };

    /// <summary>Whether rows that cannot be read are counted instead of stopping.</summary>
    public static readonly Setting<bool> SkipBadLines =
        new("skip_bad_lines", "", Forms.Flag, false, "count rows that cannot be read instead of stopping")
        {
            Group = SettingGroups.Data,
        };

    /// <summary>The form of the data files; left out, it is found from their content.</summary>
    public static readonly Setting<DataFormat?> Format =
        new("format", "name", Forms.Choice<DataFormat>().Optional(), null, "form of the data: {choices}")
        {
            Group = SettingGroups.Data,
            DefaultText = "found",
        };

    /// <summary>Name of the question in generic data.</summary>
    public static readonly Setting<string> QuestionColumn = Column("question");

    /// <summary>Name of the rationale in generic data.</summary>
    public static readonly Setting<string> RationaleColumn = Column("rationale");

    /// <summary>Name of the answer in generic data.</summary>
    public static readonly Setting<string> AnswerColumn = Column("answer");

    /// <summary>What becomes of GSM8K's calculator annotations.</summary>
    public static readonly Setting<AnnotationHandling> Annotations = new(
        "annotations", "handling", Forms.Choice<AnnotationHandling>(), AnnotationHandling.Strip, "GSM8K's <<..>>: {choices}")
    { Group = SettingGroups.Data };

    /// <summary>A file of settings.</summary>
    public static readonly Setting<string?> Config = new(
        "config", "file", Forms.Place!,
            null, "JSON or YAML file with settings named as these options, with underscores; the command line wins")
    { IsOfCommandLine = true, OnResume = OnResume.Once };

    /// <summary>Whether what was begun is resumed.</summary>
    public static readonly Setting<bool> Resume =
        new("resume", "", Forms.Flag, false, "resume from the last complete checkpoint, or start where there is none")
        {
            OnResume = OnResume.Once,
        };

    /// <summary>Threads of one operation; left out, libtorch's own choice.</summary>
    public static readonly Setting<int?> Threads = new(
        "threads",
        "n",
        Forms.Whole(1, System.Math.Max(ThreadsAnywhere, ThreadsPerProcessor * Environment.ProcessorCount),
            $" on this machine with {Environment.ProcessorCount} processors").Optional() with
        { Schema = new() { ["type"] = "integer", ["minimum"] = 1 } },
        null,
        "threads of one operation")
    { OnResume = OnResume.Rounding, DefaultText = "libtorch's choice" };

    /// <summary>Whether a step is dealt out to the processes that mpirun or srun started.</summary>
    public static readonly Setting<RanksOption> Ranks = new(
        "ranks", "how", Forms.Choice(ranks), RanksOption.Auto,
        "{choices}; auto shares each step among the processes that mpirun or srun started, where one did")
    {
        OnResume = OnResume.Once,

        // Which process speaks is decided before any file of settings is read.
        IsOfCommandLine = true,
    };

    /// <summary>The same of a command that deals out something else than steps.</summary>
    /// <param name="what">What is dealt out, in the plural.</param>
    internal static Setting<RanksOption> RanksThatShare(string what) => Ranks with
    {
        Help = $"{{choices}}; auto deals the {what} out to the processes that mpirun or srun started, where one did",
    };

    /// <summary>How long a process that was started beside others waits for one that does not answer.</summary>
    public static readonly Setting<int> RankTimeout = new(
        "rank_timeout", "seconds", Forms.Whole(0, MostSeconds), 1800,
        "end all processes of a launcher where one of them does not answer the others for so long; 0 for never")
    { OnResume = OnResume.Once };

    /// <summary>The type of the arithmetic.</summary>
    public static readonly Setting<DtypeOption> Dtype = new("dtype", "name", Forms.Choice(dtypes), DtypeOption.F32, "{choices}");

    /// <summary>The same where no float64 is used.</summary>
    public static readonly Setting<DtypeOption> ShortDtype = Dtype with { Form = Forms.Choice(dtypes[1..]) };

    /// <summary>Where the arithmetic is done.</summary>
    public static readonly Setting<DeviceOption> Device =
        new("device", "name", Forms.Choice<DeviceOption>(), DeviceOption.Cpu, "{choices}") { OnResume = OnResume.Rounding };

    /// <summary>Whether the result is written as JSON.</summary>
    public static readonly Setting<bool> Json = new("json", "", Forms.Flag, false, "write one JSON object") { OnResume = OnResume.Once };

    /// <summary>How the data files are read.</summary>
    /// <param name="values">Values of a stage's settings.</param>
    public static DataOptions Reading(SettingValues values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new()
        {
            Format = values.Get(Format),
            QuestionColumn = values.Get(QuestionColumn),
            RationaleColumn = values.Get(RationaleColumn),
            AnswerColumn = values.Get(AnswerColumn),
            Annotations = values.Get(Annotations),
            SkipBadLines = values.Get(SkipBadLines),
            Limit = values.Get(Limit),
        };
    }

    /// <summary>The name of a type of arithmetic.</summary>
    /// <param name="dtype">The option's value.</param>
    public static string Name(DtypeOption dtype) => Array.Find(dtypes, one => one.Value == dtype).Name;

    /// <summary>That an output which is a folder is not named as a file is.</summary>
    /// <param name="written">What the folder holds.</param>
    internal static SettingRule OutputFolder(string written) => new(values => OutputName.FolderFault(values.Get(Output), written), Output);

    private static Setting<string> Column(string what) =>
        new($"{what}_column", "name", Forms.Text, what, $"name of the {what} in generic data") { Group = SettingGroups.Data };
}
