using System.Globalization;
using System.Numerics;
using LoRi.Files;

namespace LoRi.Runs.Settings;

/// <summary>The checks that options share. Each error names the flag, the value and the rule.</summary>
internal static class OptionRules
{
    /// <summary>The value must be at least <paramref name="least"/>, and at most what <see cref="OptionBounds"/> say.</summary>
    internal static void AtLeast<T>(string flag, T? value, T least)
        where T : struct, INumber<T>
    {
        if (value is { } given && !(given >= least && T.IsFinite(given)))
        {
            throw Wrong(flag, given, $"must be at least {Text(least)}");
        }

        if (value is { } counted)
        {
            OptionBounds.Check(flag, double.CreateSaturating(counted));
        }
    }

    /// <summary>The value must be at most <paramref name="most"/>, for a reason.</summary>
    internal static void AtMost(string flag, int? value, int most, string reason)
    {
        if (value is { } given && given > most)
        {
            throw Wrong(flag, given, $"must be at most {Text(most)}, as {reason}");
        }
    }

    /// <summary>The value must be larger than 0.</summary>
    internal static void Positive(string flag, double? value)
    {
        if (value is { } given && !(given > 0 && double.IsFinite(given)))
        {
            throw Wrong(flag, given, "must be larger than 0");
        }

        if (value is { } measured)
        {
            OptionBounds.Check(flag, measured);
        }
    }

    /// <summary>The value must be at least <paramref name="least"/> and less than 1.</summary>
    internal static void BelowOne(string flag, double value, double least)
    {
        if (!(value >= least && value < 1))
        {
            throw Wrong(flag, value, $"must be at least {Text(least)} and less than 1");
        }
    }

    /// <summary>The value must be larger than 0 and at most 1.</summary>
    internal static void Share(string flag, double? value)
    {
        if (value is { } given && !(given > 0 && given <= 1))
        {
            throw Wrong(flag, given, "must be larger than 0 and at most 1");
        }
    }

    /// <summary>Two flags of which one at most may be given.</summary>
    internal static void NotBoth(string flag, object? value, string other, object? otherValue)
    {
        if (value is not null && otherValue is not null)
        {
            throw new InputException($"{flag} {Text(value)} and {other} {Text(otherValue)} contradict each other: give one of them");
        }
    }

    /// <summary>A path that means the same from every folder; what cannot be a path stays as it is, for whoever opens it.</summary>
    internal static string FullPath(string path) => path.Length == 0 || path.Contains('\0', StringComparison.Ordinal) ? path : Path.GetFullPath(path);

    /// <summary>The full path of what is there; other names stay.</summary>
    internal static string? FullPathOf(string? path) => Path.Exists(path) ? FullPath(path) : path;

    /// <summary>The error for a value that breaks a rule.</summary>
    internal static InputException Wrong(string flag, object value, string rule) => new($"{flag} {Text(value)}: {rule}");

    private static string Text(object value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}
