using SkiaSharp;

namespace LoRi.Runs.Reports;

/// <summary>A part of a picture, as wide as the picture: it knows its height before it is drawn.</summary>
/// <param name="Height">Pixels.</param>
/// <param name="Draw">Draws it below a height.</param>
internal sealed record PngBlock(float Height, Action<SKCanvas, float> Draw);

/// <summary>The parts of a picture of a page.</summary>
/// <param name="width">Pixels of the picture.</param>
internal sealed class PngBlocks(int width) : IDisposable
{
    private const int Margin = 24;
    private const int Gap = 20;
    private const int ChartHeight = 440;
    private const int ChartMargin = 16;
    private const int MostLines = 5;
    private static readonly SKColor Ink = new(0x1c, 0x20, 0x24);
    private static readonly SKColor Soft = new(0x5c, 0x66, 0x70);
    private static readonly SKColor Rule = new(0xd9, 0xde, 0xe3);
    private static readonly SKColor Ground = new(0xf5, 0xf7, 0xf9);

    private readonly PngText title = new(26, bold: true);
    private readonly PngText heading = new(20, bold: true);
    private readonly PngText strong = new(15, bold: true);
    private readonly PngText plain = new(15);

    private float Inner => width - (2 * Margin);

    /// <summary>The title.</summary>
    public PngBlock Title(string text) => Words(title, text, Margin, 2);

    /// <summary>A heading.</summary>
    public PngBlock Heading(string text) => Words(heading, text, Gap, 2);

    /// <summary>A line of text.</summary>
    public PngBlock Note(string text) => Words(plain, text, 4, MostLines);

    /// <summary>A table; wide columns are narrowed until all fit.</summary>
    public PngBlock Table(OverviewTable table)
    {
        var columns = Columns(table);
        var head = Cells(strong, table.Headers, columns);
        var rows = table.Rows.Select(row => Cells(plain, row, columns)).ToArray();
        return new PngBlock(head.Height + rows.Sum(row => row.Height), (canvas, top) =>
        {
            head.Draw(canvas, top);
            top += head.Height;
            foreach (var row in rows)
            {
                row.Draw(canvas, top);
                top += row.Height;
            }
        });
    }

    /// <summary>Charts side by side.</summary>
    public PngBlock Charts(IReadOnlyList<Chart> charts)
    {
        var columns = System.Math.Min(2, charts.Count);
        var wide = width / columns;
        return new PngBlock((charts.Count + columns - 1) / columns * ChartHeight, (canvas, top) =>
        {
            for (var index = 0; index < charts.Count; index++)
            {
                using var part = PngChart.Draw(charts[index], wide - (2 * ChartMargin), ChartHeight - (2 * ChartMargin));
                canvas.DrawImage(part, (index % columns * wide) + ChartMargin, top + (index / columns * ChartHeight) + ChartMargin);
            }
        });
    }

    /// <summary>Names and values under a heading.</summary>
    public PngBlock Card(OverviewCard card)
    {
        const int Padding = 14;
        var names = card.Fields.Select(field => HtmlPage.Printable(field.Name)).ToArray();
        var column = names.Length == 0 ? 0 : names.Max(plain.Width) + Gap;
        var head = strong.Lines(card.Heading, Inner - (2 * Padding), MostLines);
        var values = card.Fields.Select(field => plain.Lines(field.Value, Inner - (2 * Padding) - column, MostLines)).ToArray();
        var height = (2 * Padding) + (head.Count * strong.LineHeight) + values.Sum(lines => lines.Count * plain.LineHeight);
        return new PngBlock(height + 10, (canvas, top) =>
        {
            using var ground = new SKPaint { Color = Ground };
            canvas.DrawRect(Margin, top, Inner, height, ground);
            top += Padding;
            strong.Draw(canvas, head, Margin + Padding, top, Ink);
            top += head.Count * strong.LineHeight;
            for (var field = 0; field < names.Length; field++)
            {
                plain.Draw(canvas, [names[field]], Margin + Padding, top, Soft);
                plain.Draw(canvas, values[field], Margin + Padding + column, top, Ink);
                top += values[field].Count * plain.LineHeight;
            }
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var text in new[] { title, heading, strong, plain })
        {
            text.Dispose();
        }
    }

    private PngBlock Words(PngText text, string words, float above, int most)
    {
        var lines = text.Lines(words, Inner, most);
        return new PngBlock(above + (lines.Count * text.LineHeight) + 4, (canvas, top) => text.Draw(canvas, lines, Margin, top + above, Ink));
    }

    /// <summary>One row of a table, as high as its highest cell, with a line under it.</summary>
    private static PngBlock Cells(PngText text, IReadOnlyList<string> cells, float[] columns)
    {
        var lines = cells.Select((cell, column) => text.Lines(cell, columns[column], MostLines)).ToArray();
        var height = (lines.Max(cell => cell.Count) * text.LineHeight) + 8;
        return new PngBlock(height, (canvas, top) =>
        {
            var left = (float)Margin;
            for (var column = 0; column < columns.Length; column++)
            {
                text.Draw(canvas, lines[column], left, top + 4, Ink);
                left += columns[column] + Gap;
            }

            using var rule = new SKPaint { Color = Rule, StrokeWidth = 1 };
            canvas.DrawLine(Margin, top + height - 1, left - Gap, top + height - 1, rule);
        });
    }

    private float[] Columns(OverviewTable table)
    {
        float Natural(int column) => System.Math.Max(
            strong.Width(HtmlPage.Printable(table.Headers[column])), table.Rows.Max(row => plain.Width(HtmlPage.Printable(row[column])))) + 1;
        var wanted = Enumerable.Range(0, table.Headers.Count).Select(Natural).ToArray();
        var room = Inner - (Gap * (wanted.Length - 1));
        var most = wanted.Max();
        while (wanted.Sum(one => System.Math.Min(one, most)) > room && most > 20)
        {
            most *= 0.95f;
        }

        return [.. wanted.Select(one => System.Math.Min(one, most))];
    }
}
