namespace LoRi.Runs.Reports;

/// <summary>A chart's size and the room around its plot, in the chart's own units.</summary>
/// <param name="Width">Width of the whole.</param>
/// <param name="Height">Height of the whole, the legend left out.</param>
/// <param name="Left">Room on the left, for ticks and title of the vertical axis.</param>
/// <param name="Right">Room on the right.</param>
/// <param name="Top">Room above.</param>
/// <param name="Bottom">Room below, for ticks and title of the horizontal axis.</param>
internal sealed record ChartFrame(int Width, int Height, int Left, int Right, int Top, int Bottom)
{
    /// <summary>Width of the plot.</summary>
    public int Across => Width - Left - Right;
}

/// <summary>Where values lie in a chart.</summary>
/// <param name="Frame">The chart's size.</param>
/// <param name="X">Its horizontal axis.</param>
/// <param name="Y">Its vertical axis.</param>
internal sealed record ChartPlace(ChartFrame Frame, ChartAxis X, ChartAxis Y)
{
    /// <summary>From the left.</summary>
    public double Across(double value) => Frame.Left + (X.Position(value) * Frame.Across);

    /// <summary>From above.</summary>
    public double Down(double value) =>
        Frame.Height - Frame.Bottom - (Y.Position(value) * (Frame.Height - Frame.Top - Frame.Bottom));
}
