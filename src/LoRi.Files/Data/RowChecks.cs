using System.Globalization;
using System.Text.RegularExpressions;
using LoRi.Files.Text;

namespace LoRi.Files.Data;

/// <summary>What all forms of data have in common.</summary>
internal static partial class RowChecks
{
    /// <summary>The example, if it has a question and an answer.</summary>
    internal static ReasoningExample Complete(ReasoningExample example)
    {
        if (example.Question.Length == 0)
        {
            throw new BadRowException("the question is empty");
        }

        return example.Answer.Length == 0 ? throw new BadRowException("the answer is empty") : example;
    }

    /// <summary>The steps of a rationale: equations in double angle brackets, else its lines.</summary>
    internal static string[] StepsOf(string rationale)
    {
        const StringSplitOptions Clean = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
        var words = rationale.Split(' ', Clean);
        return words.All(w => w.StartsWith("<<", StringComparison.Ordinal) && w.EndsWith(">>", StringComparison.Ordinal))
            ? words
            : rationale.Split('\n', Clean);
    }

    /// <summary>
    /// A number as an answer is written: whole numbers without point and zeros, exponents written out to the last digit (beyond
    /// those of doubles they stay), others as they stand.
    /// </summary>
    internal static string NumberText(string number)
    {
        if (WholeWithZeros().Match(number) is { Success: true } match)
        {
            return match.Groups[1].Value;
        }

        return WithExponent().Match(number) is { Success: true } parts
            && int.TryParse(parts.Groups["exponent"].ValueSpan, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
                out var exponent)
            && exponent is >= -PlainNumber.LargestExponent and <= PlainNumber.LargestExponent
                ? PlainNumber.Of(parts.Groups["minus"].Success, parts.Groups["whole"].Value, parts.Groups["fraction"].Value, exponent)
                : number;
    }

    /// <summary>Two parts of a question, with one space between them.</summary>
    internal static string Join(string first, string second) => $"{first.Trim()} {second.Trim()}".Trim();

    [GeneratedRegex(@"\A(-?[0-9]+)\.0+\z", RegexOptions.CultureInvariant)]
    private static partial Regex WholeWithZeros();

    [GeneratedRegex(@"\A(?<minus>-)?(?<whole>[0-9]+)(?:\.(?<fraction>[0-9]+))?[eE](?<exponent>[-+]?[0-9]+)\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex WithExponent();
}
