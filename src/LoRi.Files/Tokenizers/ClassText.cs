using System.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>
/// A text in which every code point is one UTF-16 unit, so that .NET's regular expressions see what expressions over code
/// points see.
/// </summary>
internal readonly struct ClassText
{
    private readonly string text;
    private readonly int[]? starts;

    private ClassText(string text, int[]? starts)
    {
        this.text = text;
        this.starts = starts;
    }

    /// <summary>How many code points it has.</summary>
    public int Length => starts is null ? text.Length : starts.Length - 1;

    /// <summary>Sees a text, without surrogates that stand alone, as code points.</summary>
    public static ClassText Of(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            return new(text, null);
        }

        List<int> starts = new(text.Length + 1);
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            starts.Add(at);
            at += rune.Utf16SequenceLength;
        }

        starts.Add(at);
        return new(text, [.. starts]);
    }

    /// <summary>The units in which an expression sees it.</summary>
    public string Units(AstralAlphabet alphabet)
    {
        if (starts is null && alphabet.KeepsUnits)
        {
            return text;
        }

        StringBuilder units = new(Length);
        foreach (var rune in text.EnumerateRunes())
        {
            units.Append(alphabet.Of(rune.Value));
        }

        return units.ToString();
    }

    /// <summary>Where a unit begins in the original text; also for the end.</summary>
    public int Original(int unit) => starts is null ? unit : starts[unit];
}
