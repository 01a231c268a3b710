namespace LoRi.Training.Methods;

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
    public int Made(double epochs) => (int)System.Math.Floor((Epoch / epochs) + Rounding);
}
