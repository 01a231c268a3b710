using LoRi.Files;
using LoRi.Files.Disk;
using SkiaSharp;

namespace LoRi.Runs.Reports;

/// <summary>A page in one picture, for slides and messages: title, accuracies, charts, decoded latents.</summary>
internal static class PngOverview
{
    private const int Width = 1520;
    private const int Bottom = 24;
    private const int MostCards = 8;

    /// <summary>Whether this machine has a font, without which a picture has no text.</summary>
    public static bool HasFonts => SKFontManager.Default.FontFamilyCount > 0;

    /// <summary>Writes the picture.</summary>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public static void Write(string path, Overview overview)
    {
        using var blocks = new PngBlocks(Width);
        PngBlock[] parts = [.. Parts(blocks, overview)];
        using var surface = SKSurface.Create(new SKImageInfo(Width, (int)System.Math.Ceiling(parts.Sum(part => part.Height)) + Bottom));
        surface.Canvas.Clear(SKColors.White);
        var top = 0f;
        foreach (var part in parts)
        {
            part.Draw(surface.Canvas, top);
            top += part.Height;
        }

        using var image = surface.Snapshot();
        using var data = image.Encode(SKEncodedImageFormat.Png, 100);
        AtomicFile.Write(path, data.SaveTo);
    }

    private static IEnumerable<PngBlock> Parts(PngBlocks blocks, Overview overview)
    {
        yield return blocks.Title(overview.Title);
        foreach (var table in overview.Tables.Where(table => table.Rows.Count > 0))
        {
            yield return blocks.Heading(table.Heading);
            yield return blocks.Table(table);
        }

        if (overview.Charts.Where(chart => chart.HasPoints).ToArray() is { Length: > 0 } charts)
        {
            yield return blocks.Charts(charts);
        }

        if (overview.Cards.Count > 0)
        {
            yield return blocks.Heading("Latent steps, decoded");
            foreach (var card in overview.Cards.Take(MostCards))
            {
                yield return blocks.Card(card);
            }

            if (overview.Cards.Count > MostCards)
            {
                yield return blocks.Note($"{overview.Cards.Count - MostCards} more questions are on the page.");
            }
        }
    }
}
