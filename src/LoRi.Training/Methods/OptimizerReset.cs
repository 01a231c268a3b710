namespace LoRi.Training.Methods;

/// <summary>When the optimizer is reset, in a curriculum.</summary>
public enum OptimizerReset
{
    /// <summary>Never.</summary>
    Never,

    /// <summary>At every point of the curriculum.</summary>
    Stage,

    /// <summary>At every pass over the data.</summary>
    Epoch,
}
