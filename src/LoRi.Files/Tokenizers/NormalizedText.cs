using System.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>A text in normal form C, with the way back to the text that it was made from.</summary>
internal sealed class NormalizedText
{
    private readonly (int Start, int End)[]? origins;

    private NormalizedText(string text, (int Start, int End)[]? origins)
    {
        Text = text;
        this.origins = origins;
    }

    /// <summary>The normalised text.</summary>
    public string Text { get; }

    /// <summary>Normalises a text without surrogates that stand alone, or only wraps it.</summary>
    public static NormalizedText Of(string text, bool normalize)
    {
        if (!normalize || NormalFormC.IsSurely(text))
        {
            return new(text, null);
        }

        StringBuilder normalized = new(text.Length);
        List<(int Start, int End)> origins = new(text.Length);
        foreach (var code in NormalFormC.Compose(text))
        {
            var units = char.ConvertFromUtf32(code.Code);
            normalized.Append(units);
            origins.AddRange(Enumerable.Repeat((code.Start, code.End), units.Length));
        }

        return new(normalized.ToString(), [.. origins]);
    }

    /// <summary>
    /// The range of the original text that a range of the normalised one came from. A composed character points at its base
    /// alone, as in the tokenizers that define the offsets.
    /// </summary>
    public (int Start, int End) Original(int start, int end) =>
        origins is null || start == end ? (start, end) : (origins[start].Start, origins[end - 1].End);
}
