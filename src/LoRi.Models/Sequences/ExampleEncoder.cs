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
    private readonly int eos;

    /// <summary>An encoder for one tokenizer, answer prefix and end of sequence.</summary>
    /// <exception cref="InputException">The prefix has no token.</exception>
    public ExampleEncoder(TextTokenizer tokenizer, string prefix, int eos, TeacherTextOption teacherText)
    {
        (this.tokenizer, this.eos, this.teacherText) = (tokenizer, eos, teacherText);
        Prefix = tokenizer.Encode(prefix, addSpecialTokens: false);
        if (Prefix.Length == 0)
        {
            throw new InputException($"--answer-prefix \"{prefix}\": {tokenizer.Path} makes no token of it; its last token is the anchor, so it needs one");
        }
    }

    /// <summary>Ids of the answer prefix.</summary>
    public int[] Prefix { get; }

    /// <summary>Ids of a question, with what the tokenizer adds in front.</summary>
    public int[] Question(string text) => tokenizer.Encode(text, addSpecialTokens: true);

    /// <summary>One problem as row <paramref name="index"/> of its data set.</summary>
    public EncodedExample Encode(ReasoningExample example, int index) => new(
        index,
        Question(example.Question),
        tokenizer.Encode(Rationale(example), addSpecialTokens: false),
        Prefix,
        [.. tokenizer.Encode(example.Answer, addSpecialTokens: false), eos]);

    private string Rationale(ReasoningExample example) => teacherText == TeacherTextOption.Full || example.Steps.Count == 0
        ? example.Rationale
        : string.Join(example.Rationale.Contains('\n', StringComparison.Ordinal) ? "\n" : " ", example.Steps.SkipLast(1));
}
