namespace LoRi.Files.Text;

/// <summary>Numbers without exponent, digit by digit: nothing is rounded.</summary>
internal static class PlainNumber
{
    /// <summary>The largest power of ten that is written out; those of doubles are all below.</summary>
    internal const int LargestExponent = 400;

    /// <summary>One spelling for every way to write a number: no leading or trailing zeros, no exponent, no sign of zero.</summary>
    /// <param name="isNegative">Whether it has a minus.</param>
    /// <param name="whole">Digits before the point; may be empty.</param>
    /// <param name="fraction">Digits after it; may be empty.</param>
    /// <param name="exponent">The power of ten that it is multiplied by.</param>
    internal static string Of(bool isNegative, string whole, string fraction, int exponent)
    {
        var digits = (whole + fraction).TrimStart('0');
        if (digits.Length == 0)
        {
            return "0";
        }

        var power = exponent - fraction.Length;
        if (power >= 0)
        {
            digits += new string('0', power);
        }
        else
        {
            digits = digits.PadLeft(1 - power, '0');
            digits = digits.Insert(digits.Length + power, ".").TrimEnd('0').TrimEnd('.');
        }

        return isNegative ? "-" + digits : digits;
    }
}
