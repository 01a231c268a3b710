using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>Goes through the tokens of a template, and counts how deep the parsers are in it.</summary>
internal sealed class TokenReader(IReadOnlyList<TemplateToken> tokens)
{
    private const int Deepest = 100;

    private int at;
    private int depth;

    /// <summary>The token that is next.</summary>
    public TemplateToken Current => tokens[at];

    /// <summary>The token after it.</summary>
    public TemplateToken Following => tokens[int.Min(at + 1, tokens.Count - 1)];

    /// <summary>Takes the next token; the last one stays.</summary>
    public TemplateToken Take()
    {
        var token = Current;
        at = int.Min(at + 1, tokens.Count - 1);
        return token;
    }

    /// <summary>Takes the next token if it is this name.</summary>
    public bool SkipName(string name) => Skip(Current.IsName(name));

    /// <summary>Takes the next token if it is this operator.</summary>
    public bool SkipOperator(string symbol) => Skip(Current.IsOperator(symbol));

    /// <summary>Takes an operator that must be next.</summary>
    public TemplateToken ExpectOperator(string symbol) => Current.IsOperator(symbol) ? Take() : throw Unexpected(MessageText.Quote(symbol));

    /// <summary>Takes a name that must be next.</summary>
    public string ExpectName() => Current.Kind == TokenKind.Name ? Take().Text : throw Unexpected("a name");

    /// <summary>Takes a token of a kind that must be next.</summary>
    public TemplateToken Expect(TokenKind kind, string what) => Current.Kind == kind ? Take() : throw Unexpected(what);

    /// <summary>An error at the next token.</summary>
    public TemplateException Fail(string message) => FailAt(Current.Line, message);

    /// <summary>An error: something else should be next.</summary>
    public TemplateException Unexpected(string wanted) => Fail($"{wanted} is expected, not {Current.Describe()}");

    /// <summary>An error at a line.</summary>
    public static TemplateException FailAt(int line, string message)
    {
        TemplateException error = new(message);
        error.At(line);
        return error;
    }

    /// <summary>Parses something that may hold more of its kind.</summary>
    public T Nested<T>(Func<T> parse)
    {
        if (++depth > Deepest)
        {
            throw Fail($"expressions and blocks are nested more than {Deepest} deep");
        }

        var parsed = parse();
        depth--;
        return parsed;
    }

    private bool Skip(bool matches)
    {
        if (matches)
        {
            Take();
        }

        return matches;
    }
}
