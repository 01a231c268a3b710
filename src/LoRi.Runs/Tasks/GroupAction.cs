namespace LoRi.Runs.Tasks;

/// <summary>
/// Operations on some states, of a group that acts on them: how serial a chain of them is depends on the group alone. Chains over
/// <c>z7</c> have short cuts (an operation's place does not matter), those over the solvable <c>affine7</c> longer ones, and for
/// <c>a5</c>, which is not solvable, none is known that is shallow.
/// </summary>
/// <param name="Name">How settings call it.</param>
/// <param name="States">The words of the states.</param>
/// <param name="Operations">The words of the operations, and the state that each makes of each.</param>
public sealed record GroupAction(string Name, IReadOnlyList<string> States, IReadOnlyList<(string Word, int[] Image)> Operations)
{
    private const int Modulus = 7;
    private const int Points = 5;

    /// <summary>Addition modulo 7.</summary>
    public static GroupAction Z7 { get; } = new("z7", Numbers(Modulus), [.. ModularOperations("+")]);

    /// <summary>Addition, subtraction and multiplication modulo 7, by 1 to 6.</summary>
    public static GroupAction Affine7 { get; } = new("affine7", Numbers(Modulus), [.. ModularOperations("+-*")]);

    /// <summary>
    /// The even permutations of five points, each a state, multiplied from the right by a five-cycle, a three-cycle, their inverses and two
    /// double transpositions.
    /// </summary>
    public static GroupAction A5 { get; } = Alternating();

    /// <summary>All of them.</summary>
    public static IReadOnlyList<GroupAction> All { get; } = [Z7, Affine7, A5];

    private static string[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(number => $"{number}")];

    private static IEnumerable<(string Word, int[] Image)> ModularOperations(string signs) =>
        from sign in signs
        from operand in Enumerable.Range(1, Modulus - 1)
        select ($"{sign}{operand}", Enumerable.Range(0, Modulus).Select(state => sign switch
        {
            '+' => (state + operand) % Modulus,
            '-' => (state - operand + Modulus) % Modulus,
            _ => state * operand % Modulus,
        }).ToArray());

    private static GroupAction Alternating()
    {
        int[][] elements = [.. Permutations([]).Where(IsEven)];
        var numbers = elements.Select((element, number) => (Key: string.Concat(element), number)).ToDictionary(pair => pair.Key,
            pair => pair.number);
        (string Word, int[] Cycle)[] generators =
        [
            ("a", [1, 2, 3, 4, 0]), ("A", [4, 0, 1, 2, 3]), ("b", [1, 2, 0, 3, 4]), ("B", [2, 0, 1, 3, 4]), ("c", [1, 0, 3, 2, 4]),
            ("d", [0, 2, 1, 4, 3]),
        ];
        return new GroupAction("a5", Numbers(elements.Length), [.. generators.Select(generator => (generator.Word,
            elements.Select(element => numbers[string.Concat(generator.Cycle.Select(point => element[point]))]).ToArray()))]);
    }

    /// <summary>All permutations that begin so, in the order of their letters.</summary>
    private static IEnumerable<int[]> Permutations(int[] begun) => begun.Length == Points
        ? [begun]
        : Enumerable.Range(0, Points).Except(begun).SelectMany(next => Permutations([.. begun, next]));

    private static bool IsEven(int[] permutation) =>
        (from first in Enumerable.Range(0, Points)
         from second in Enumerable.Range(first + 1, Points - first - 1)
         select permutation[first] > permutation[second] ? 1 : 0).Sum() % 2 == 0;
}
