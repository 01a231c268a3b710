using System.Globalization;
using LoRi.Models;

namespace LoRi.Runs.Tasks;

/// <summary>
/// Deduction along rules, in the manner of ProntoQA with numbers for names, and built as its questions are. A question lists rules in
/// any order: that one category is another one (<c>3 7 ;</c>), or has a property or not (<c>7 ! p2 ;</c>); then two categories of
/// <c>x</c>, and asks whether it has a property. From one of the two a way of rules leads to the property, from the other one none does.
/// Every category on the way is another one besides, which ends there, and a category that <c>x</c> is not says the opposite. The chain
/// of thought follows the way; the answer is <c>True</c> or <c>False</c>. Its stratum is the number of rules on the way, the one about
/// the property with them.
/// </summary>
/// <param name="longest">The largest number of those rules.</param>
public sealed class HopsTask(int longest) : ReasoningTask
{
    private const string Thing = "x";
    private const string Arrow = ">";
    private const string Not = "!";
    private const string End = ";";
    private const string Mark = "?";
    private const string Yes = "True";
    private const string No = "False";

    /// <summary>Of ten properties that are not asked for so many hold.</summary>
    private const int Positive = 7;

    /// <inheritdoc/>
    public override string Name => $"hops-up-to-{longest}";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Words { get; } =
    [
        .. Enumerable.Range(0, Categories(longest)).Select(Category), .. Enumerable.Range(0, Properties(longest)).Select(Property),
        Thing, Arrow, Not, End, Mark, Yes, No,
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Strata { get; } =
        [.. Enumerable.Range(1, longest).Select(hops => hops.ToString(CultureInfo.InvariantCulture))];

    /// <inheritdoc/>
    public override (int Question, int Chain, int Answer) Longest =>
        ((3 * ((2 * longest) + 1)) + (4 * ((2 * longest) + 2)) + 10, (2 * (longest + 1)) + 1, 1);

    /// <inheritdoc/>
    public override TaskRow Draw(SeededRandom random, string stratum)
    {
        ArgumentNullException.ThrowIfNull(random);
        var hops = int.Parse(stratum, CultureInfo.InvariantCulture);
        string[] names = [.. random.Permutation(Categories(longest)).Take(Categories(hops)).Select(Category)];
        string[] properties = [.. random.Permutation(Properties(longest)).Select(Property)];
        var (way, beside, others) = (names[..hops], names[hops..((2 * hops) + 1)], names[((2 * hops) + 1)..]);
        bool Coin() => random.Below(2) == 0;
        var (holds, asksWhetherItDoes) = (Coin(), Coin());
        List<string[]> rules =
        [
            .. way.Zip(way[1..]).Select(pair => (string[])[pair.First, pair.Second]),
            .. beside.Select((category, index) => (string[])[way[System.Math.Min(index, hops - 1)], category]),
            [others[0], others[1]],
            [way[^1], .. Signed(holds, properties[0])],
            [others[2], .. Signed(!holds, properties[0])],
            .. ((string[])[.. way[..^1], .. beside[..^1], others[0]]).Select((category, index) =>
                (string[])[category, .. Signed(random.Below(10) < Positive, properties[index + 1])]),
        ];
        string[] facts = Coin() ? [way[0], others[0]] : [others[0], way[0]];
        return new TaskRow(
            [
                .. random.Permutation(rules.Count).SelectMany(index => (string[])[.. rules[index], End]),
                .. facts.SelectMany(category => (string[])[Thing, category, End]),
                Mark, Thing, .. Signed(asksWhetherItDoes, properties[0]),
            ],
            [.. way.Select(category => (string[])[Arrow, category]), [Arrow, .. Signed(holds, properties[0])]],
            [holds == asksWhetherItDoes ? Yes : No],
            stratum);
    }

    /// <summary>On the way, beside each of those, one more beside the last, two that lead nowhere, one that says the opposite.</summary>
    private static int Categories(int hops) => (2 * hops) + 4;

    /// <summary>
    /// The one that is asked for, and one for each category but the last on the way, the last beside it, and the second that leads nowhere.
    /// </summary>
    private static int Properties(int hops) => (2 * hops) + 1;

    private static string Category(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Property(int number) => $"p{number}";

    private static string[] Signed(bool holds, string property) => holds ? [property] : [Not, property];
}
