using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LoRi.Files;
using LoRi.Files.Settings;
using LoRi.Runs.Settings;
using LoRi.Runs.Tasks;
using LoRi.Training;
using LoRi.Training.Methods;
using LoRi.Training.Methods.LoRi;

namespace LoRi.Runs.Experiments;

/// <summary>From a matrix to the settings of single runs.</summary>
internal sealed partial class CellSettings(Matrix matrix)
{
    /// <summary>Stands for a place that is known when the run is started.</summary>
    private const string Later = "-";

    /// <summary>Settings that are no part of what a run learns, or are said elsewhere.</summary>
    private static readonly string[] places =
        ["model", "teacher", "data", "output", "tokenizer", "threads", "device", AlignmentSettings.TeacherCache.Key];

    private readonly CommandSettings distill = Commands.Distill;

    /// <summary>A teacher's run.</summary>
    /// <exception cref="InputException">A setting is unknown or wrong.</exception>
    public static RunSettings Teacher(MatrixPart part, long seed) => part.Read(() =>
    {
        var values = Commands.Teach.Read(part.Json, file: null);
        values = values.With(TrainSettings.Model, Later).With(TrainSettings.Seed, seed);
        values = values.Get(TrainSettings.Steps) is null
            ? throw new InputException("\"steps\" is missing; say how many optimizer steps the teacher makes")
            : TextForms.Of(values.Get(TextForms.Form)).HasPrefix
                ? values.With(RowSettings.AnswerPrefix, ReasoningTask.AnswerPrefix)
            : values;
        return Checked(Commands.Teach, values);
    });

    /// <summary>A student's run.</summary>
    /// <param name="method">The method.</param>
    /// <param name="block">The block, whose settings stand over the matrix's defaults.</param>
    /// <param name="varied">Settings with the values of this run, over all others.</param>
    /// <param name="steps">Optimizer steps.</param>
    /// <param name="rows">Training rows.</param>
    /// <param name="seed">The seed.</param>
    /// <exception cref="InputException">A setting is unknown or wrong.</exception>
    public RunSettings Student(
        MatrixMethod method, MatrixBlock block, IReadOnlyList<(string Setting, JsonNode Value)> varied, int steps, int rows, long seed) =>
        method.Options.Read(() =>
        {
            var options = (JsonObject)method.Options.Json.DeepClone();
            var defaults = (JsonObject)matrix.Defaults.Json.DeepClone();
            foreach (var (key, value) in block.Settings.Json)
            {
                defaults[key] = value?.DeepClone();
            }

            foreach (var (setting, value) in varied)
            {
                options[setting] = value.DeepClone();
            }

            var source = new SettingSource($"{matrix.Path}, defaults");
            var epochs = (double)steps * (Batch(options, SettingSource.CommandLine) ?? Batch(defaults, source)
                ?? TrainSettings.BatchSize.Default(SettingValues.None)) / rows;
            var values = distill.Read(Scaled(options, epochs), new SettingFile(Scaled(defaults, epochs), source));
            values = values.With(TrainSettings.Steps, steps).With(TrainSettings.Seed, seed).With(StudentSettings.Teacher, Later);
            values = KnownMethods.Find(method.Method)!.About.HasFrozenTeacher && values.Get(StudentSettings.Init) == InitOption.Base
                ? values.With(TrainSettings.Model, Later)
                : values;
            return Checked(distill, MethodSettings.HasPrefix(values)
                ? values.With(RowSettings.AnswerPrefix, ReasoningTask.AnswerPrefix)
                : values);
        });

    /// <summary>How many settings of the students of a block there are, seeds left aside, that have one method.</summary>
    public int Groups(MatrixBlock block, MatrixMethod method) =>
        block.Tasks.Distinct().Count() * block.Models.Distinct().Count() * block.Budgets.Distinct().Count()
            * block.Vary.Where(one => Has(method, one.Setting))
                .Aggregate(1, (product, one) => product * one.Values.DistinctBy(value => value.ToString()).Count());

    /// <summary>Whether a method has a setting, so that a block's variation means anything for it.</summary>
    public bool Has(MatrixMethod method, string setting)
    {
        var values = SettingValues.None.With(distill.Find(StudentSettings.Method.Key) as Setting<string> ?? StudentSettings.Method,
            method.Method);
        return distill.Find(setting) is { } found && distill.Excludes(found, values) is null;
    }

    /// <summary>What of a run's settings decides what it learns.</summary>
    public static JsonObject Deciding(RunSettings run)
    {
        var json = run.Declared.ToJson(run.Values);
        foreach (var place in places)
        {
            json.Remove(place);
        }

        return json;
    }

    private static RunSettings Checked(CommandSettings declared, SettingValues values)
    {
        var run = new RunSettings(declared, values.With(TrainSettings.Data, [Later]).With(TrainSettings.Output, Later));
        run.Validate();
        return run;
    }

    /// <summary>Settings in which texts such as <c>0.15*epochs</c> and <c>16.7/epochs</c> are numbers.</summary>
    public static JsonObject Scaled(JsonObject settings, double epochs)
    {
        var scaled = (JsonObject)settings.DeepClone();
        foreach (var (key, node) in settings)
        {
            if (node is JsonValue value && value.TryGetValue<string>(out var text) && Number().Match(text) is { Success: true } match)
            {
                var number = double.Parse(match.Groups["number"].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture);
                scaled[key] = match.Groups["sign"].ValueSpan is "*" ? number * epochs : number / epochs;
            }
        }

        return scaled;
    }

    /// <summary>The rows of a step that some settings name; null where they name none.</summary>
    private int? Batch(JsonObject settings, SettingSource source)
    {
        if (settings[TrainSettings.BatchSize.Key] is not { } node)
        {
            return null;
        }

        var values = distill.Read(new JsonObject { [TrainSettings.BatchSize.Key] = node.DeepClone() }, source);
        return TrainSettings.BatchSize.Broken(values) is { } rule
            ? throw new SettingException($"{TrainSettings.BatchSize.Say(values)}: {rule}", values, TrainSettings.BatchSize)
            : values.Get(TrainSettings.BatchSize);
    }

    [GeneratedRegex(@"\A(?<number>[0-9]+(\.[0-9]+)?)(?<sign>[*/])epochs\z", RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}
