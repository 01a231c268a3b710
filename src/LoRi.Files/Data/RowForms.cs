namespace LoRi.Files.Data;

/// <summary>Whose names the fields of a row have.</summary>
internal enum RowForm
{
    /// <summary>Question, rationale and answer under names of the user's choice.</summary>
    Generic,

    /// <summary>GSM8K: the answer holds the solution, and after a mark the final value.</summary>
    Gsm8k,

    /// <summary>GSM-Hard.</summary>
    GsmHard,

    /// <summary>SVAMP.</summary>
    Svamp,

    /// <summary>MultiArith, AddSub, SingleEq.</summary>
    MultiArith,

    /// <summary>A chat.</summary>
    Chat,
}

/// <summary>Tells the form of a row from its fields and reads it; the same for lines, arrays and Parquet.</summary>
internal static class RowForms
{
    /// <summary>The form; null where the row has not the fields of any.</summary>
    internal static RowForm? Of(IRowFields fields, DataOptions options)
    {
        var isGeneric = fields.Has(options.QuestionColumn) && fields.Has(options.AnswerColumn);
        if (!(isGeneric && options.QuestionColumn is not ("question" or "Question")))
        {
            if (fields.Has("Body") && fields.Has("Question"))
            {
                return RowForm.Svamp;
            }

            if (fields.Has("sQuestion"))
            {
                return RowForm.MultiArith;
            }
        }

        return fields.Has("input") && fields.Has("target") && !fields.Has(options.QuestionColumn) ? RowForm.GsmHard
            : !isGeneric ? (fields.Has(ChatRow.Field) ? RowForm.Chat : null)
            : HasSolution(fields, options) ? RowForm.Gsm8k
            : RowForm.Generic;
    }

    /// <summary>The example of a row of this form.</summary>
    internal static ReasoningExample Read(string id, IRowFields fields, RowForm form, DataOptions options) => form switch
    {
        RowForm.Gsm8k =>
            Gsm8k.Read(OwnName(fields, "id", id), fields.Text(options.QuestionColumn), fields.Text(options.AnswerColumn),
                options.Annotations),
        RowForm.GsmHard => WithoutRationale(id, fields.Text("input"), fields.Value("target")),
        RowForm.Svamp =>
            WithoutRationale(OwnName(fields, "ID", id), RowChecks.Join(fields.Text("Body"), fields.Text("Question")),
                fields.Value("Answer")),
        RowForm.MultiArith => WithoutRationale(id, fields.Text("sQuestion"), OnlySolution(fields)),
        RowForm.Chat => ChatRow.Read(OwnName(fields, "id", id), fields.Messages(ChatRow.Field), options.Annotations),
        _ => Generic(id, fields, options),
    };

    /// <summary>Whether the answer holds a solution, and nothing else does.</summary>
    private static bool HasSolution(IRowFields fields, DataOptions options) =>
        !GenericRationale.DefaultColumns.Append(options.RationaleColumn).Any(fields.Has)
        && !fields.IsList(options.AnswerColumn)
        && fields.Value(options.AnswerColumn).Contains(Gsm8k.AnswerMark.TrimEnd(), StringComparison.Ordinal);

    private static ReasoningExample Generic(string id, IRowFields fields, DataOptions options)
    {
        var (steps, rationale) = GenericRationale.Read(fields, options);
        return RowChecks.Complete(new ReasoningExample(
            OwnName(fields, "id", id),
            fields.Text(options.QuestionColumn).Trim(),
            steps,
            rationale,
            fields.Value(options.AnswerColumn)));
    }

    private static string OwnName(IRowFields fields, string field, string otherwise) =>
        fields.Name(field) is { Length: > 0 } name ? name : otherwise;

    private static string OnlySolution(IRowFields fields)
    {
        var solutions = fields.Values("lSolutions");
        return solutions.Count == 1
            ? solutions[0]
            : throw new BadRowException($"'lSolutions' has {solutions.Count} entries, expected one");
    }

    private static ReasoningExample WithoutRationale(string id, string question, string answer) =>
        RowChecks.Complete(new ReasoningExample(id, question.Trim(), [], "", answer));
}
