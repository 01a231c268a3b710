namespace LoRi.Runs.Reports;

/// <summary>How the parts of a chart get their look.</summary>
/// <param name="Grid">Attributes of a grid line.</param>
/// <param name="Axis">Those of the axes.</param>
/// <param name="Tick">Those of a tick's text.</param>
/// <param name="Label">Those of an axis' text.</param>
/// <param name="Series">Those of a series' group.</param>
/// <param name="Dot">Those of a series' points.</param>
internal sealed record ChartInk(
    string Grid, string Axis, string Tick, string Label, Func<ChartSeries, string> Series, Func<ChartSeries, string> Dot)
{
    private static readonly string[] Colours = ["#0068b0", "#cc5500", "#00845f", "#b0457f", "#7a6200", "#5a50c8", "#c0392b", "#4a5560"];

    /// <summary>By the page's style sheet, so that the chart reads in light and dark.</summary>
    public static ChartInk Page { get; } =
        new("class='grid'", "class='axis'", "class='tick'", "class='label'", series => $"class='{Class(series)}'",
            _ => " fill='currentColor'");

    /// <summary>By attributes alone, which every program that takes SVG understands.</summary>
    public static ChartInk Alone { get; } = new(
        $"stroke='{Rule}'", $"stroke='{Soft}' fill='none'", $"fill='{Soft}' font-size='11.5'", $"fill='{Dark}' font-size='12.5'",
        series => $"fill='none' stroke='{Colour(series)}' stroke-width='{Width(series.Weight)}' stroke-linejoin='round'",
        series => $" stroke='none' fill='{Colour(series)}'");

    /// <summary>How many colours there are.</summary>
    public static int Count => Colours.Length;

    /// <summary>Text on white.</summary>
    public const string Dark = "#1c2024";

    /// <summary>Text that steps back.</summary>
    public const string Soft = "#5c6670";

    /// <summary>Lines that part things.</summary>
    public const string Rule = "#d9dee3";

    /// <summary>Lines that others are seen against.</summary>
    public const string Far = "#b4bdc6";

    /// <summary>What stands behind a card.</summary>
    public const string Ground = "#f5f7f9";

    /// <summary>A colour on white; after the last comes the first again.</summary>
    public static string Colour(int colour) => Colours[Wrapped(colour)];

    private static string Colour(ChartSeries series) => series.Weight == LineWeight.Context ? Far : Colour(series.Colour);

    private static string Width(LineWeight weight) => weight switch
    {
        LineWeight.Strong => "3.4",
        LineWeight.Context => "1",
        _ => "1.8",
    };

    private static string Class(ChartSeries series) => series.Weight switch
    {
        LineWeight.Strong => $"c{Wrapped(series.Colour)} strong",
        LineWeight.Context => "far",
        _ => $"c{Wrapped(series.Colour)}",
    };

    private static int Wrapped(int colour) => colour % Colours.Length;
}
