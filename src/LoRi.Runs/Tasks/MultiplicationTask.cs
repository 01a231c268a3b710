using System.Globalization;
using LoRi.Models;

namespace LoRi.Runs.Tasks;

/// <summary>
/// Products of two numbers of n digits, least digit first, written as the published files of iCoT write them: the chain of thought is the
/// partial products, shifted by zeros, each but the first and the last followed by the running sum in brackets.
/// </summary>
/// <param name="digits">Digits of each number, n.</param>
public sealed class MultiplicationTask(int digits) : ReasoningTask
{
    private const int Base = 10;

    private readonly string size = $"{digits}x{digits}";

    /// <inheritdoc/>
    public override string Name => $"multiplication-{size}";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Words { get; } =
        [.. Enumerable.Range(0, Base).Select(digit => $"{digit}"), "*", "+", "(", ")"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Strata => [size];

    /// <inheritdoc/>
    public override (int Question, int Chain, int Answer) Longest
    {
        get
        {
            var row = Row(Least, Least);
            return (row.Question.Count, row.Steps.Sum(step => step.Count), row.Answer.Count);
        }
    }

    private long Least => (long)System.Math.Pow(Base, digits - 1);

    /// <inheritdoc/>
    public override TaskRow Draw(SeededRandom random, string stratum)
    {
        ArgumentNullException.ThrowIfNull(random);
        long Number() => Least + random.Below((int)((Base - 1) * Least));
        return Row(Number(), Number());
    }

    /// <summary>The problem of two numbers.</summary>
    /// <param name="first">The first factor.</param>
    /// <param name="second">The second factor.</param>
    public TaskRow Row(long first, long second)
    {
        var steps = new List<IReadOnlyList<string>>();
        var (sum, shift) = (0L, 1L);
        for (var place = 0; place < digits; place++, shift *= Base)
        {
            var partial = first * (second / shift % Base) * shift;
            sum += partial;
            var width = digits + 1 + place;
            var written = Reversed(partial, width);
            steps.Add(place == 0 ? written
                : place == digits - 1 ? ["+", .. written]
                : ["+", .. written, "(", .. Reversed(sum, width), ")"]);
        }

        return new TaskRow([.. Reversed(first, digits), "*", .. Reversed(second, digits)], steps, Reversed(sum, 2 * digits), size);
    }

    /// <summary>The digits of a number, the least first, with zeros up to a width.</summary>
    private static string[] Reversed(long number, int width) =>
        [.. number.ToString(CultureInfo.InvariantCulture).PadLeft(width, '0').Reverse().Select(digit => $"{digit}")];
}
