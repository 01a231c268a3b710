using System.Text.Json;
using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Files.Settings;
using LoRi.Runs.Demo;
using LoRi.Runs.Evaluate;
using LoRi.Runs.Settings;

namespace LoRi.Runs.Reports;

/// <summary>Settings of a report.</summary>
public sealed record ReportOptions
{
    /// <summary>The runs, drawn into the same charts.</summary>
    public required IReadOnlyList<string> Runs { get; init; }

    /// <summary><c>--output</c>: the page; left out, <c>report.html</c> in the first run.</summary>
    public string? Output { get; init; }

    /// <summary><c>--evaluation</c>: folders of evaluations that do not lie in a run.</summary>
    public IReadOnlyList<string> Evaluations { get; init; } = [];

    /// <summary><c>--data</c>: where the questions come from whose latents are decoded; left out, each run's own data.</summary>
    public IReadOnlyList<string> Data { get; init; } = [];

    /// <summary><c>--questions</c>: how many questions; 0 for none.</summary>
    public int Questions { get; init; } = 4;

    /// <summary>Checks what can be checked without reading a file.</summary>
    /// <exception cref="InputException">A value is out of range, or two contradict each other.</exception>
    public void Validate()
    {
        if (Questions < 0)
        {
            throw OptionRules.Wrong("--questions", Questions, "must be at least 0");
        }

        if (Output is { } page && Path.GetExtension(page).Equals(SlideCard.Extension, StringComparison.OrdinalIgnoreCase))
        {
            throw new InputException(
                $"--output {page}: is the page, and its picture is written beside it with the ending .svg; name "
                + $"it {Path.ChangeExtension(page, ".html")}");
        }

        if (Output is { } named && OutputName.FileFault(named, "an HTML page", ".html", ".htm") is { } fault)
        {
            throw new InputException(fault);
        }

        if (Questions == 0 && Data.Count > 0)
        {
            throw new InputException("--questions 0 and --data contradict each other: the data are read for questions only");
        }
    }
}

/// <summary>
/// <c>lori report</c>: one self-contained page about runs or a demonstration, and what it shows at a glance as pictures for
/// slides.
/// </summary>
public static class ReportStage
{
    private const string DemoFile = "demo.json";
    private static readonly JsonSerializerOptions DemoFormat = new() { RespectNullableAnnotations = true };

    /// <summary>Whether a model must be loaded, so that libtorch is needed.</summary>
    /// <param name="options">The runs, and what is shown of them.</param>
    public static bool NeedsTorch(ReportOptions options) =>
        options.Questions > 0 && options.Runs.Any(run => DecodedQuestion.LatentCard(run) is not null);

    /// <summary>Writes the page and the pictures beside it; the page's path comes back.</summary>
    /// <param name="options">The runs, and what is shown of them.</param>
    /// <param name="info">Gets one line for each thing that is written.</param>
    /// <returns>The page's path.</returns>
    /// <exception cref="InputException">A run cannot be read, or the page cannot be written.</exception>
    public static string Run(ReportOptions options, Action<string> info)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var output = options.Output ?? Path.Combine(options.Runs[0], "report.html");
        if (options.Runs.FirstOrDefault(run => File.Exists(Path.Combine(run, DemoFile))) is { } demo)
        {
            if (options.Runs.Count > 1)
            {
                throw new InputException($"{demo}: is a demonstration, which has a page of its own; report it without other runs");
            }

            return Write(ReadDemo(Path.Combine(demo, DemoFile)), output, info);
        }

        var runs = RunRecord.ReadAll(options.Runs);
        var notes = new List<string>();
        var decoded = runs.Select(run => (run.Name, Questions: Decode(run, options, notes))).Where(run => run.Questions.Count > 0)
            .ToArray();
        notes.ForEach(info);
        var page = new RunPage(runs, [.. options.Evaluations.Select(EvaluationRecord.Read)], decoded, notes);
        Save(output, page.Html(), page.Overview(), info);
        return output;
    }

    /// <summary>Writes the page about a demonstration and the pictures beside it.</summary>
    /// <param name="report">What the demonstration found.</param>
    /// <param name="output">The page's path; the pictures lie beside it.</param>
    /// <param name="info">Gets one line for each thing that is written.</param>
    /// <returns>The page's path.</returns>
    public static string Write(DemoReport report, string output, Action<string> info)
    {
        var page = new DemoPage(report);
        Save(output, page.Html(), page.Overview(), info);
        return output;
    }

    private static DemoReport ReadDemo(string path)
    {
        try
        {
            var report = JsonSerializer.Deserialize<DemoReport>(JsonFile.ReadBytes(path), DemoFormat)
                ?? throw new InputException($"{path}: holds null where an object is expected; run the demonstration again");
            return report.Rows.Count > 0 && report.Rows.All(IsPossible)
                ? report
                : throw new InputException(
                    $"{path}: has no rows, or one with more right answers than questions or another accuracy than these give; run the "
                    + "demonstration again");
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: is not what a demonstration writes ({JsonReason.Of(e)}); run it again", e);
        }
    }

    private static bool IsPossible(DemoRow row) => row.Examples > 0 && row.Correct >= 0 && row.Correct <= row.Examples
        && System.Math.Abs(row.Accuracy - ((double)row.Correct / row.Examples)) < 1e-7
        && row.PerLength.Values.All(share => share is >= 0 and <= 1) && row.ExamplesPerLength.Values.All(count => count > 0);

    /// <summary>Questions of a latent run; where the run's own data are gone, a note says so.</summary>
    private static IReadOnlyList<DecodedQuestion> Decode(RunRecord run, ReportOptions options, List<string> notes)
    {
        if (options.Questions == 0 || DecodedQuestion.LatentCard(run.Folder) is not { } card)
        {
            return [];
        }

        if (options.Data.Count > 0)
        {
            return DecodedQuestion.Of(run.Folder, card, options.Data, new DataOptions { Limit = options.Questions });
        }

        var config = Path.Combine(run.Folder, "config.json");
        var train = RunSettings.OfRun(JsonFile.ReadObject(config), new SettingSource(config)).Train;
        var missing = train.Data.FirstOrDefault(file => !File.Exists(file));
        if (missing is null)
        {
            return DecodedQuestion.Of(run.Folder, card, train.Data, train.DataOptions() with { Limit = options.Questions });
        }

        notes.Add($"{run.Name}: no latents are shown, as its data file {missing} is not there from here; name data with --data");
        return [];
    }

    private static void Save(string output, string html, Overview overview, Action<string> info)
    {
        AtomicFile.CreateFolder(Path.GetDirectoryName(Path.GetFullPath(output))!);
        AtomicFile.WriteText(output, html);
        if (overview.HasContent)
        {
            var picture = Path.ChangeExtension(output, SlideCard.Extension);
            AtomicFile.WriteText(picture, SlideCard.Draw(overview));
            var charts = ChartFiles.Write(output, overview.Charts);
            info(charts is null ? $"written: {picture}" : $"written: {picture}, and each chart in {charts}");
        }
    }
}
