using LoRi.Files;
using LoRi.Math.Fluent;

namespace LoRi.Training.Trajectories;

/// <summary>What the core refuses, in the words of the command line.</summary>
internal static class CoreRefusal
{
    /// <summary>The error with the option that helps, where there is one.</summary>
    /// <param name="error">What the core says.</param>
    /// <param name="about">The file or option that it is about, if that is known here.</param>
    public static InputException ToInput(this MathException error, string? about = null)
    {
        ArgumentNullException.ThrowIfNull(error);
        var option = error.Error switch
        {
            { IsAnchorsMissing: true } => " (`--anchor off`)",
            { IsFullVarianceMissing: true } => " (`--weighting`)",
            _ => string.Empty,
        };
        return new InputException($"{(about is null ? string.Empty : about + ": ")}{error.Message}{option}", error);
    }
}
