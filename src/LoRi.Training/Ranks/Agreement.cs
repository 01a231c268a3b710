using System.Text;
using System.Text.Json;
using LoRi.Files;

namespace LoRi.Training.Ranks;

/// <summary>That all ranks are about to do the same: one that differs would train another model without a word.</summary>
internal static class Agreement
{
    private sealed record Told(string Host, Dictionary<string, string> Facts);

    /// <summary>Compares facts of this rank with those of the others.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="facts">What is compared, in words, and its value.</param>
    /// <exception cref="InputException">A rank has another value.</exception>
    public static void Check(ICommunicator ranks, params IEnumerable<(string Name, string Value)> facts)
    {
        if (ranks.Size == 1)
        {
            return;
        }

        var own = new Told(Environment.MachineName, facts.ToDictionary(fact => fact.Name, fact => fact.Value));
        var all = ranks.Gather(JsonSerializer.SerializeToUtf8Bytes(own)).Select(Read).ToArray();
        for (var rank = 1; rank < all.Length; rank++)
        {
            var (here, first) = (all[rank].Facts, all[0].Facts);
            if (first.Keys.Concat(here.Keys).FirstOrDefault(one => Value(here, one) != Value(first, one)) is { } name)
            {
                throw new InputException(
                    $"{name} differs: rank {rank} on {all[rank].Host} has {Value(here, name)}, rank 0 on {all[0].Host} has "
                    + $"{Value(first, name)}; all ranks must have the same");
            }
        }
    }

    /// <summary>What the first rank has to say to the others.</summary>
    public static string FromFirst(ICommunicator ranks, string said) =>
        Encoding.UTF8.GetString(ranks.Gather(ranks.IsFirst ? Encoding.UTF8.GetBytes(said) : [])[0]);

    private static string Value(Dictionary<string, string> facts, string name) => facts.GetValueOrDefault(name, "none");

    private static Told Read(byte[] told) => JsonSerializer.Deserialize<Told>(told)!;
}
