namespace LoRi.Training.Methods;

/// <summary>How long a stage is.</summary>
/// <param name="Steps">Its optimizer steps.</param>
/// <param name="BatchSize">Rows of a step.</param>
/// <param name="Rows">Rows of the data.</param>
public readonly record struct StageLength(int Steps, int BatchSize, int Rows)
{
    /// <summary>The moment of its last step.</summary>
    public Moment Last => new(Steps - 1, (Steps - 1) * (double)BatchSize / Rows);
}

/// <summary>Where a training is: the trainer's own clock, whatever became of the optimizer's.</summary>
/// <param name="Step">Optimizer steps made before this one, in the present stage.</param>
/// <param name="Epoch">Passes over the data made before this step, in the present stage.</param>
public readonly record struct Moment(int Step, double Epoch)
{
    /// <summary>Less than one row of any data set: what rounding may take from a whole number of passes.</summary>
    private const double Rounding = 1e-9;

    /// <summary>The moment one step before; of a later one than the first.</summary>
    public Moment Before => new(Step - 1, Epoch * (Step - 1) / Step);

    /// <summary>Whole parts of so many passes over the data that were made before the step.</summary>
    /// <param name="epochs">The part's length in passes over the data.</param>
    public int Made(double epochs) => (int)System.Math.Floor((Epoch / epochs) + Rounding);
}
