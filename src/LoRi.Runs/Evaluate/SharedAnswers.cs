using System.Globalization;
using System.Text;
using LoRi.Files.Data;
using LoRi.Runs.Settings;
using LoRi.Runs.Training;
using LoRi.Training.Ranks;

namespace LoRi.Runs.Evaluate;

/// <summary>The batches of an evaluation, dealt out to ranks one after the other; the first rank gets all answers in their order.</summary>
/// <param name="ranks">The ranks.</param>
internal sealed class SharedAnswers(ICommunicator ranks)
{
    /// <summary>Said for the number of answered questions where there is nothing left to do.</summary>
    public const int Finished = -1;

    /// <summary>Whether this rank owns the folder.</summary>
    public bool IsFirst => ranks.IsFirst;

    /// <summary>Refuses what ranks cannot share, before anything is read.</summary>
    /// <exception cref="Files.InputException">Ranks have other devices, or one card for two of them.</exception>
    public void Check(EvaluationOptions options) => StepSharing.CheckDevice(options.Values, ranks);

    /// <summary>Refuses ranks that would answer otherwise.</summary>
    /// <exception cref="Files.InputException">One of them has other settings, weights or questions.</exception>
    public void Agree(EvaluationOptions options, EvaluationIdentity identity) => Agreement.Check(
        ranks,
        [
            .. StepSharing.Facts(options.ToJson()),
            ("the SHA-256 of the model", identity.ModelSha256),
            ("the SHA-256 of the questions", identity.QuestionsSha256),
        ]);

    /// <summary>How many questions are answered already, as the first rank tells.</summary>
    public int Begin(int answered) =>
        int.Parse(Agreement.FromFirst(ranks, answered.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);

    /// <summary>
    /// Answers batches, as many at a time as there are ranks; true where it came to the last. All ranks stop after the same batch.
    /// </summary>
    /// <param name="batches">All of them.</param>
    /// <param name="answer">Answers one, given its number.</param>
    /// <param name="use">Gets the answers of every batch in their order.</param>
    /// <param name="stop">Asks to stop.</param>
    public bool Answer(
        IReadOnlyList<ReasoningExample[]> batches, Func<ReasoningExample[], int, IReadOnlyList<PredictionRow>> answer,
        Action<IReadOnlyList<PredictionRow>> use, CancellationToken stop)
    {
        for (var first = 0; first < batches.Count; first += ranks.Size)
        {
            if (ranks.AnyAsks(stop))
            {
                return false;
            }

            var own = first + ranks.Rank;
            var answered = own < batches.Count ? answer(batches[own], own) : [];
            foreach (var rows in Gathered(answered).Where(rows => rows.Count > 0))
            {
                use(rows);
            }
        }

        return true;
    }

    private IEnumerable<IReadOnlyList<PredictionRow>> Gathered(IReadOnlyList<PredictionRow> own)
    {
        if (ranks.Size == 1)
        {
            return [own];
        }

        var lines = string.Join('\n', own.Select(row => row.ToJson()));
        return ranks.Gather(Encoding.UTF8.GetBytes(lines)).Select(Rows);
    }

    private static IReadOnlyList<PredictionRow> Rows(byte[] lines) =>
        [.. Encoding.UTF8.GetString(lines).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => PredictionRow.Parse(Encoding.UTF8.GetBytes(line))!)];
}
