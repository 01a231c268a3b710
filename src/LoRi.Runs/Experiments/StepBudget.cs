using System.Globalization;

namespace LoRi.Runs.Experiments;

/// <summary>How long a student is trained: <c>steps:700</c>, or <c>time:lori:700</c>, the time in which lori makes 700 steps.</summary>
/// <param name="Steps">The steps.</param>
/// <param name="Of">The method whose time for so many steps is meant; null where the steps themselves are.</param>
internal sealed record StepBudget(int Steps, string? Of)
{
    /// <summary>How settings write it.</summary>
    public const string Forms = "steps:N, or time:METHOD:N for the time in which METHOD makes N steps";

    /// <summary>Reads what <see cref="ToString"/> gives; null for what is none.</summary>
    public static StepBudget? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(':');
        return int.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var steps) && steps > 0
            ? parts switch
            {
                ["steps", _] => new StepBudget(steps, null),
                ["time", { Length: > 0 } method, _] => new StepBudget(steps, method),
                _ => null,
            }
            : null;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        Of is null ? string.Create(CultureInfo.InvariantCulture, $"steps:{Steps}")
            : string.Create(CultureInfo.InvariantCulture, $"time:{Of}:{Steps}");
}
