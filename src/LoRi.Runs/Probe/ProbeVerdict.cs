using System.Globalization;

namespace LoRi.Runs.Probe;

/// <summary>Whether a model thinks in its latent steps: what its answers owe to what they carry of the question.</summary>
/// <param name="Name"><c>yes</c>, <c>partly</c>, <c>no</c> or <c>undecided</c>.</param>
/// <param name="Says">The same in words.</param>
internal sealed record ProbeVerdict(string Name, string Says)
{
    private const double Significance = 0.05;

    /// <summary>A loss of less than this many points is none.</summary>
    private const double Margin = 0.02;

    /// <summary>The most telling intervention decides: that another question's inputs, in distribution, take the place of a question's
    /// own says most; then their mean; zeros last, as a model never saw any.</summary>
    private static readonly string[] Telling = ["shuffle", "mean", "zero"];

    /// <summary>The verdict of the effects on all steps.</summary>
    public static ProbeVerdict Of(ProbeAccuracy untouched, IReadOnlyList<ProbeEffect> effects, int steps)
    {
        var whole = Telling.SelectMany(name => effects.Where(one => one.Intervention == name && one.Steps.Length == steps)).ToArray();
        if (whole is not [var telling, ..])
        {
            return new("undecided", "no intervention replaced what all latent steps are fed by shuffle, mean or zero");
        }

        var loss = -telling.Difference;
        var found = $"{Percent(untouched.Accuracy)} right as it is, {Percent(telling.Accuracy.Accuracy)} with {With(telling.Intervention)} "
            + $"(loss {Points(loss)} points, 95 % interval {Points(-telling.DifferenceCi95[1])} to {Points(-telling.DifferenceCi95[0])}, "
            + $"p {P(telling.P)})";
        var half = untouched.Accuracy / 2;
        return telling.P < Significance && loss >= half ? new("yes", $"it thinks in its latent steps: {found}")
            : telling.P < Significance && loss >= Margin ? new("partly", $"its latent steps carry a part of the answer: {found}")
            : -telling.DifferenceCi95[0] < Margin && untouched.Correct > 0
                ? new("no", $"its answers do not depend on what its latent steps carry: {found}")
            : new("undecided", $"too few questions, or too few right answers, to tell: {found}");
    }

    private static string With(string intervention) => intervention switch
    {
        "shuffle" => "another question's latent inputs",
        "mean" => "the mean of all questions' latent inputs",
        _ => "zeros for latent inputs",
    };

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:F1} %");

    private static string Points(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:F1}");

    private static string P(double p) => p < 0.001 ? "below 0.001" : string.Create(CultureInfo.InvariantCulture, $"{p:F3}");
}
