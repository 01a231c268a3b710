using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files.Disk;

namespace LoRi.Runs.Tasks;

/// <summary>Writes the rows of a task in a form that every command reads.</summary>
public static class TaskFile
{
    /// <summary>The field of a line that says how hard its question is.</summary>
    internal const string StratumField = "stratum";

    private static readonly JsonSerializerOptions format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes rows: JSON lines, or where the name ends in <c>.txt</c> the text form of iCoT, which has no strata.</summary>
    /// <param name="path">The file.</param>
    /// <param name="rows">The rows.</param>
    /// <returns>How many were written.</returns>
    public static int Write(string path, IEnumerable<TaskRow> rows)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(rows);
        var asText = path.EndsWith(".txt", StringComparison.OrdinalIgnoreCase);
        var count = 0;
        AtomicFile.Write(path, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            foreach (var row in rows)
            {
                writer.Write((asText ? Text(row) : Json(row, count)) + "\n");
                count++;
            }
        });
        return count;
    }

    /// <summary>A row as iCoT's files write it: <c>question||steps #### answer</c>.</summary>
    /// <param name="row">A problem.</param>
    public static string Text(TaskRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return $"{row.QuestionText}||{string.Join(' ', row.StepTexts)} #### {row.AnswerText}";
    }

    private static string Json(TaskRow row, int number) => new JsonObject
    {
        ["id"] = $"{number}",
        ["question"] = row.QuestionText,
        ["rationale"] = new JsonArray([.. row.StepTexts.Select(step => JsonValue.Create(step))]),
        ["answer"] = row.AnswerText,
        [StratumField] = row.Stratum,
    }.ToJsonString(format);
}
