using System.Globalization;
using LoRi.Files;
using LoRi.Models;

namespace LoRi.Runs.Tasks;

/// <summary>
/// Reachability in a directed graph without circles, in the manner of ProsQA with numbers for names. A question lists the edges, then the
/// root and two candidates of which one can be reached from it; the chain of thought is the shortest path, an edge a step; the answer is
/// the candidate that can be reached. Its stratum is the number of edges on the path.
/// </summary>
/// <param name="nodes">Nodes of the graph.</param>
/// <param name="edges">Edges of the graph.</param>
/// <param name="longest">The longest path that is asked for; the shortest has 2 edges.</param>
public sealed class GraphTask(int nodes, int edges, int longest) : ReasoningTask
{
    private const int Shortest = 2;
    private const int Attempts = 10_000;
    private const string EdgeEnd = ";";
    private const string Mark = "?";
    private const string Arrow = ">";

    /// <inheritdoc/>
    public override string Name => $"graph-{nodes}-nodes-{edges}-edges-up-to-{longest}";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Words { get; } =
        [.. Enumerable.Range(0, nodes).Select(node => $"{node}"), EdgeEnd, Mark, Arrow];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Strata { get; } =
        [.. Enumerable.Range(Shortest, longest - Shortest + 1).Select(hops => hops.ToString(CultureInfo.InvariantCulture))];

    /// <inheritdoc/>
    public override (int Question, int Chain, int Answer) Longest => ((3 * edges) + 4, 2 * longest, 1);

    /// <inheritdoc/>
    public override TaskRow Draw(SeededRandom random, string stratum)
    {
        ArgumentNullException.ThrowIfNull(random);
        var hops = int.Parse(stratum, CultureInfo.InvariantCulture);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (TryDraw(random, hops) is { } row)
            {
                return row;
            }
        }

        throw new InputException(
            $"{TaskSettings.Edges.Flag} {edges} and {TaskSettings.LongestChain.Flag} {longest}: of {Attempts} graphs with {nodes} nodes "
            + $"none had a shortest path of {hops} edges; take fewer edges, a shorter path, or more nodes");
    }

    /// <summary>
    /// A path, and edges that always lead on in one order of the nodes; null where they make a shorter path, or leave no node that is
    /// led to and cannot be reached.
    /// </summary>
    private TaskRow? TryDraw(SeededRandom random, int hops)
    {
        var path = random.Permutation(nodes)[..(hops + 1)].Order().ToArray();
        var drawn = new HashSet<(int From, int To)>(path.Zip(path[1..]));
        for (var attempt = 0; drawn.Count < edges && attempt < nodes * edges; attempt++)
        {
            var (one, other) = (random.Below(nodes), random.Below(nodes));
            if (one != other)
            {
                drawn.Add((System.Math.Min(one, other), System.Math.Max(one, other)));
            }
        }

        var found = ShortestPath(drawn, path[0], path[^1]);
        var reached = Reached(drawn, path[0]);
        int[] others = [.. drawn.Select(edge => edge.To).Where(node => !reached.Contains(node)).Distinct().Order()];
        return drawn.Count < edges || found.Count != hops + 1 || others.Length == 0 ? null
            : Written(random, hops, drawn, found, others[random.Below(others.Length)]);
    }

    private TaskRow Written(SeededRandom random, int hops, HashSet<(int From, int To)> drawn, IReadOnlyList<int> path, int other)
    {
        var names = random.Permutation(nodes);
        string Name(int node) => names[node].ToString(CultureInfo.InvariantCulture);
        (int From, int To)[] all = [.. drawn.Order()];
        var order = random.Permutation(all.Length);
        string[] candidates = random.Below(2) == 0 ? [Name(path[^1]), Name(other)] : [Name(other), Name(path[^1])];
        var listed = order.SelectMany(index => (string[])[Name(all[index].From), Name(all[index].To), EdgeEnd]);
        return new TaskRow(
            [.. listed, Mark, Name(path[0]), .. candidates],
            [.. path.Skip(1).Select(node => (string[])[Arrow, Name(node)])],
            [Name(path[^1])],
            hops.ToString(CultureInfo.InvariantCulture));
    }

    private static HashSet<int> Reached(HashSet<(int From, int To)> edges, int root)
    {
        var reached = new HashSet<int> { root };
        while (edges.Where(edge => reached.Contains(edge.From) && !reached.Contains(edge.To)).Select(edge => edge.To).ToArray() is
            { Length: > 0 } more)
        {
            reached.UnionWith(more);
        }

        return reached;
    }

    /// <summary>The nodes of a shortest path, both ends with it; the first one in the order of nodes where there are several.</summary>
    private static List<int> ShortestPath(HashSet<(int From, int To)> edges, int root, int target)
    {
        var before = new Dictionary<int, int> { [root] = root };
        var front = new List<int> { root };
        while (front.Count > 0 && !before.ContainsKey(target))
        {
            var next = edges.Where(edge => front.Contains(edge.From) && !before.ContainsKey(edge.To)).Order().ToArray();
            front = [.. next.Select(edge => edge.To).Distinct()];
            front.ForEach(node => before[node] = Array.Find(next, edge => edge.To == node).From);
        }

        var path = new List<int> { target };
        while (path[0] != root)
        {
            path.Insert(0, before[path[0]]);
        }

        return path;
    }
}
