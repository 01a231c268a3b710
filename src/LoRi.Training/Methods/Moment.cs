namespace LoRi.Training.Methods;

/// <summary>Where a training is: the trainer's own clock, whatever became of the optimizer's.</summary>
/// <param name="Step">Optimizer steps made before this one, in the present stage.</param>
/// <param name="Epoch">Passes over the data made before this step, in the present stage.</param>
public readonly record struct Moment(int Step, double Epoch);
