using System.Text.Json;
using LoRi.Files;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Ranks;

/// <summary>The card, a GPU, that a rank computes on.</summary>
/// <param name="Index">Its number among the cards that the rank's process sees.</param>
/// <param name="Id">Its UUID, the same wherever it is asked for.</param>
/// <param name="Bus">Where it is in its machine.</param>
/// <param name="Name">What kind it is.</param>
internal sealed record RankCard(int Index, string Id, string Bus, string Name)
{
    private sealed record Told(string Host, RankCard Card, int Seen);

    /// <summary>
    /// Where CUDA tensors of this process go: to the first card, and where a launcher started it beside others on its machine to the one of
    /// its number there, which the calling thread works on from now on.
    /// </summary>
    /// <exception cref="InputException">There is no CUDA driver or no card.</exception>
    public static Device Device()
    {
        if (HostCards.IsNamed || Launcher.Find() is null)
        {
            return HostCards.IsNamed ? CPU : CUDA;
        }

        var card = Own().Card;
        CardDriver.Load().Use(card.Index);
        return new Device(DeviceType.CUDA, card.Index);
    }

    /// <summary>This process's card, of how many that it sees.</summary>
    /// <exception cref="InputException">There is no CUDA driver or no card.</exception>
    public static (RankCard Card, int Seen) Own()
    {
        var driver = CardDriver.Load();
        var seen = driver.Count();
        return seen > 0 ? (driver.Card(IndexOf(Launcher.Find(), seen)), seen)
            : throw new InputException("--device cuda: this process sees no card; look at CUDA_VISIBLE_DEVICES");
    }

    /// <summary>
    /// The number of a process's card: a rank that sees its own alone takes it, one that sees all takes that of its number on its
    /// machine.
    /// </summary>
    public static int IndexOf(Launcher? launcher, int seen) => (launcher?.LocalRank ?? launcher?.Rank ?? 0) % seen;

    /// <summary>Refuses ranks of which two have the same card, or cards of two kinds, which do not compute the same bits.</summary>
    /// <exception cref="InputException">They do.</exception>
    public static void CheckEach(ICommunicator ranks)
    {
        var (card, seen) = Own();
        CheckEach(ranks, card, seen);
    }

    /// <summary>The same of a card and the number of those that this rank sees.</summary>
    public static void CheckEach(ICommunicator ranks, RankCard card, int seen)
    {
        var own = new Told(Environment.MachineName, card, seen);
        var all = ranks.Gather(JsonSerializer.SerializeToUtf8Bytes(own)).Select(told => JsonSerializer.Deserialize<Told>(told)!).ToArray();
        for (var rank = 1; rank < all.Length; rank++)
        {
            var same = Array.FindIndex(all, 0, rank, other => other.Card.Id == all[rank].Card.Id);
            if (same >= 0)
            {
                throw new InputException(
                    $"{all[rank].Card} is the card of rank {same} on {all[same].Host} and of rank {rank} on {all[rank].Host}, which sees "
                    + $"{all[rank].Seen} {(all[rank].Seen == 1 ? "card" : "cards")}: each rank needs its own; start at most as many ranks "
                    + "on a machine as it has cards, and let each see all of them or another one (CUDA_VISIBLE_DEVICES)");
            }
        }

        Agreement.Check(ranks, ("the kind of card", card.Name));
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Id} at {Bus})";
}
