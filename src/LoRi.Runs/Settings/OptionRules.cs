using System.Globalization;
using LoRi.Files;

namespace LoRi.Runs.Settings;

/// <summary>The error of options that are no settings.</summary>
internal static class OptionRules
{
    /// <summary>The error for a value that breaks a rule.</summary>
    internal static InputException Wrong(string flag, object value, string rule) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{flag} {value}: {rule}"));
}
