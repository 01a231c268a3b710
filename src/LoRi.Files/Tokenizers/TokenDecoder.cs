using System.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>How tokens become text again.</summary>
internal enum TokenDecoder
{
    /// <summary>Tokens are joined with spaces.</summary>
    Spaced,

    /// <summary>Tokens are joined as they are.</summary>
    Fused,

    /// <summary>Tokens are bytes in the byte alphabet; what is not UTF-8 becomes U+FFFD.</summary>
    ByteLevel,
}

/// <summary>Joins tokens.</summary>
internal static class TokenDecoders
{
    /// <summary>The text of a list of tokens; an added one is its own text, whatever letters it consists of.</summary>
    public static string Join(this TokenDecoder decoder, IEnumerable<(string Token, bool Added)> tokens)
    {
        if (decoder != TokenDecoder.ByteLevel)
        {
            return string.Join(decoder == TokenDecoder.Spaced ? " " : "", tokens.Select(token => token.Token));
        }

        using MemoryStream bytes = new();
        foreach ((var token, var added) in tokens)
        {
            bytes.Write(added ? Encoding.UTF8.GetBytes(token) : ByteAlphabet.Read(token));
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }
}
