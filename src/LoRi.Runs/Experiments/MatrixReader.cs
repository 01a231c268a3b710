using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Settings;
using LoRi.Files.Text;
using LoRi.Runs.Probe;
using LoRi.Runs.Settings;
using LoRi.Runs.Tasks;
using LoRi.Training;

namespace LoRi.Runs.Experiments;

/// <summary>Reads a matrix file and refuses what cannot be run.</summary>
internal sealed class MatrixReader
{
    private const string MethodField = "method";
    private const string TeacherField = "teacher";

    /// <summary>Settings that the experiment itself decides.</summary>
    private static readonly HashSet<string> own =
    [
        "model", "data", "output", "config", "resume", "dry_run", "tokenizer", "teacher_cache", "threads", "device", "seed", "json",
        "answer_prefix", "steps", "epochs", CommandSettings.CommandKey, CommandSettings.VersionKey,
    ];

    private readonly MatrixPart root;
    private readonly string sha256;

    private MatrixReader(MatrixPart root, string sha256) => (this.root, this.sha256) = (root, sha256);

    /// <summary>Reads a file.</summary>
    /// <exception cref="InputException">It is missing, malformed, or names what there is not.</exception>
    public static Matrix Read(string path)
    {
        var json = OptionFile.ReadPlain(path).Settings;
        return new MatrixReader(new MatrixPart(path, json), ContentHash.OfText(json.ToJsonString())).Read();
    }

    private Matrix Read()
    {
        root.Allow("version", "says", "tasks", "models", "teachers", "defaults", "methods", "seeds", "budgets", "blocks", "claims");
        if (root.Number("version") is var version && version != Matrix.Version)
        {
            throw root.Bad($"\"version\" {(version is null ? "is missing" : $"is {version}")}; this program reads matrices of version "
                + $"{Matrix.Version}");
        }

        var tasks = Named("tasks", (_, part) => part.Values(TaskSettings.OfMatrix));
        var models = Named("models", (_, part) => part.Values(FreshModelSettings.OfMatrix));
        var teachers = Named("teachers", (_, part) => Refused(part, []));
        var defaults = Refused(root.Part("defaults"), [MethodField, TeacherField]);
        defaults.Read(() => Commands.Distill.Read(CellSettings.Scaled(defaults.Json, epochs: 1), SettingSource.CommandLine));
        var methods = Named("methods", (name, part) => Method(name, part, teachers.Keys));
        var matrix = new Matrix
        {
            Path = root.Place,
            Sha256 = sha256,
            Json = root.Json,
            Tasks = tasks,
            Models = models,
            Teachers = teachers,
            Defaults = defaults,
            Methods = methods,
            Blocks = [],
            Claims = [],
        };
        matrix = matrix with { Blocks = [.. root.Items("blocks").Select(part => Block(part, matrix))] };
        RefuseTwice("blocks", "name", matrix.Blocks.Select(block => block.Name));
        matrix = matrix.Blocks.Count == 0 ? throw root.Bad("\"blocks\" is empty, so that there is nothing to run; name a block")
            : matrix with { Claims = [.. root.Items("claims").Select(part => Claim(part, matrix))] };
        RefuseTwice("claims", "id", matrix.Claims.Select(claim => claim.Id));
        return matrix;
    }

    private void RefuseTwice(string what, string called, IEnumerable<string> names)
    {
        if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw root.Bad($"two {what} have the {called} {MessageText.Quote(twice.Key)}; give one of them another");
        }
    }

    private Dictionary<string, T> Named<T>(string field, Func<string, MatrixPart, T> read)
    {
        var parts = root.Part(field).Parts();
        return parts.Count == 0 && field != "methods" ? throw root.Bad($"{MessageText.Quote(field)} is missing or empty; name at least one")
            : parts.ToDictionary(pair => pair.Name, pair => read(pair.Name, pair.Part));
    }

    private static MatrixPart Refused(MatrixPart part, IEnumerable<string> more)
    {
        var key = part.Json.Select(pair => pair.Key).FirstOrDefault(key =>
            own.Except(["steps"]).Concat(more).Contains(key) || (key == "steps" && more.Any()));
        return key is null ? part
            : throw part.Bad($"{MessageText.Quote(key)} is decided by the experiment itself; leave it out"
                + (key is "steps" or "epochs" ? $", and name budgets ({StepBudget.Forms})" : ""));
    }

    private static MatrixMethod Method(string name, MatrixPart part, IEnumerable<string> teachers)
    {
        var options = new MatrixPart(part.Place, (JsonObject)part.Json.DeepClone());
        var method = part.Known("method", part.OptionalText(MethodField) ?? name, KnownMethods.Students.Select(one => one.About.Name));
        var teacher = part.OptionalText(TeacherField) is { } given ? part.Known("teacher", given, teachers) : teachers.First();
        options.Json.Remove(TeacherField);
        options.Json.Remove(MethodField);
        Refused(options, [MethodField]);
        options.Json[MethodField] = method;
        return new MatrixMethod(name, method, teacher, options);
    }

    private MatrixBlock Block(MatrixPart part, Matrix matrix)
    {
        part.Allow("name", "tasks", "models", "methods", "budgets", "seeds", "settings", "vary", MatrixBlock.ProbeField);
        IReadOnlyList<string> Names(string field, string what, IEnumerable<string> known) => part.Texts(field) is { } names
            ? [.. names.Select(name => part.Known(what, name, known))]
            : [.. known];
        var methods = Names("methods", "method", matrix.Methods.Keys);
        var models = Names("models", "model", matrix.Models.Keys);
        var budgets = (part.Texts("budgets") ?? root.Texts("budgets") ?? []).Select(text => Budget(part, text, matrix)).ToArray();
        var seeds = part.Wholes("seeds") ?? root.Wholes("seeds")
            ?? throw part.Bad("\"seeds\" is missing, here and for the whole matrix; name the seeds, such as [1, 2, 3, 4, 5]");
        return budgets.Length == 0 && methods.Count > 0
            ? throw part.Bad($"\"budgets\" is missing, here and for the whole matrix; name how long students are trained: "
                + StepBudget.Forms)
            : seeds.Count == 0 || seeds.Distinct().Count() < seeds.Count
            ? throw part.Bad("\"seeds\" must name each seed once, and at least one")
            : new MatrixBlock
            {
                Name = part.Text("name"),
                Part = part,
                Tasks = Names("tasks", "task", matrix.Tasks.Keys),
                Models = models,
                Methods = methods,
                Budgets = budgets,
                Seeds = seeds,
                Settings = Refused(part.Part("settings"), [MethodField, TeacherField]),
                Vary = [.. Vary(Refused(part.Part("vary"), [MethodField, TeacherField]))],
                Probe = [.. (part.Texts(MatrixBlock.ProbeField) ?? []).Select(text =>
                    Intervention(part, text, models.Min(model => matrix.Models[model].Get(FreshModelSettings.Width))))],
            };
    }

    /// <summary>What is done to the inputs of latent steps, which have as many components as the narrowest model is wide.</summary>
    private static LatentIntervention Intervention(MatrixPart part, string text, int width) =>
        LatentIntervention.Parse(text) is not { } found
            ? throw part.Bad($"\"probe\" has {MessageText.Quote(text)}; each {LatentIntervention.Choices}")
            : found.IsProjection && found.Amount > width
            ? throw part.Bad($"\"probe\" has {MessageText.Quote(text)}, and a model of the block is {width} wide; name a rank of at most "
                + $"{width}")
            : found;

    private static StepBudget Budget(MatrixPart part, string text, Matrix matrix)
    {
        var budget = StepBudget.Parse(text) ?? throw part.Bad($"the budget {MessageText.Quote(text)} is none; write {StepBudget.Forms}");
        if (budget.Of is { } method)
        {
            part.Known("method", method, matrix.Methods.Keys);
        }

        return budget;
    }

    private static IEnumerable<(string Setting, IReadOnlyList<JsonNode> Values)> Vary(MatrixPart part)
    {
        string[] known = [.. Commands.Distill.Settings.Select(setting => setting.Key)];
        foreach (var (key, node) in part.Json)
        {
            yield return !known.Contains(key)
                ? throw part.Bad($"there is no setting {MessageText.Quote(key)}; settings are named as the options of `lori distill` are, "
                    + $"with underscores{DidYouMean.Hint(key, known)}")
                : node is JsonArray { Count: > 0 } values && values.All(value => value is not null)
                ? (key, [.. values.Select(value => value!.DeepClone())])
                : throw part.Bad($"{MessageText.Quote(key)} must be a list of values");
        }
    }

    private static MatrixClaim Claim(MatrixPart part, Matrix matrix)
    {
        part.Allow("id", "says", "block", "contrast", "metric", "test", "margin", "at_least");
        var name = part.Known("block", part.Text("block"), matrix.Blocks.Select(one => one.Name));
        var block = matrix.Blocks.First(one => one.Name == name);
        var contrast = part.Texts("contrast") is { Count: > 1 } names ? names
            : throw part.Bad("\"contrast\" must name the method that the claim is about, and one or more that it is compared with");
        var first = InBlock(part, contrast[0], block.Methods, name);
        var test = Test(part);
        return new MatrixClaim
        {
            Id = part.Text("id"),
            Says = part.Text("says"),
            Block = name,
            First = first,
            Others = [.. contrast.Skip(1).Select(other => other == Cell.Teacher ? other : InBlock(part, other, block.Methods, name))],
            Metric = Metric(part, matrix, name),
            Test = test,
            Margin = Margin(part, test),
            AtLeast = AtLeast(part, new CellSettings(matrix).Groups(block, matrix.Methods[first]) * (contrast.Count - 1)),
            Sha256 = ContentHash.OfText(part.Json.ToJsonString()),
            BlockSha256 = block.Sha256,
        };
    }

    private static ClaimTest Test(MatrixPart part)
    {
        var test = part.OptionalText("test") ?? Forms.Name(ClaimTest.PairedT);
        return Enum.GetValues<ClaimTest>().First(value =>
            Forms.Name(value) == part.Known("test", test, Enum.GetValues<ClaimTest>().Select(Forms.Name)));
    }

    private static double Margin(MatrixPart part, ClaimTest test) =>
        part.Number("margin") is var margin && test == ClaimTest.Equivalence && !(margin > 0)
            ? throw part.Bad($"\"margin\" {(margin is null ? "is missing" : $"is {part.Json["margin"]}")}; an equivalence needs the "
                + "difference that counts as none, above 0, such as 0.02")
            : margin ?? 0;

    /// <summary>How many comparisons must be confirmed, of those that there are.</summary>
    private static int? AtLeast(MatrixPart part, int comparisons) => part.Number("at_least") is not { } number ? null
        : double.IsInteger(number) && number >= 1 && number <= comparisons ? (int)number
        : throw part.Bad($"\"at_least\" is {part.Json["at_least"]}; it must be a whole number from 1 to {comparisons}, the comparisons of "
            + "the claim");

    private static string InBlock(MatrixPart part, string name, IReadOnlyList<string> methods, string block) =>
        methods.Contains(name) ? name
        : throw part.Bad($"the claim has no cells: the block {MessageText.Quote(block)} does not run {MessageText.Quote(name)}; it runs "
            + $"{(methods.Count == 0 ? "teachers alone" : string.Join(", ", methods))}{DidYouMean.Hint(name, methods)}");

    /// <summary>The metric, whose stratum one task of the block must have.</summary>
    private static string Metric(MatrixPart part, Matrix matrix, string block)
    {
        var metric = part.OptionalText("metric") ?? ClaimMetric.Accuracy;
        var strata = matrix.Blocks.First(one => one.Name == block).Tasks.SelectMany(task => TaskSettings.Of(matrix.Tasks[task]).Strata);
        return part.Known("metric", metric, ClaimMetric.Names(strata.Distinct()));
    }
}
