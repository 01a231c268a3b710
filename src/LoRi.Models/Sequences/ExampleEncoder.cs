using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Tokenizers;

namespace LoRi.Models.Sequences;

/// <summary>
/// [ours] Turns problems into ids. The parts are tokenised apart and joined as ids; only the question carries what the tokenizer
/// adds in front; the answer has no leading space.
/// </summary>
public sealed class ExampleEncoder
{
    private readonly TextTokenizer tokenizer;
    private readonly TeacherTextOption teacherText;
    private readonly SequenceForm form;
    private readonly int eos;

    /// <summary>An encoder for one tokenizer, answer prefix and end of sequence.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="prefix">The answer prefix, where the form has one.</param>
    /// <param name="eos">The end of sequence.</param>
    /// <param name="teacherText">How much of the rationale is read.</param>
    /// <param name="form">How the parts are written; left out, plainly.</param>
    /// <exception cref="InputException">The prefix has no token.</exception>
    public ExampleEncoder(TextTokenizer tokenizer, string prefix, int eos, TeacherTextOption teacherText, SequenceForm? form = null)
    {
        (this.tokenizer, this.eos, this.teacherText, this.form) = (tokenizer, eos, teacherText, form ?? SequenceForm.Plain);
        Prefix = this.form.HasPrefix ? tokenizer.Encode(prefix, addSpecialTokens: false) : this.form.EndAfterRationale ? [eos] : [];
        if (this.form.HasPrefix && Prefix.Length == 0)
        {
            throw new InputException(
                $"--answer-prefix \"{prefix}\": {tokenizer.Path} makes no token of it; its last token is the anchor, so it needs one");
        }
    }

    /// <summary>Ids between rationale and answer: those of the answer prefix, where the form has one.</summary>
    public int[] Prefix { get; }

    /// <summary>Whether the steps of a rationale are kept apart as well.</summary>
    public bool KeepsSteps { get; init; }

    /// <summary>Whether the steps of a rationale are kept as an auxiliary decoder is to write them.</summary>
    internal bool ExplainsSteps { get; init; }

    /// <summary>Ids of a question, with what the tokenizer adds in front.</summary>
    /// <param name="text">The question as the data has it.</param>
    public int[] Question(string text) => Question(tokenizer, form, text, eos);

    /// <summary>Ids of a question in a form, with what the tokenizer adds in front.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="form">How questions are written for the model.</param>
    /// <param name="text">The question as the data has it.</param>
    /// <param name="eos">The id that ends a sequence.</param>
    public static int[] Question(TextTokenizer tokenizer, SequenceForm form, string text, int eos)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(form);
        var ids = tokenizer.Encode(form.QuestionText(text), addSpecialTokens: true);
        return form.EndAfterQuestion ? [.. ids, eos] : ids;
    }

    /// <summary>One problem as row <paramref name="index"/> of its data set.</summary>
    /// <param name="example">Question, rationale and answer as text.</param>
    /// <param name="index">The row's number in its data set.</param>
    public EncodedExample Encode(ReasoningExample example, int index)
    {
        ArgumentNullException.ThrowIfNull(example);
        int[][] steps = KeepsSteps || form.AfterStep is not null ? [.. Steps(example).Select(step => Plain(step + form.AfterStep))] : [];
        var text = Rationale(example);
        var rationale = form.AfterStep is null ? Plain(form.AroundRationale + text + form.AroundRationale)
            : [.. steps.SelectMany(step => step)];
        return new(
            index,
            Question(example.Question),
            rationale,
            Prefix,
            [.. Plain(form.BeforeAnswer + example.Answer + form.AfterAnswer), eos])
        {
            Steps = steps,
            Explained = ExplainsSteps ? Explained(example, text) : ExplainedSteps.None,
            HasRationale = text.Length > 0 && rationale.Length > 0,
        };
    }

    /// <summary>
    /// Steps that a form writes apart are tokenised apart, without what follows them; those of one text are the ids that they have in it.
    /// </summary>
    private ExplainedSteps Explained(ReasoningExample example, string rationale)
    {
        if (form.AfterStep is { } after)
        {
            return new([.. Steps(example).Select(step => Plain(StepSpans.Of(step)))], Plain(after));
        }

        var tokens = tokenizer.EncodeWithOffsets(rationale);
        var steps = StepSpans.In(rationale, Steps(example))
            .Select(span => tokens.Where(token => token.Start < span.End && token.End > span.Start).Select(token => token.Id).ToArray());
        return new([.. steps.Where(ids => ids.Length > 0)], []);
    }

    private int[] Plain(string text) => tokenizer.Encode(text, addSpecialTokens: false);

    private IReadOnlyList<string> Steps(ReasoningExample example) =>
        teacherText == TeacherTextOption.Full ? example.Steps : [.. example.Steps.SkipLast(1)];

    private string Rationale(ReasoningExample example)
    {
        var whole = teacherText == TeacherTextOption.Full || example.Steps.Count == 0;
        return form.StepSeparator is { } separator && example.Steps.Count > 0 ? string.Join(separator, Steps(example))
            : whole ? example.Rationale
            : string.Join(example.Rationale.Contains('\n', StringComparison.Ordinal) ? "\n" : " ", Steps(example));
    }
}
