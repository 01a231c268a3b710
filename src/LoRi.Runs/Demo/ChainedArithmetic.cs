using LoRi.Models.Sequences;
using LoRi.Runs.Tasks;

namespace LoRi.Runs.Demo;

/// <summary>
/// The demonstration's task: a <see cref="ChainTask"/> of arithmetic modulo 7, as ids. Test questions never occur in training.
/// </summary>
public static class ChainedArithmetic
{
    /// <summary>The ring's size; chance accuracy is one over it.</summary>
    public const int Modulus = 7;

    /// <summary>Tokens of a step of the chain of thought: the operation, and the value reached.</summary>
    public const int TokensPerStep = ChainTask.WordsPerStep;

    private static readonly GroupAction action = GroupAction.Affine7;

    /// <summary>The tokens, in the order of their ids: values, operations, then the markers.</summary>
    public static IReadOnlyList<string> Vocabulary { get; } =
        [.. Task(1).Words, ReasoningTask.AnswerPrefix, "<end>", "<bot>", "<eot>", "<latent>"];

    /// <summary>Id of <c>=</c>, the answer prefix.</summary>
    public static int PrefixId { get; } = Task(1).Words.Count;

    /// <summary>Id of the end of sequence.</summary>
    public static int EosId => PrefixId + 1;

    /// <summary>Id of <c>&lt;bot&gt;</c>.</summary>
    public static int BotId => PrefixId + 2;

    /// <summary>Id of <c>&lt;eot&gt;</c>.</summary>
    public static int EotId => PrefixId + 3;

    /// <summary>Id of <c>&lt;latent&gt;</c>.</summary>
    public static int LatentId => PrefixId + 4;

    /// <summary>Training rows; chain lengths are uniform in 1 .. <paramref name="longest"/>.</summary>
    /// <param name="rows">How many problems.</param>
    /// <param name="longest">Operations of the longest chain.</param>
    /// <param name="seed">The same seed gives the same problems.</param>
    public static EncodedExample[] Training(int rows, int longest, long seed) => Encoded(Task(longest), task => task.Training(rows, seed));

    /// <summary>Distinct test questions, up to <paramref name="perLength"/> of each chain length (there are few of length 1).</summary>
    /// <param name="perLength">At most so many of each length.</param>
    /// <param name="longest">Operations of the longest chain.</param>
    /// <param name="seed">The same seed gives the same problems.</param>
    public static EncodedExample[] Test(int perLength, int longest, long seed) =>
        Encoded(Task(longest), task => task.Test(perLength, seed));

    /// <summary>The name of the questions that <see cref="Test"/> gives for the same arguments.</summary>
    /// <param name="perLength">At most so many of each length.</param>
    /// <param name="longest">Operations of the longest chain.</param>
    /// <param name="seed">The seed of the questions.</param>
    public static string TestName(int perLength, int longest, long seed) =>
        $"chains-mod-{Modulus}-up-to-{longest}-of-{perLength}-seed-{seed}";

    /// <summary>Number of operations in a question.</summary>
    /// <param name="example">A problem of this task.</param>
    public static int ChainLength(EncodedExample example) => example.Question.Length - 2;

    /// <summary>Ids as text.</summary>
    /// <param name="ids">Ids of this task's words.</param>
    public static string Text(IEnumerable<int> ids) => string.Join(' ', ids.Select(id => Vocabulary[id]));

    private static ChainTask Task(int longest) => new(action, longest);

    private static EncodedExample[] Encoded(ChainTask task, Func<ChainTask, IEnumerable<TaskRow>> rows)
    {
        int[] Ids(IEnumerable<string> words) => [.. words.Select(task.IdOf)];
        return [.. rows(task).Select((row, index) =>
        {
            int[][] steps = [.. row.Steps.Select(Ids)];
            return new EncodedExample(
                index, Ids(row.Question), [.. steps.SelectMany(step => step)], [PrefixId], [.. Ids(row.Answer), EosId])
            {
                Steps = steps,
                Explained = new(steps, []),
            };
        })];
    }
}
