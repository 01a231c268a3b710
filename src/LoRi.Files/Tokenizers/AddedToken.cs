namespace LoRi.Files.Tokenizers;

/// <summary>A token that is found in the text as it is, before anything else is done with it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
public sealed record AddedToken(int Id, string Content)
{
    /// <summary>Whether it is a control token, which decoding can leave out.</summary>
    public bool Special { get; init; }

    /// <summary>Whether it is found only where it is a word of its own.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Whether white space on its left belongs to it.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>Whether white space on its right belongs to it.</summary>
    public bool RightStrip { get; init; }

    /// <summary>Whether it is looked for in the normalised text rather than in the text as given.</summary>
    public bool Normalized { get; init; }

    /// <summary>Whether no file names it, but only the tokenizer's class: a model need not have a row for it.</summary>
    internal bool Assumed { get; init; }
}

/// <summary>A token and the part of the text that it stands for, in UTF-16 units.</summary>
/// <param name="Id">The token.</param>
/// <param name="Start">The first unit.</param>
/// <param name="End">One past the last unit.</param>
public readonly record struct TokenSpan(int Id, int Start, int End);
