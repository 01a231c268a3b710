namespace LoRi.Runs.Experiments;

/// <summary>
/// What cells will take: as cells of the same kind took, else by the measured pace of the method; null where neither is known.
/// </summary>
internal sealed class CellEstimate(Calibration calibration)
{
    /// <summary>Answering the test questions, and what is written.</summary>
    private const double EvaluationSeconds = 5;

    private readonly Lock gate = new();
    private readonly Dictionary<string, List<(int Steps, double Seconds)>> taken = [];

    /// <summary>A cell took so long.</summary>
    public void Took(Cell cell, double seconds)
    {
        lock (gate)
        {
            if (!taken.TryGetValue(cell.PacedAs.Key, out var list))
            {
                taken[cell.PacedAs.Key] = list = [];
            }

            list.Add((cell.Steps, seconds));
        }
    }

    /// <summary>Seconds of a cell.</summary>
    public double? Seconds(Cell cell)
    {
        lock (gate)
        {
            return taken.TryGetValue(cell.PacedAs.Key, out var list)
                ? list.Average(one => one.Seconds * cell.Steps / one.Steps)
                : calibration.Find(cell.PacedAs) is { } pace ? pace.Seconds(cell.Steps) + pace.OverheadSeconds + EvaluationSeconds : null;
        }
    }

    /// <summary>Seconds of several cells, those unknown as the mean of the others.</summary>
    public double? Seconds(IReadOnlyList<Cell> cells)
    {
        double[] known = [.. cells.Select(Seconds).OfType<double>()];
        return cells.Count == 0 ? 0 : known.Length == 0 ? null : known.Sum() * cells.Count / known.Length;
    }
}
