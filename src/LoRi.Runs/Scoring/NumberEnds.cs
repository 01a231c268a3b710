namespace LoRi.Runs.Scoring;

/// <summary>
/// How a text goes on behind digits that are only the beginning of an answer: a longer number, one of several numbers, a calculation.
/// All of it stands on the same line; what stands on the next one is no part of the answer. Letters in both cases.
/// </summary>
internal static class NumberEnds
{
    /// <summary>Spaces of every kind and characters that nobody sees, but no end of a line.</summary>
    private const string Gap = @"(?>[\t\p{Zs}\p{Cf}]*)";

    private const string Space = @"(?>[\t\p{Zs}\p{Cf}]+)";

    private const string Minus = @"[-\u2010-\u2013\u2212\ufe63\uff0d]";

    /// <summary>A number, with what may stand before its first digit.</summary>
    private const string Operand = "(?:" + Minus + @"|\+)?" + Gap + @"[\p{Sc}(\[{]*\.?\p{N}";

    /// <summary>The same without a bracket, which begins a remark.</summary>
    private const string Plain = "(?:" + Minus + @"|\+)?" + Gap + @"\p{Sc}?\.?\p{N}";

    /// <summary>
    /// A letter, a digit of any script, a fraction in one character, a decimal sign, the sign of thousands of some country.
    /// </summary>
    private const string SameWord = @"[\p{L}\p{N}\p{M}_]|[.,:'`\u00b4\u00b7\u02bc\u066b\u066c\u2018\u2019\u2032\uff07\uff0c\uff0e]\p{N}|\("
        + Plain;

    /// <summary>Groups of digits and mixed numbers: another number behind spaces, or behind the spaces of LaTeX.</summary>
    private const string Groups = Gap + @"\p{N}|" + Gap + @"\(\p{N}+" + Gap + @"[/\u2044\u2215]" + Gap
        + @"\p{N}|(?:\\[,;:! ]|\{,\}|~|\\thinspace)" + Gap + @"\p{N}|" + Gap + @"\\[dtc]?frac";

    /// <summary>Lists and ranges.</summary>
    private const string Lists = Gap + @"(?:[,;:|&~\u3001\u301c\uff0c\uff1b\uff5e?]|\.{2,}|\u2026)" + Gap + Plain + @"|\u2014\p{N}";

    /// <summary>Two asterisks end bold text, unless a power is written with them.</summary>
    private const string Powers = @"\*\*\p{N}|" + Gap + @"(?<=[\t\p{Zs}])\*\*(?=[\t\p{Zs}])" + Gap + @"\p{N}";

    /// <summary>An operator makes a calculation only where an operand follows it.</summary>
    private const string Calculations =
        Powers
        + "|" + Gap + @"(?:[=+*/^x%<>\u00b1\u00b7\u00d7\u00f7\u2044\u2190-\u21ff\u2215\u2217\u2219\u2248\u22c5\u2264\u2265\uff0f]"
        + @"|\+/?-|[-=]>|[<>]=)" + Gap + "(?:" + Operand + @"|\()"
        + "|" + Gap + Minus + Gap + @"[\p{Sc}(]*\.?\p{N}"
        + "|" + Gap + @"[\u221a-\u221c\u221e\u03c0]"
        + "|" + Gap + @"\\(?:times|cdot|div|pm|mp|sqrt|pi|to|over|bmod|text\{\s*(?:or|and|to)\b)";

    /// <summary>Numbers as words, as far as answers have them.</summary>
    private const string Word =
        "(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
        + "|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty)";

    private const string Scales = Space + @"(?:hundred|thousand|million|billion|trillion|squared|cubed|factorial)s?\b";

    private const string Halves = Space + @"(?:and|&|plus)" + Space + @"(?:an?|" + Word + ")[- ]"
        + @"(?:half|halves|thirds?|quarters?|fourths?|fifths?|sixths?|eighths?|tenths?)\b";

    private const string Other = "(?:" + Plain + "|" + Word + @"\b)";

    /// <summary>"18 or 19", "18, maybe 19", "18 to 19", "18 and 19", "18 divided by 3".</summary>
    private const string Joined =
        Gap + @"[,;(]?" + Gap + @"(?:or|and|and/or|to|till|until|through|thru|versus|vs\.?|plus|minus|times|over|mod|modulo|by|divided"
            + Space + "by|multiplied" + Space + @"by|no,?|wait,?|actually|maybe|perhaps|possibly|alternatively)"
        + Space + @"(?:(?:maybe|perhaps|possibly|even|rather|about|around|else|is|it|s)" + Space + ")*" + Other;

    /// <summary>"18 apples or 19 apples"; "18 dollars and 50 cents".</summary>
    private const string WithUnits =
        "(?:" + Space + @"(?>\p{L}+)){1,3},?" + Space + "or" + Space + @"(?:(?:maybe|perhaps|possibly|even|rather)" + Space + ")*" + Other
        + "|" + Space + @"(?>\p{L}+),?" + Space + "(?:and" + Space + @")?[0-9]+" + Space
        + @"(?:cents?|pence|minutes?|mins?|seconds?|secs?|inch(?:es)?|ounces?|oz)\b";

    /// <summary>Behind a percent sign or a degree, the same words.</summary>
    private const string BehindSigns = Gap + @"[%\u00b0]" + Gap + @"(?:or|to|and)" + Space + Other;

    /// <summary>Matches where the number is not all of the answer.</summary>
    internal const string GoesOn = SameWord + "|" + Groups + "|" + Lists + "|" + Calculations + "|" + Scales + "|" + Halves + "|" + Joined
        + "|" + WithUnits + "|" + BehindSigns;
}
