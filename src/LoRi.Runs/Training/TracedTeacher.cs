using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Settings;
using LoRi.Files.Tokenizers;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Sequences;
using LoRi.Runs.Answers;
using LoRi.Runs.Plans;
using LoRi.Runs.Settings;
using LoRi.Training.Methods;

namespace LoRi.Runs.Training;

/// <summary>A teacher and the rows that its states are wanted of.</summary>
/// <param name="Model">The teacher, which the caller owns.</param>
/// <param name="Rows">The rows.</param>
/// <param name="Ids">The data's own names of them.</param>
/// <param name="LeftOut">Rows that are too long.</param>
internal sealed record TracedTeacher(ReasoningModel Model, EncodedExample[] Rows, string[] Ids, int LeftOut)
{
    /// <summary>Reads the data and loads the teacher that settings name.</summary>
    /// <param name="settings">Those of <c>lori trajectories</c>.</param>
    /// <param name="info">Told what happens, a line each.</param>
    /// <exception cref="InputException">A file or a setting does not fit the teacher.</exception>
    public static TracedTeacher Load(SettingValues settings, Action<string> info)
    {
        var path = settings.Get(AnswerSettings.Traced)!;
        var set = ReasoningData.Read(settings.Get(AnswerSettings.Data), StageSettings.Reading(settings));
        var tokenizer = StudentMarkers.AsText(StageModel.Tokenizer(path, settings.Get(StageSettings.Tokenizer)), ModelLoader.Card(path));
        StudentMarkers.Check(set, tokenizer, StudentMarkers.All);
        tokenizer.Notes.ToList().ForEach(note => info($"{tokenizer.Path}: {note}"));
        var (model, card) = ModelLoader.Load(path, new LoadSettings(StageModel.PrecisionOf(settings.Get(StageSettings.Dtype)),
            StageModel.DeviceOf(settings.Get(StageSettings.Device))));
        try
        {
            var (rows, ids) = RowsOf(settings, set, tokenizer, (path, model, card), info);
            return new TracedTeacher(model, rows, ids, set.Examples.Count - rows.Length);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static (EncodedExample[] Rows, string[] Ids) RowsOf(
        SettingValues settings, ReasoningSet set, TextTokenizer tokenizer, (string Path, ReasoningModel Model, ReasoningCard? Card) teacher,
        Action<string> info)
    {
        var (path, model, card) = teacher;
        StageModel.CheckFits(tokenizer, model, path);
        var prefix = settings.Get(AnswerSettings.TracePrefix) ?? card?.OwnAnswerPrefix ?? LatentOptions.DefaultAnswerPrefix;
        var encoder = new ExampleEncoder(tokenizer, prefix, StageModel.EndId(path, model, card), settings.Get(RowSettings.TeacherText));
        var (rows, ids) = Kept(settings, set, encoder, model.Config);
        CheckRows(settings, rows, model, info);
        return (rows, ids);
    }

    private static string Data(SettingValues settings) => $"--data {string.Join(' ', settings.Get(AnswerSettings.Data))}";

    /// <summary>The rows that are short enough, and the ids of their examples.</summary>
    private static (EncodedExample[] Rows, string[] Ids) Kept(
        SettingValues settings, ReasoningSet set, ExampleEncoder encoder, DecoderConfig config)
    {
        var limit = System.Math.Min(settings.Get(StageSettings.MaxTokens) ?? int.MaxValue, config.LongestSequence);
        var kept = set.Examples.Where(example => encoder.Encode(example, 0).ExplicitLength <= limit).ToArray();
        return kept.Length > 0
            ? ([.. kept.Select(encoder.Encode)], [.. kept.Select(example => example.Id)])
            : throw new InputException($"{Data(settings)}: no example is left ({set.Examples.Count} longer than {limit} tokens)");
    }

    /// <summary>What is to be known before any row is read: beyond the positions, beyond memory, without rationales.</summary>
    private static void CheckRows(SettingValues settings, EncodedExample[] rows, ReasoningModel model, Action<string> info)
    {
        var longest = rows.Max(row => row.ExplicitLength);
        if (model.Config.LengthNote(longest) is string note)
        {
            info($"--data: {note}");
        }

        var together = System.Math.Min(settings.Get(AnswerSettings.BatchSize), rows.Length);
        MemoryCheck.Pass(model, together, longest, 0, $"{Data(settings)}: rows of up to {longest} tokens, {together} at a time", "take a "
            + "smaller --batch-size, or leave long rows out with --max-tokens");
        if (rows.All(row => row.Rationale.Length == 0))
        {
            info($"warning: {Data(settings)}: none of the {rows.Length:N0} rows has a rationale, so that there are anchors alone and no "
                + "trajectory; --rationale-column names the column that has it");
        }
    }
}
