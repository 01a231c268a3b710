using System.Text.RegularExpressions;

namespace LoRi.Files.Data;

/// <summary>GSM8K: prose, one step a line, with calculator annotations, and a last line <c>#### final</c>.</summary>
internal static partial class Gsm8k
{
    /// <summary>What stands before the final answer.</summary>
    internal const string AnswerMark = "#### ";

    internal static ReasoningExample Read(string id, string question, string answer, AnnotationHandling annotations)
    {
        var mark = answer.LastIndexOf(AnswerMark.TrimEnd(), StringComparison.Ordinal);
        if (mark < 0)
        {
            throw new BadRowException("the answer has no '####' before its final value");
        }

        var prose = answer[..mark].Trim();
        var rationale = annotations switch
        {
            AnnotationHandling.Keep => prose,
            AnnotationHandling.Only => string.Join(' ', Annotation().Matches(prose).Select(m => m.Value)),
            _ => Annotation().Replace(prose, ""),
        };
        var final = answer[(mark + AnswerMark.TrimEnd().Length)..].Trim();
        return RowChecks.Complete(new ReasoningExample(id, question.Trim(), RowChecks.StepsOf(rationale), rationale, final));
    }

    [GeneratedRegex("<<.*?>>", RegexOptions.CultureInvariant)]
    private static partial Regex Annotation();
}
