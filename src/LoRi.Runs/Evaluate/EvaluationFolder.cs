using System.Text.Encodings.Web;
using System.Text.Json;
using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Runs.RunFolders;
using LoRi.Runs.Settings;
using LoRi.Runs.Training;

namespace LoRi.Runs.Evaluate;

/// <summary>
/// The folder of one evaluation: <c>config.json</c>, <c>identity.json</c> (what it was made from), <c>predictions.jsonl</c>,
/// which grows by whole batches, and at the end <c>evaluation.json</c>.
/// </summary>
internal sealed class EvaluationFolder : IDisposable
{
    private const string ConfigName = "config.json", PredictionsName = "predictions.jsonl", SummaryName = "evaluation.json";

    /// <summary>What is there before the first answer.</summary>
    private static readonly string[] MadeFirst = [ConfigName, EvaluationIdentity.FileName, PredictionsName];

    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string folder;
    private readonly IDisposable held;
    private StreamWriter? predictions;

    private EvaluationFolder(string folder, IDisposable held) => (this.folder, this.held) = (folder, held);

    /// <summary>Whether the evaluation came to its end.</summary>
    public bool Finished => File.Exists(SummaryFile);

    private bool Begun => File.Exists(ConfigFile) && File.Exists(IdentityFile);

    private bool Answered => HoldsAnswers(PredictionsFile);

    private string ConfigFile => Path.Combine(folder, ConfigName);

    private string IdentityFile => Path.Combine(folder, EvaluationIdentity.FileName);

    private string PredictionsFile => Path.Combine(folder, PredictionsName);

    private string SummaryFile => Path.Combine(folder, SummaryName);

    /// <summary>
    /// Opens the folder of an evaluation, making it if need be, and keeps other processes out. An evaluation that has no prediction yet
    /// is not in the way of another.
    /// </summary>
    /// <exception cref="InputException">It holds something and <paramref name="resume"/> was not asked for, or is in use.</exception>
    public static EvaluationFolder Open(string path, bool resume)
    {
        var folder = OutputFolder.Open(
            path,
            resume,
            HoldsAnswers(Path.Combine(path, PredictionsName)) ? [] : MadeFirst,
            other => new[] { EvaluationIdentity.FileName, PredictionsName, SummaryName }.Any(
                name => File.Exists(Path.Combine(other, name))));
        return new EvaluationFolder(folder, OutputFolder.Lock(folder));
    }

    /// <summary>Leaves the place as it was, where nothing is answered yet.</summary>
    public void TakeBack(StartedFolder before)
    {
        if (!Answered && !Finished)
        {
            AppendedFile.Close(predictions);
            before.TakeBack(MadeFirst);
        }
    }

    /// <summary>
    /// Compares what is here now with what a begun evaluation was made from, where there is one; gives a warning where bits may
    /// differ.
    /// </summary>
    /// <exception cref="InputException">The folder holds another evaluation, or something else.</exception>
    public string? Check(EvaluationOptions options, EvaluationIdentity identity)
    {
        if (Begun && !Answered && !Finished)
        {
            return null;
        }

        if (Begun)
        {
            EvaluationIdentity.Read(IdentityFile).Check(identity, options);
            return ResumeRules.CheckSame(Commands.Evaluate, options.Output, JsonFile.ReadObject(ConfigFile), options.ToJson());
        }

        return Finished || File.Exists(ConfigFile) || File.Exists(PredictionsFile)
            ? throw new InputException(
                $"--resume {options.Output}: holds no evaluation that can be resumed (it lacks identity.json or config.json); name another "
                + "--output")
            : null;
    }

    /// <summary>Writes what the evaluation is made from, where nothing is answered yet.</summary>
    public void Begin(EvaluationOptions options, EvaluationIdentity identity)
    {
        if (!Begun || !Answered)
        {
            AtomicFile.WriteText(IdentityFile, identity.ToJson() + "\n");
            AtomicFile.WriteText(ConfigFile, options.ToJson().ToJsonString(Indented) + "\n");
        }
    }

    /// <summary>
    /// The predictions of all complete batches; what stands after them in the file, half a batch or a damaged line, is cut off
    /// and will be made again.
    /// </summary>
    public List<PredictionRow> Recover(IReadOnlyList<ReasoningExample> examples, int batchSize)
    {
        var rows = new List<PredictionRow>();
        if (!File.Exists(PredictionsFile))
        {
            return rows;
        }

        var bytes = InputFile.ReadBytes(PredictionsFile, InputFile.LargestLog);
        var ends = new List<int>();
        for (var start = 0; rows.Count < examples.Count && Array.IndexOf(bytes, (byte)'\n', start) is var end and >= 0; start = end + 1)
        {
            if (PredictionRow.Parse(bytes.AsSpan(start, end - start)) is not { } row || !row.Answers(examples[rows.Count]))
            {
                break;
            }

            rows.Add(row);
            ends.Add(end + 1);
        }

        var kept = rows.Count == examples.Count ? rows.Count : rows.Count / batchSize * batchSize;
        Cut(kept == 0 ? 0 : ends[kept - 1]);
        return rows[..kept];
    }

    /// <summary>Appends the predictions of a batch; they are on the disk when this returns.</summary>
    /// <exception cref="InputException">They cannot be written.</exception>
    public void Append(IEnumerable<PredictionRow> batch)
    {
        predictions ??= AppendedFile.Open(PredictionsFile);
        AppendedFile.Write(predictions, PredictionsFile, string.Join('\n', batch.Select(row => row.ToJson())));
        AppendedFile.FlushToDisk(predictions, PredictionsFile);
    }

    /// <summary>Writes the summary: the evaluation is finished.</summary>
    public void Finish(EvaluationSummary summary) =>
        AtomicFile.WriteText(SummaryFile, JsonSerializer.Serialize(summary, EvaluationSummary.Format) + "\n");

    /// <summary>The summary of a finished evaluation.</summary>
    /// <exception cref="InputException">It is damaged.</exception>
    public EvaluationSummary Summary()
    {
        try
        {
            return JsonSerializer.Deserialize<EvaluationSummary>(JsonFile.ReadBytes(SummaryFile), EvaluationSummary.Format)
                ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new InputException(
                $"{SummaryFile}: is not what an evaluation writes ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}); delete it, and "
                + "--resume writes it again", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        AppendedFile.Close(predictions);
        held.Dispose();
    }

    private static bool HoldsAnswers(string predictions) => new FileInfo(predictions) is { Exists: true, Length: > 0 };

    private void Cut(long length)
    {
        try
        {
            using var file = new FileStream(PredictionsFile, FileMode.Open, FileAccess.Write);
            file.SetLength(length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{PredictionsFile}: cannot be written ({e.Message}); check its permissions", e);
        }
    }
}
