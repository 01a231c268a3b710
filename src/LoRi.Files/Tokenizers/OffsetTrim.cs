namespace LoRi.Files.Tokenizers;

/// <summary>Whether offsets leave out white space at the ends of tokens, as byte-level post-processors may ask for.</summary>
internal enum OffsetTrim
{
    /// <summary>White space belongs to its token.</summary>
    Off,

    /// <summary>White space on both sides is left out.</summary>
    On,

    /// <summary>As <see cref="On"/>, but what the text begins with stays: a space may have been put there.</summary>
    AfterPrefix,
}

/// <summary>Takes white space out of offsets.</summary>
internal static class OffsetTrimming
{
    /// <summary>The spans without the white space that their tokens begin and end with.</summary>
    /// <param name="trim">What is left out.</param>
    /// <param name="spans">The spans, in order.</param>
    /// <param name="token">The vocabulary form of an id.</param>
    public static TokenSpan[] Apply(this OffsetTrim trim, IReadOnlyList<TokenSpan> spans, Func<int, string?> token) =>
        trim == OffsetTrim.Off
        ? [.. spans]
        : [.. spans.Select(
            (span, at) =>
                Trimmed(span, token(span.Id) ?? "", keepsLeading: trim == OffsetTrim.AfterPrefix && (at == 0 || span.Start == 0)))];

    private static TokenSpan Trimmed(TokenSpan span, string token, bool keepsLeading)
    {
        int leading = keepsLeading ? 0 : token.TakeWhile(IsSpace).Count(), trailing = token.Reverse().TakeWhile(IsSpace).Count();
        var start = int.Min(span.Start + leading, span.End);
        return span with { Start = start, End = span.End >= trailing ? int.Max(span.End - trailing, start) : span.End };
    }

    /// <summary>A space is U+0120 in the byte alphabet.</summary>
    private static bool IsSpace(char unit) => unit == '\u0120' || char.IsWhiteSpace(unit);
}
