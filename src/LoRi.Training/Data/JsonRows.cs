using System.Text.Json;

namespace LoRi.Training.Data;

/// <summary>Rows that are JSON objects, one a line or as an array.</summary>
internal static class JsonRows
{
    /// <summary>The row of one line.</summary>
    internal static DataRow FromLine(DataLine line, DataFormat format, DataOptions options) =>
        new(line.Place, line.Number, id => Read(id, Parse(line.Text()), format, options));

    /// <summary>The entries of a file that is one JSON array.</summary>
    internal static IEnumerable<DataRow> ReadArray(string path, DataOptions options)
    {
        using var document = ParseFile(path);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            throw new InputException($"{path}: holds a JSON {document.RootElement.ValueKind}, expected an array of objects; name the form of the file with --format");
        }

        var number = 0L;
        foreach (var entry in document.RootElement.EnumerateArray())
        {
            number++;
            yield return new DataRow($"entry {number}", number, id => Read(id, new JsonFields(entry), DataFormat.JsonArray, options));
        }
    }

    /// <summary>The fields of a line that must be one JSON object.</summary>
    internal static JsonFields Parse(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return new JsonFields(document.RootElement.Clone());
        }
        catch (JsonException e)
        {
            throw new BadRowException($"not valid JSON: {JsonReason.What(e)}", e);
        }
    }

    private static JsonDocument ParseFile(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return JsonDocument.Parse(stream);
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}, line {(e.LineNumber ?? 0) + 1}: not valid JSON: {JsonReason.What(e)}; correct the file, or name its form with --format", e);
        }
    }

    private static ReasoningExample Read(string id, JsonFields fields, DataFormat format, DataOptions options)
    {
        if (format == DataFormat.Gsm8k)
        {
            return Gsm8k.Read(id, fields.Text(options.QuestionColumn), fields.Text(options.AnswerColumn), options.Annotations);
        }

        if (format == DataFormat.GsmHard)
        {
            return WithoutRationale(id, fields.Text("input"), fields.Value("target"));
        }

        if (format == DataFormat.JsonArray && fields.Has("Body") && fields.Has("Question"))
        {
            return WithoutRationale(
                fields.Has("ID") ? fields.Text("ID") : id, RowChecks.Join(fields.Text("Body"), fields.Text("Question")), fields.Value("Answer"));
        }

        return format == DataFormat.JsonArray && fields.Has("sQuestion")
            ? WithoutRationale(id, fields.Text("sQuestion"), OnlySolution(fields))
            : Generic(id, fields, options);
    }

    private static ReasoningExample Generic(string id, JsonFields fields, DataOptions options)
    {
        var (steps, rationale) = GenericRationale.Read(fields, options);
        return RowChecks.Complete(new ReasoningExample(
            fields.Has("id") ? fields.Value("id") : id,
            fields.Text(options.QuestionColumn).Trim(),
            steps,
            rationale,
            fields.Value(options.AnswerColumn)));
    }

    private static string OnlySolution(JsonFields fields)
    {
        var solutions = fields.Values("lSolutions");
        return solutions.Count == 1
            ? solutions[0]
            : throw new BadRowException($"'lSolutions' has {solutions.Count} entries, expected one");
    }

    private static ReasoningExample WithoutRationale(string id, string question, string answer) =>
        RowChecks.Complete(new ReasoningExample(id, question.Trim(), [], "", answer));
}
