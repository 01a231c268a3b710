using System.Globalization;
using System.Numerics;
using LoRi.Files;

namespace LoRi.Runs.Plans;

/// <summary>
/// Steps of a share of the data in decimal arithmetic: 0.07 passes over 100 rows are 7 rows, though 0.07 * 100 in doubles is
/// more.
/// </summary>
internal static class ExactEpochs
{
    /// <summary>Optimizer steps, rounded up, at least one.</summary>
    /// <param name="epochs">
    /// Passes over the data, above 0; what counts is the shortest decimal that reads back to it, which is what was written.
    /// </param>
    /// <param name="rows">Rows of the data.</param>
    /// <param name="batchSize">Rows of a step.</param>
    /// <exception cref="InputException">They are more than can be counted.</exception>
    public static int Steps(double epochs, int rows, int batchSize)
    {
        var (digits, exponent) = Decimal(epochs);
        var (numerator, denominator) = (digits * rows * BigInteger.Pow(10, System.Math.Max(exponent, 0)),
            batchSize * BigInteger.Pow(10, System.Math.Max(-exponent, 0)));
        var steps = (numerator + denominator - 1) / denominator;
        return steps <= int.MaxValue
            ? System.Math.Max(1, (int)steps)
            : throw new InputException(
                $"--epochs {epochs.ToString(CultureInfo.InvariantCulture)}: {rows} rows in batches of {batchSize} make more steps than can "
                + "be counted; give fewer");
    }

    /// <summary>The number as digits times a power of ten.</summary>
    private static (BigInteger Digits, int Exponent) Decimal(double value)
    {
        var halves = value.ToString("R", CultureInfo.InvariantCulture).Split('E');
        var power = halves.Length == 1 ? 0 : int.Parse(halves[1], CultureInfo.InvariantCulture);
        var point = halves[0].IndexOf('.', StringComparison.Ordinal);
        var fraction = point < 0 ? 0 : halves[0].Length - point - 1;
        return (BigInteger.Parse(halves[0].Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture), power - fraction);
    }
}
