using LoRi.Models;

namespace LoRi.Runs.Tasks;

/// <summary>
/// A task whose problems are drawn here: nothing is downloaded. Which problems are for training and which for testing a hash of the
/// question decides, so that no test question occurs in training, whatever the seeds.
/// </summary>
public abstract class ReasoningTask
{
    /// <summary>The word that stands between the chain of thought and the answer.</summary>
    public const string AnswerPrefix = "=";

    private const int AttemptsPerRow = 40;
    private const uint TestShare = 5;
    private readonly Lazy<Dictionary<string, int>> ids;

    /// <summary>A task of some words.</summary>
    protected ReasoningTask() =>
        ids = new(() => Words.Select((word, id) => (word, id)).ToDictionary(pair => pair.word, pair => pair.id));

    /// <summary>Its name with its sizes, such as <c>chain-affine7-up-to-5</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The words that questions, chains and answers consist of, in the order of their ids.</summary>
    public abstract IReadOnlyList<string> Words { get; }

    /// <summary>The strata of its problems, from the easiest on.</summary>
    public abstract IReadOnlyList<string> Strata { get; }

    /// <summary>Largest number of words of a question, of a chain and of an answer.</summary>
    public abstract (int Question, int Chain, int Answer) Longest { get; }

    /// <summary>A problem of any stratum.</summary>
    /// <param name="random">Where the problem comes from.</param>
    public TaskRow Draw(SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return Draw(random, Strata[random.Below(Strata.Count)]);
    }

    /// <summary>A problem of one stratum.</summary>
    /// <param name="random">Where the problem comes from.</param>
    /// <param name="stratum">One of the task's strata.</param>
    public abstract TaskRow Draw(SeededRandom random, string stratum);

    /// <summary>Problems for training; strata are equally likely.</summary>
    /// <param name="rows">How many; a question may come more than once.</param>
    /// <param name="seed">The seed.</param>
    public IEnumerable<TaskRow> Training(int rows, long seed)
    {
        var random = new SeededRandom(seed, "training questions");
        for (var row = 0; row < rows; row++)
        {
            TaskRow drawn;
            do
            {
                drawn = Draw(random);
            }
            while (IsTest(drawn));

            yield return drawn;
        }
    }

    /// <summary>Distinct problems for testing, up to <paramref name="perStratum"/> of each stratum (there may be fewer).</summary>
    /// <param name="perStratum">At most so many of each stratum.</param>
    /// <param name="seed">The same seed gives the same problems.</param>
    public IEnumerable<TaskRow> Test(int perStratum, long seed)
    {
        var random = new SeededRandom(seed, "test questions");
        foreach (var stratum in Strata)
        {
            var seen = new HashSet<string>();
            for (var attempt = 0; seen.Count < perStratum && attempt < AttemptsPerRow * perStratum; attempt++)
            {
                var row = Draw(random, stratum);
                if (IsTest(row) && seen.Add(row.QuestionText))
                {
                    yield return row;
                }
            }
        }
    }

    /// <summary>The id of a word.</summary>
    /// <param name="word">A word of the task's vocabulary.</param>
    public int IdOf(string word) => ids.Value[word];

    /// <summary>FNV-1a over the words' ids: the same side on every machine and under every seed.</summary>
    /// <param name="row">A problem of this task.</param>
    public bool IsTest(TaskRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var hash = 2166136261u;
        foreach (var word in row.Question)
        {
            hash = (hash ^ (uint)IdOf(word)) * 16777619u;
        }

        return (hash ^ (hash >> 15)) % TestShare == 0;
    }
}
