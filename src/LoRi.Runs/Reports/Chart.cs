namespace LoRi.Runs.Reports;

/// <summary>How much a line of a chart stands out.</summary>
internal enum LineWeight
{
    /// <summary>One of those that are compared.</summary>
    Usual,

    /// <summary>What the chart is about.</summary>
    Strong,

    /// <summary>What it is seen against: thin, grey and without a name in the legend.</summary>
    Context,
}

/// <summary>How much room a chart is given.</summary>
internal enum ChartSize
{
    /// <summary>One of several side by side.</summary>
    Usual,

    /// <summary>The one to look at first.</summary>
    Main,

    /// <summary>One of many that are compared with each other; its vertical axis is named beside it.</summary>
    Small,
}

/// <summary>One line of a chart.</summary>
/// <param name="Name">Shown in the legend.</param>
/// <param name="X">Positions along the horizontal axis.</param>
/// <param name="Y">Values; those that are not finite, or near the end of the type, are left out.</param>
/// <param name="Colour">Which colour, from 0.</param>
/// <param name="Dashes">0 for a full line, else a pattern.</param>
internal sealed record ChartSeries(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y, int Colour, int Dashes = 0)
{
    private const int MostPoints = 600;

    /// <summary>How much it stands out.</summary>
    public LineWeight Weight { get; init; }

    /// <summary>Whether it is one point, which has a shape where lines have a pattern.</summary>
    public bool IsPoint => X.Count == 1;

    /// <summary>
    /// What is drawn: values that a logarithmic axis cannot show are left out, and long series are thinned to the smallest and
    /// the largest value of every stretch, so that peaks stay.
    /// </summary>
    public IReadOnlyList<(double X, double Y)> Points(bool logarithmic)
    {
        var all = X.Zip(Y).Where(p => CanShow(p.First) && CanShow(p.Second) && (!logarithmic || p.Second > 0)).ToArray();
        return all.Length <= MostPoints
            ? all
            : [.. all.Chunk((2 * all.Length / MostPoints) + 1).SelectMany(Extremes)];
    }

    /// <summary>Whether distances between such values are numbers too.</summary>
    internal static bool CanShow(double value) => System.Math.Abs(value) < 1e300;

    private static IEnumerable<(double X, double Y)> Extremes((double X, double Y)[] stretch)
    {
        var (least, most) = (stretch.MinBy(p => p.Y), stretch.MaxBy(p => p.Y));
        return least.X < most.X ? [least, most] : least.X > most.X ? [most, least] : [least];
    }
}

/// <summary>A line chart: what it shows, before anything is drawn.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="XLabel">What the horizontal axis counts; its values are whole numbers.</param>
/// <param name="YLabel">What the vertical axis measures, with its unit.</param>
/// <param name="Series">The lines.</param>
internal sealed record Chart(string Title, string XLabel, string YLabel, IReadOnlyList<ChartSeries> Series)
{
    private const double LogarithmicFrom = 50;

    /// <summary>How much room it is given.</summary>
    public ChartSize Size { get; init; }

    /// <summary>Whether the values should begin at zero; a logarithmic axis is then never chosen.</summary>
    public bool FromZero { get; init; }

    /// <summary>Whether the horizontal axis begins at zero as well, and is one of measurements, not of whole numbers.</summary>
    public bool IsCloud { get; init; }

    /// <summary>Whether the lines are named; a single line is not, unless other charts beside it have more.</summary>
    public bool HasLegend { get; init; } = Series.Count > 1;

    /// <summary>Whether the vertical axis is logarithmic: all values positive and far apart.</summary>
    public bool Logarithmic
    {
        get
        {
            var values = Series.SelectMany(series => series.Y).Where(ChartSeries.CanShow).ToArray();
            return !FromZero && values.Length > 0 && values.Min() > 0 && values.Max() / values.Min() > LogarithmicFrom;
        }
    }

    /// <summary>Whether there is a point to draw.</summary>
    public bool HasPoints => Series.Any(series => series.Points(Logarithmic).Count > 0);

    /// <summary>The horizontal axis over all points.</summary>
    internal ChartAxis Horizontal()
    {
        var values = Series.SelectMany(series => series.Points(Logarithmic)).Select(p => p.X).ToArray();
        return IsCloud ? ChartAxis.Of(System.Math.Min(0, values.Min()), values.Max(), logarithmic: false)
            : ChartAxis.OfCounts(values.Min(), values.Max());
    }

    /// <summary>The vertical axis over all points.</summary>
    internal ChartAxis Vertical()
    {
        var values = Series.SelectMany(series => series.Points(Logarithmic)).Select(p => p.Y).ToArray();
        return ChartAxis.Of(FromZero ? System.Math.Min(0, values.Min()) : values.Min(), values.Max(), Logarithmic);
    }
}
