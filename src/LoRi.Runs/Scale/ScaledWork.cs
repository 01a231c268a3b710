namespace LoRi.Runs.Scale;

/// <summary>Which training a step belongs to.</summary>
public enum ScaledCommand
{
    /// <summary>Of the explicit teacher: every token of a row is read at once.</summary>
    Teach,

    /// <summary>Of a student: question and answer are read at once, latent steps one after another.</summary>
    Distill,
}

/// <summary>The tokens of a row, and how many rows pass together.</summary>
/// <param name="Read">Those that are read at once.</param>
/// <param name="LatentSteps">Passes of one token each.</param>
/// <param name="RowsAtOnce">Rows of a pass at most.</param>
public readonly record struct ScaledWork(int Read, int LatentSteps, double RowsAtOnce)
{
    /// <summary>Passes that some rows need.</summary>
    /// <param name="rows">The rows.</param>
    public double Passes(double rows) => System.Math.Max(1, System.Math.Ceiling(rows / RowsAtOnce));
}
