namespace LoRi.Files.Data;

/// <summary>
/// Reads the rows of one file, in its order. Each is read as the user says that all are, else as its own fields say, with one
/// exception: where the first row that has a form is one of GSM8K, an answer without a mark is a damaged one and not a short one.
/// </summary>
/// <param name="options">How files are read.</param>
internal sealed class RowReader(DataOptions options)
{
    private readonly RowForm? asked = options.Format switch
    {
        DataFormat.JsonLines => RowForm.Generic,
        DataFormat.Gsm8k => RowForm.Gsm8k,
        DataFormat.GsmHard => RowForm.GsmHard,
        _ => null,
    };

    private RowForm? first;

    /// <summary>The example of a row.</summary>
    /// <param name="id">The name that it has where the data set gives none.</param>
    /// <param name="fields">Its fields.</param>
    internal ReasoningExample Read(string id, IRowFields fields)
    {
        var own = asked ?? RowForms.Of(fields, options);
        first ??= own;
        var form = own == RowForm.Generic && first == RowForm.Gsm8k ? RowForm.Gsm8k : own ?? first ?? RowForm.Generic;
        return RowForms.Read(id, fields, form, options);
    }
}
