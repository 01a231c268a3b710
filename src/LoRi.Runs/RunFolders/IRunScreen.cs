using System.Globalization;

namespace LoRi.Runs.RunFolders;

/// <summary>Where a run stands after a step.</summary>
/// <param name="Step">Steps made.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="Loss">The total of this step.</param>
/// <param name="Terms">Its terms by name, unweighted.</param>
/// <param name="StepsPerSecond">Over the last steps.</param>
/// <param name="TokensPerSecond">Over the last steps.</param>
/// <param name="Remaining">Time to the end at this rate, validation and checkpoints left out.</param>
public sealed record RunProgress(
    int Step, int Steps, double Loss, IReadOnlyDictionary<string, double> Terms, double StepsPerSecond, double TokensPerSecond,
    TimeSpan Remaining);

/// <summary>What is done where no steps are made.</summary>
/// <param name="Name">What, as "loading the model".</param>
/// <param name="Done">How much of it is done; 0 where that is not known.</param>
/// <param name="Total">How much there is to do; 0 where that is not known.</param>
/// <param name="Unit">What is counted.</param>
public readonly record struct RunPhase(string Name, int Done = 0, int Total = 0, string Unit = "rows")
{
    /// <summary>The phase in words, with the time that it has taken.</summary>
    /// <param name="elapsed">The time since it began.</param>
    public string Describe(TimeSpan elapsed)
    {
        var counted = Total > 0 ? $": {Done:N0} of {Total:N0} {Unit}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{Name}{counted}, {elapsed.TotalSeconds:F0} s");
    }
}

/// <summary>Where a run is shown to people as it runs. Calls come from one thread.</summary>
public interface IRunScreen
{
    /// <summary>Something happened.</summary>
    /// <param name="text">One line without its end.</param>
    void Line(string text);

    /// <summary>A logged step, in words; a screen that shows the progress otherwise may leave it out.</summary>
    /// <param name="text">One line without its end.</param>
    void StepLine(string text);

    /// <summary>A step was made.</summary>
    /// <param name="progress">Step, losses and speed.</param>
    void Progress(RunProgress progress);

    /// <summary>
    /// Something begins that makes no steps, or more of it is done; it lasts until the next call of any kind but
    /// <see cref="Line"/>.
    /// </summary>
    /// <param name="phase">What is being done, and how much of it is.</param>
    void Phase(RunPhase phase);
}
