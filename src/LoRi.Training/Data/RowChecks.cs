using System.Globalization;
using System.Text.RegularExpressions;

namespace LoRi.Training.Data;

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

    /// <summary>A number as an answer is written: whole numbers without point and zeros, others as they stand.</summary>
    internal static string NumberText(string number)
    {
        if (WholeWithZeros().Match(number) is { Success: true } match)
        {
            return match.Groups[1].Value;
        }

        return number.Contains('e', StringComparison.OrdinalIgnoreCase)
            && decimal.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value.ToString("0.############################", CultureInfo.InvariantCulture)
            : number;
    }

    /// <summary>Two parts of a question, with one space between them.</summary>
    internal static string Join(string first, string second) => $"{first.Trim()} {second.Trim()}".Trim();

    [GeneratedRegex(@"\A(-?[0-9]+)\.0+\z", RegexOptions.CultureInvariant)]
    private static partial Regex WholeWithZeros();
}
