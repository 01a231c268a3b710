using LoRi.Models;
using LoRi.Models.Sequences;

namespace LoRi.Runs.Demo;

/// <summary>
/// The demonstration's task: arithmetic modulo 7 along a chain. A question is a start value, K tokens "operation and operand"
/// (add, subtract or multiply by 1 to 6) and a question mark, without which nobody could tell where it ends; the chain of thought
/// repeats each token followed by the value reached; the answer
/// is the last value. Test questions never occur in training: a hash of the question decides which side it is on.
/// </summary>
public static class ChainedArithmetic
{
    /// <summary>The ring's size; chance accuracy is one over it.</summary>
    public const int Modulus = 7;

    /// <summary>Tokens of a step of the chain of thought: the operation, and the value reached.</summary>
    public const int TokensPerStep = 2;

    private const int Operations = 3;
    private const int Operands = Modulus - 1;
    private const uint TestShare = 5;

    /// <summary>The tokens, in the order of their ids: values, operations, then the markers.</summary>
    public static IReadOnlyList<string> Vocabulary { get; } =
    [
        .. Enumerable.Range(0, Modulus).Select(value => $"{value}"),
        .. from operation in "+-*" from operand in Enumerable.Range(1, Operands) select $"{operation}{operand}",
        "?", "=", "<end>", "<bot>", "<eot>", "<latent>",
    ];

    private static int QuestionMarkId => Modulus + (Operations * Operands);

    /// <summary>Id of <c>=</c>, the answer prefix.</summary>
    public static int PrefixId => QuestionMarkId + 1;

    /// <summary>Id of the end of sequence.</summary>
    public static int EosId => PrefixId + 1;

    /// <summary>Id of <c>&lt;bot&gt;</c>.</summary>
    public static int BotId => PrefixId + 2;

    /// <summary>Id of <c>&lt;eot&gt;</c>.</summary>
    public static int EotId => PrefixId + 3;

    /// <summary>Id of <c>&lt;latent&gt;</c>.</summary>
    public static int LatentId => PrefixId + 4;

    /// <summary>Training rows; chain lengths are uniform in 1 .. <paramref name="longest"/>.</summary>
    public static EncodedExample[] Training(int rows, int longest, long seed)
    {
        var random = new SeededRandom(seed, "training questions");
        var examples = new EncodedExample[rows];
        for (var row = 0; row < rows; row++)
        {
            int[] question;
            do
            {
                question = Question(random, 1 + random.Below(longest));
            }
            while (IsTest(question));

            examples[row] = Example(row, question);
        }

        return examples;
    }

    /// <summary>Distinct test questions, up to <paramref name="perLength"/> of each chain length (there are few of length 1).</summary>
    public static EncodedExample[] Test(int perLength, int longest, long seed)
    {
        var random = new SeededRandom(seed, "test questions");
        var examples = new List<EncodedExample>();
        for (var length = 1; length <= longest; length++)
        {
            var seen = new HashSet<string>();
            for (var attempt = 0; seen.Count < perLength && attempt < 40 * perLength; attempt++)
            {
                var question = Question(random, length);
                if (IsTest(question) && seen.Add(string.Join(' ', question)))
                {
                    examples.Add(Example(examples.Count, question));
                }
            }
        }

        return [.. examples];
    }

    /// <summary>The name of the questions that <see cref="Test"/> gives for the same arguments.</summary>
    public static string TestName(int perLength, int longest, long seed) =>
        $"chains-mod-{Modulus}-up-to-{longest}-of-{perLength}-seed-{seed}";

    /// <summary>Number of operations in a question.</summary>
    public static int ChainLength(EncodedExample example) => example.Question.Length - 2;

    /// <summary>Ids as text.</summary>
    public static string Text(IEnumerable<int> ids) => string.Join(' ', ids.Select(id => Vocabulary[id]));

    private static int[] Question(SeededRandom random, int length) =>

    [
        random.Below(Modulus),
        .. Enumerable.Range(0, length).Select(_ => Modulus + random.Below(Operations * Operands)),
        QuestionMarkId,
    ];

    private static EncodedExample Example(int index, int[] question)
    {
        var rationale = new List<int>();
        var value = question[0];
        foreach (var token in question[1..^1])
        {
            value = Apply(value, token - Modulus);
            rationale.AddRange([token, value]);
        }

        return new EncodedExample(index, question, [.. rationale], [PrefixId], [value, EosId])
        {
            Steps = [.. rationale.Chunk(TokensPerStep)],
            Explained = new([.. rationale.Chunk(TokensPerStep)], []),
        };
    }

    private static int Apply(int value, int operation)
    {
        var operand = 1 + (operation % Operands);
        return (operation / Operands) switch
        {
            0 => (value + operand) % Modulus,
            1 => (value - operand + Modulus) % Modulus,
            _ => value * operand % Modulus,
        };
    }

    /// <summary>FNV-1a over the tokens: the same side on every machine and under every seed.</summary>
    private static bool IsTest(int[] question)
    {
        var hash = 2166136261u;
        foreach (var token in question)
        {
            hash = (hash ^ (uint)token) * 16777619u;
        }

        return (hash ^ (hash >> 15)) % TestShare == 0;
    }
}
