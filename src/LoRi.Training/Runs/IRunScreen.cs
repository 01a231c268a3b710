namespace LoRi.Training.Runs;

/// <summary>Where a run stands after a step.</summary>
/// <param name="Step">Steps made.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="Loss">The total of this step.</param>
/// <param name="Terms">Its terms by name, unweighted.</param>
/// <param name="StepsPerSecond">Over the last steps.</param>
/// <param name="TokensPerSecond">Over the last steps.</param>
/// <param name="Remaining">Time to the end at this rate, validation and checkpoints left out.</param>
public sealed record RunProgress(
    int Step, int Steps, double Loss, IReadOnlyDictionary<string, double> Terms, double StepsPerSecond, double TokensPerSecond, TimeSpan Remaining);

/// <summary>Where a run is shown to people while it goes on. Calls come from one thread.</summary>
public interface IRunScreen
{
    /// <summary>Something happened.</summary>
    void Line(string text);

    /// <summary>A logged step, in words; a screen that shows the progress otherwise may leave it out.</summary>
    void StepLine(string text);

    /// <summary>A step was made.</summary>
    void Progress(RunProgress progress);
}

/// <summary>Plain lines: what files, pipes and tests get.</summary>
public sealed class PlainScreen(TextWriter writer) : IRunScreen
{
    /// <inheritdoc/>
    public void Line(string text) => writer.WriteLine(text);

    /// <inheritdoc/>
    public void StepLine(string text) => writer.WriteLine(text);

    /// <inheritdoc/>
    public void Progress(RunProgress progress)
    {
    }
}
