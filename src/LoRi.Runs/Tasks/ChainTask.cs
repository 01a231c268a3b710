using System.Globalization;
using LoRi.Models;

namespace LoRi.Runs.Tasks;

/// <summary>
/// A chain of operations of a group. A question is a start state, K operations and a question mark, without which nobody could tell where
/// it ends; the chain of thought repeats each operation followed by the state reached; the answer is the last state. Its stratum is K.
/// </summary>
/// <param name="action">The group and its states.</param>
/// <param name="longest">The largest K.</param>
public sealed class ChainTask(GroupAction action, int longest) : ReasoningTask
{
    /// <summary>Words of a step: the operation, and the state reached.</summary>
    public const int WordsPerStep = 2;

    /// <summary>The word at a question's end.</summary>
    public const string QuestionMark = "?";

    /// <inheritdoc/>
    public override string Name => $"chain-{action.Name}-up-to-{longest}";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Words { get; } =
        [.. action.States, .. action.Operations.Select(operation => operation.Word), QuestionMark];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Strata { get; } =
        [.. Enumerable.Range(1, longest).Select(length => length.ToString(CultureInfo.InvariantCulture))];

    /// <inheritdoc/>
    public override (int Question, int Chain, int Answer) Longest => (longest + 2, WordsPerStep * longest, 1);

    /// <inheritdoc/>
    public override TaskRow Draw(SeededRandom random, string stratum)
    {
        ArgumentNullException.ThrowIfNull(random);
        var state = random.Below(action.States.Count);
        var question = new List<string> { action.States[state] };
        var steps = new List<string[]>();
        for (var length = int.Parse(stratum, CultureInfo.InvariantCulture); length > 0; length--)
        {
            var (word, image) = action.Operations[random.Below(action.Operations.Count)];
            state = image[state];
            question.Add(word);
            steps.Add([word, action.States[state]]);
        }

        return new TaskRow([.. question, QuestionMark], steps, [action.States[state]], stratum);
    }
}
