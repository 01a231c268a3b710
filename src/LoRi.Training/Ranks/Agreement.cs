using System.Text;
using System.Text.Json;
using LoRi.Files;

namespace LoRi.Training.Ranks;

/// <summary>That all ranks are about to do the same: one that differs would train another model without a word.</summary>
internal static class Agreement
{
    private sealed record Told(string Host, string[] Facts);

    /// <summary>Compares facts of this rank with those of the others.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="facts">What is compared, in words, and its value; the same names on every rank.</param>
    /// <exception cref="InputException">A rank has another value.</exception>
    public static void Check(ICommunicator ranks, params (string Name, string Value)[] facts)
    {
        if (ranks.Size == 1)
        {
            return;
        }

        var own = new Told(Environment.MachineName, [.. facts.Select(fact => fact.Value)]);
        var all = ranks.Gather(JsonSerializer.SerializeToUtf8Bytes(own)).Select(Read).ToArray();
        for (var rank = 1; rank < all.Length; rank++)
        {
            var (here, first) = (all[rank].Facts, all[0].Facts);
            var differing = Enumerable.Range(0, facts.Length).FirstOrDefault(fact => here[fact] != first[fact], -1);
            if (differing >= 0)
            {
                throw new InputException(
                    $"{facts[differing].Name} differs: rank {rank} on {all[rank].Host} has {here[differing]}, rank 0 on "
                    + $"{all[0].Host} has {first[differing]}; all ranks must have the same");
            }
        }
    }

    /// <summary>What the first rank has to say to the others.</summary>
    public static string FromFirst(ICommunicator ranks, string said) =>
        Encoding.UTF8.GetString(ranks.Gather(ranks.IsFirst ? Encoding.UTF8.GetBytes(said) : [])[0]);

    private static Told Read(byte[] told) => JsonSerializer.Deserialize<Told>(told)!;
}
