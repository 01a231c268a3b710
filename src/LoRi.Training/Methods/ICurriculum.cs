namespace LoRi.Training.Methods;

/// <summary>
/// A course of points, at each of which a training becomes another one: the loss may rise on purpose, so that what watches it and the
/// best validation start anew. Nothing of it is stored; it follows from the moment.
/// </summary>
public interface ICurriculum
{
    /// <summary>The point of a moment: 0 at the start, never less than at an earlier moment.</summary>
    /// <param name="now">The step and the epochs that have been made.</param>
    int PointAt(Moment now);

    /// <summary>Whether the optimizer is reset with the step at this moment.</summary>
    /// <param name="now">Where the training is.</param>
    /// <param name="before">Lays out the step before once more; not asked at the first step.</param>
    bool ResetsOptimizer(Moment now, Func<IPreparedStep> before);
}

/// <summary>One point from the first step to the last.</summary>
public sealed class NoCurriculum : ICurriculum
{
    /// <summary>The only one.</summary>
    public static NoCurriculum Instance { get; } = new();

    /// <inheritdoc/>
    public int PointAt(Moment now) => 0;

    /// <inheritdoc/>
    public bool ResetsOptimizer(Moment now, Func<IPreparedStep> before) => false;
}
