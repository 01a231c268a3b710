using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Text;

namespace LoRi.Runs.Scoring;

/// <summary>The verdicts of a <c>predictions.jsonl</c>.</summary>
/// <param name="Path">The file.</param>
/// <param name="Correct">
/// Whether each question was answered rightly by CODI's rule, by its name and text, and where data repeat a question by how often
/// it came before.
/// </param>
/// <param name="CorrectStrict">Right answers by the strict rule; null where one rule alone scored them.</param>
/// <param name="Disagreements">Questions where the two rules differ; null where one rule alone scored them.</param>
internal sealed record EvaluationAnswers(string Path, IReadOnlyDictionary<string, bool> Correct, int? CorrectStrict, int? Disagreements)
{
    /// <summary>How the file is called in an evaluation's folder.</summary>
    public const string FileName = "predictions.jsonl";

    /// <summary>Answers that ended without an end token; null where rows do not say.</summary>
    public int? CutOff { get; init; }

    /// <summary>Answers without any text; null where rows do not say.</summary>
    public int? Empty { get; init; }

    private const string Form = "a line must be one JSON object with id and correct";

    /// <summary>
    /// The largest difference between a share that a file states and the one that its rows have: far less than one of a million
    /// rows.
    /// </summary>
    private const double Rounding = 1e-7;

    /// <summary>Right answers.</summary>
    public int Right => Correct.Values.Count(right => right);

    /// <summary>Their share.</summary>
    public double Accuracy => (double)Right / Correct.Count;

    /// <summary>Reads the file.</summary>
    /// <exception cref="InputException">It or a line of it cannot be read, or it holds none.</exception>
    public static EvaluationAnswers Read(string path)
    {
        DataPath.Check(path);
        var correct = new Dictionary<string, bool>();
        var seen = new Dictionary<string, int>();
        var (strict, cut, empty) = (new List<bool?>(), new List<bool?>(), new List<bool?>());
        try
        {
            foreach (var line in DataLines.Read(path))
            {
                var row = Add(path, line, correct, seen);
                strict.Add(row.Strict);
                cut.Add(row.Cut);
                empty.Add(row.Empty);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message}); check the file and its permissions", e);
        }

        return correct.Count == 0 ? throw new InputException($"{path}: holds no prediction; {Form}")
            : new EvaluationAnswers(path, correct, Counted(strict),
                strict.Contains(null) ? null : strict.Zip(correct.Values).Count(pair => pair.First != pair.Second))
            {
                CutOff = Counted(cut),
                Empty = Counted(empty),
            };
    }

    private static int? Counted(List<bool?> flags) => flags.Contains(null) ? null : flags.Count(flag => flag == true);

    /// <summary>Refuses numbers that are not those of the rows.</summary>
    /// <param name="path">The file that states them.</param>
    /// <param name="examples">Questions; null where it states none.</param>
    /// <param name="correct">Right answers; null where it states none.</param>
    /// <param name="accuracy">Share of right answers.</param>
    /// <param name="strict">The same by the strict rule; null where it states none.</param>
    /// <param name="cutOff">Answers that were cut off; null where it states none.</param>
    /// <param name="empty">Empty answers; null where it states none.</param>
    /// <exception cref="InputException">One of them differs.</exception>
    public void Check(string path, int? examples, int? correct, double accuracy, double? strict, int? cutOff = null, int? empty = null)
    {
        Agree(path, "cut_off", cutOff, CutOff);
        Agree(path, "empty", empty, Empty);
        Agree(path, "examples", examples, Correct.Count);
        Agree(path, "correct", correct, Right);
        Agree(path, "accuracy", accuracy, Accuracy);
        Agree(path, "accuracy_strict", strict, (double?)CorrectStrict / Correct.Count);
    }

    /// <summary>Refuses a share that is not of this many right answers of this many questions.</summary>
    /// <exception cref="InputException">It is not.</exception>
    public static void CheckShare(string place, int examples, int? correct, double accuracy, string remedy)
    {
        var fault = examples < 1 ? $"'examples' is {examples}, but there must be at least one question"
            : accuracy is not (>= 0 and <= 1) ? $"'accuracy' is {MessageText.Number(accuracy)}, but a share lies from 0 to 1"
            : correct < 0 || correct > examples ? $"'correct' is {correct} of {examples} questions"
            : correct is { } right && System.Math.Abs(accuracy - ((double)right / examples)) > Rounding
                ? $"'accuracy' is {MessageText.Number(accuracy)}, but {right} right answers of {examples} "
                    + $"are {MessageText.Number((double)right / examples)}"
            : null;
        if (fault is not null)
        {
            throw new InputException($"{place}: {fault}; {remedy}");
        }
    }

    /// <summary>Takes in one line; gives the verdict of the strict rule and how the answer ended, where the line says so.</summary>
    private static (bool? Strict, bool? Cut, bool? Empty) Add(
        string path, DataLine line, Dictionary<string, bool> correct, Dictionary<string, int> seen)
    {
        try
        {
            var fields = JsonRows.Parse(line.Text());
            var name = $"{fields.Raw("id")}\n{(fields.Has("question") ? fields.Text("question") : "")}";
            var verdict = fields.Flag("correct");
            var before = seen.GetValueOrDefault(name);
            while (!correct.TryAdd(before == 0 ? name : $"{name}\n{before + 1}", verdict))
            {
                before++;
            }

            seen[name] = before + 1;
            bool? Optional(string key) => fields.Has(key) ? fields.Flag(key) : null;
            return (Optional("correct_strict"), Optional("cut_off"), Optional("empty"));
        }
        catch (BadRowException e)
        {
            throw new InputException($"{path}, {line.Place}: {e.Message}; {Form}", e);
        }
    }

    private void Agree(string path, string name, double? stated, double? found)
    {
        if (stated is { } one && found is { } other && System.Math.Abs(one - other) > Rounding)
        {
            throw new InputException(
                $"{path}: '{name}' is {MessageText.Number(one)}, but the {Correct.Count} rows of {Path} give {MessageText.Number(other)}; "
                + "the two are not of one evaluation, evaluate again");
        }
    }
}
