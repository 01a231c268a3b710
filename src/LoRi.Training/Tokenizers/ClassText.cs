using System.Globalization;
using System.Text;

namespace LoRi.Training.Tokenizers;

/// <summary>
/// A text in which every code point is one UTF-16 unit, so that .NET's regular expressions see what expressions over code
/// points see: a code point above U+FFFF is replaced by a unit of the same general category.
/// </summary>
internal readonly struct ClassText
{
    private readonly string _text;
    private readonly int[]? _starts;

    private ClassText(string text, int[]? starts)
    {
        _text = text;
        _starts = starts;
    }

    /// <summary>The units.</summary>
    public ReadOnlySpan<char> Span => _text;

    /// <summary>Sees a text, without surrogates that stand alone, as code points.</summary>
    public static ClassText Of(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            return new(text, null);
        }

        StringBuilder units = new(text.Length);
        List<int> starts = new(text.Length + 1);
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            units.Append(rune.IsBmp ? (char)rune.Value : Representative(Rune.GetUnicodeCategory(rune)));
            starts.Add(at);
            at += rune.Utf16SequenceLength;
        }

        starts.Add(at);
        return new(units.ToString(), [.. starts]);
    }

    /// <summary>Where a unit begins in the original text; also for the end.</summary>
    public int Original(int unit) => _starts is null ? unit : _starts[unit];

    /// <summary>A character outside ASCII, and not white space unless the category is, of the given category.</summary>
    private static char Representative(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\u0100',
        UnicodeCategory.LowercaseLetter => '\u0101',
        UnicodeCategory.TitlecaseLetter => '\u01C5',
        UnicodeCategory.ModifierLetter => '\u02B0',
        UnicodeCategory.OtherLetter => '\u4E00',
        UnicodeCategory.NonSpacingMark => '\u0300',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u0488',
        UnicodeCategory.DecimalDigitNumber => '\u0660',
        UnicodeCategory.LetterNumber => '\u2160',
        UnicodeCategory.OtherNumber => '\u00B2',
        UnicodeCategory.ConnectorPunctuation => '\u203F',
        UnicodeCategory.DashPunctuation => '\u2010',
        UnicodeCategory.OpenPunctuation => '\u2045',
        UnicodeCategory.ClosePunctuation => '\u2046',
        UnicodeCategory.InitialQuotePunctuation => '\u00AB',
        UnicodeCategory.FinalQuotePunctuation => '\u00BB',
        UnicodeCategory.OtherPunctuation => '\u00A7',
        UnicodeCategory.MathSymbol => '\u00AC',
        UnicodeCategory.CurrencySymbol => '\u00A2',
        UnicodeCategory.ModifierSymbol => '\u00A8',
        UnicodeCategory.OtherSymbol => '\u00A6',
        UnicodeCategory.Format => '\u00AD',
        UnicodeCategory.PrivateUse => '\uE000',
        _ => '\u0378',
    };
}
