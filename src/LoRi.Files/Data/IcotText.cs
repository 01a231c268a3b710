namespace LoRi.Files.Data;

/// <summary>The text form of iCoT and GSM8K-Aug: <c>question||steps #### answer</c>.</summary>
internal static class IcotText
{
    private const string AnswerMark = "####";

    /// <summary>
    /// The example of one line: exactly two parts at <c>||</c>; the second cut at the first <c>####</c>, both halves
    /// trimmed; steps between spaces, none where the rationale is empty.
    /// </summary>
    internal static ReasoningExample Read(string id, string line)
    {
        var parts = line.Split("||");
        if (parts.Length != 2)
        {
            throw new BadRowException($"found {parts.Length - 1} of '||', expected one between the question and the steps");
        }

        var mark = parts[1].IndexOf(AnswerMark, StringComparison.Ordinal);
        if (mark < 0)
        {
            throw new BadRowException($"found no '{AnswerMark}', expected it before the answer");
        }

        var rationale = parts[1][..mark].Trim();
        return RowChecks.Complete(new ReasoningExample(
            id,
            parts[0].Trim(),
            rationale.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            rationale,
            parts[1][(mark + AnswerMark.Length)..].Trim()));
    }
}
