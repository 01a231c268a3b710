using SkiaSharp;

namespace LoRi.Runs.Reports;

/// <summary>Text of one size in a picture: measured, broken into lines, drawn.</summary>
internal sealed class PngText : IDisposable
{
    /// <summary>The family that pictures are written in; another one stands in where it is not there.</summary>
    public const string Family = "DejaVu Sans";

    private const string More = " ...";
    private readonly SKTypeface face;
    private readonly SKFont font;

    /// <summary>Text of a size in pixels.</summary>
    public PngText(float size, bool bold = false)
    {
        face = SKTypeface.FromFamilyName(Family, bold ? SKFontStyle.Bold : SKFontStyle.Normal);
        font = new SKFont(face, size) { Edging = SKFontEdging.Antialias };
    }

    /// <summary>Pixels from one line to the next.</summary>
    public float LineHeight => font.Size * 1.45f;

    /// <summary>Pixels that a text takes.</summary>
    public float Width(string text) => font.MeasureText(text);

    /// <summary>The lines of a text that are no wider than <paramref name="width"/>; what is beyond the last one is left out.</summary>
    public IReadOnlyList<string> Lines(string text, float width, int most)
    {
        var lines = HtmlPage.Printable(text).Split('\n').SelectMany(paragraph => Broken(paragraph.Replace('\t', ' '), width)).Take(most + 1).ToList();
        if (lines.Count > most)
        {
            lines.RemoveAt(most);
            lines[^1] = Cut(lines[^1] + More, lines[^1], width);
        }

        return lines;
    }

    /// <summary>Draws lines below <paramref name="top"/>.</summary>
    public void Draw(SKCanvas canvas, IReadOnlyList<string> lines, float left, float top, SKColor colour)
    {
        using var paint = new SKPaint { Color = colour, IsAntialias = true };
        for (var line = 0; line < lines.Count; line++)
        {
            canvas.DrawText(lines[line], left, top + (line * LineHeight) + font.Size, SKTextAlign.Left, font, paint);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        font.Dispose();
        face.Dispose();
    }

    private IEnumerable<string> Broken(string paragraph, float width)
    {
        var line = "";
        foreach (var word in paragraph.Split(' '))
        {
            var longer = line.Length == 0 ? word : $"{line} {word}";
            if (Width(longer) <= width)
            {
                line = longer;
                continue;
            }

            if (line.Length > 0)
            {
                yield return line;
            }

            line = word;
            while (Width(line) > width && Fitting(line, width) is var count && count < line.Length)
            {
                yield return line[..count];
                line = line[count..];
            }
        }

        yield return line;
    }

    /// <summary>Characters from the start of a word that fit; one at least, and no half of a pair.</summary>
    private int Fitting(string word, float width)
    {
        var count = System.Math.Max(1, font.BreakText(word, width));
        return count < word.Length && char.IsHighSurrogate(word[count - 1]) ? count + 1 : count;
    }

    private string Cut(string marked, string line, float width)
    {
        while (line.Length > 0 && Width(marked) > width)
        {
            line = line[..^1];
            marked = line + More;
        }

        return marked;
    }
}
