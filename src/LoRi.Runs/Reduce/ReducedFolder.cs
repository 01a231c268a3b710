namespace LoRi.Runs.Reduce;

/// <summary>What a model was cut to.</summary>
/// <param name="Width">Components of its states, r.</param>
/// <param name="FromWidth">Components that they had, d.</param>
/// <param name="Weights">How many weights it has.</param>
/// <param name="FromWeights">How many there were.</param>
public sealed record ReducedFolder(int Width, int FromWidth, long Weights, long FromWeights);
