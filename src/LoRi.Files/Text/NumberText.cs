using System.Globalization;

namespace LoRi.Files.Text;

/// <summary>Measured numbers as people read them: four decimals in the ordinary range, a power of ten outside it.</summary>
internal static class NumberText
{
    private const double Large = 1e5;
    private const double Small = 1e-3;

    /// <summary>A loss or a norm: <c>2.3026</c>, <c>5.45e7</c>, <c>3.21e-6</c>.</summary>
    /// <param name="value">The number; may be NaN or infinite.</param>
    /// <param name="decimals">Decimals in the ordinary range.</param>
    public static string Of(double value, int decimals = 4)
    {
        var size = System.Math.Abs(value);
        return double.IsFinite(value) && size != 0 && (size >= Large || size < Small)
            ? value.ToString("0.00e0", CultureInfo.InvariantCulture)
            : value.ToString($"F{decimals}", CultureInfo.InvariantCulture);
    }

    /// <summary>A rate, with as many digits as it has, three at most: <c>0.1</c>, <c>1e-4</c>.</summary>
    public static string Rate(double value) => value.ToString(
        System.Math.Abs(value) is > 0 and < 1e-2 or >= Large ? "0.##e0" : "G3", CultureInfo.InvariantCulture);
}
