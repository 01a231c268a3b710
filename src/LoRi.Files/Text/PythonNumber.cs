using System.Globalization;
using System.Text.RegularExpressions;

namespace LoRi.Files.Text;

/// <summary>Python's <c>float()</c> and <c>repr()</c> of a double.</summary>
internal static partial class PythonNumber
{
    /// <summary>
    /// What <c>float(text)</c> gives, or nothing where it refuses. It takes away white space as .NET does: not the separators
    /// U+001C to U+001F, which <c>str.strip()</c> takes away too.
    /// </summary>
    internal static double? TryParse(string text)
    {
        var ascii = PythonText.DigitsToAscii(text.Trim());
        if (Special().Match(ascii) is { Success: true } special)
        {
            var value = special.Groups["nan"].Success ? double.NaN : double.PositiveInfinity;
            return ascii[0] == '-' ? -value : value;
        }

        return Decimal().IsMatch(ascii)
            ? double.Parse(ascii.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture)
            : null;
    }

    /// <summary>The shortest decimal that reads back to the same double, in Python's spelling.</summary>
    internal static string Repr(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }

        var (sign, digits, exponent) = Parts(value.ToString("R", CultureInfo.InvariantCulture));
        if (exponent is >= -4 and < 16)
        {
            return sign + Fixed(digits, exponent);
        }

        var mantissa = digits.Length == 1 ? digits : digits[..1] + "." + digits[1..];
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{System.Math.Abs(exponent):00}");
    }

    /// <summary>Sign, significant digits and the power of ten of the first of them.</summary>
    private static (string Sign, string Digits, int Exponent) Parts(string shortest)
    {
        var sign = shortest[0] == '-' ? "-" : "";
        var halves = shortest[sign.Length..].Split('E');
        var all = halves[0].Replace(".", "", StringComparison.Ordinal);
        var significant = all.TrimStart('0');
        if (significant.Length == 0)
        {
            return (sign, "0", 0);
        }

        var point = halves[0].IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? halves[0].Length : point;
        var power = halves.Length == 1 ? 0 : int.Parse(halves[1], CultureInfo.InvariantCulture);
        return (sign, significant.TrimEnd('0'), power + whole - 1 - (all.Length - significant.Length));
    }

    private static string Fixed(string digits, int exponent)
    {
        if (exponent < 0)
        {
            return "0." + new string('0', -exponent - 1) + digits;
        }

        var padded = digits.PadRight(exponent + 2, '0');
        return padded[..(exponent + 1)] + "." + padded[(exponent + 1)..];
    }

    [GeneratedRegex(@"\A[-+]?(?:(?<nan>nan)|inf(?:inity)?)\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Special();

    [GeneratedRegex(@"\A[-+]?(?:[0-9]+(?:_[0-9]+)*\.?(?:[0-9]+(?:_[0-9]+)*)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Decimal();
}
