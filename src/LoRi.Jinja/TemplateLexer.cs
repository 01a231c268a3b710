using System.Globalization;
using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>
/// Cuts a template into tokens, with the white space rules that chat templates are written for: the line break after a block goes
/// (trim_blocks), so do the blanks in front of one that begins a line (lstrip_blocks), and <c>-</c> and <c>+</c> overrule both.
/// </summary>
internal sealed class TemplateLexer
{
    private static readonly string[] Operators =
        ["//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",",
            ";"];

    private readonly string source;
    private readonly List<TemplateToken> tokens = [];
    private int at;
    private int line = 1;
    private bool lineStarts = true;

    private TemplateLexer(string source)
    {
        var plain = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        this.source = plain.EndsWith('\n') ? plain[..^1] : plain;
    }

    /// <summary>The tokens of a template, an <see cref="TokenKind.End"/> last.</summary>
    /// <exception cref="TemplateException">It is malformed.</exception>
    public static List<TemplateToken> Read(string source)
    {
        TemplateLexer lexer = new(source);
        try
        {
            while (lexer.at < lexer.source.Length)
            {
                lexer.ReadPart();
            }
        }
        catch (TemplateException e) when (e.At(lexer.line))
        {
            throw;
        }

        lexer.Add(TokenKind.End, "");
        return lexer.tokens;
    }

    private void Add(TokenKind kind, string text, object? number = null) => tokens.Add(new TemplateToken(kind, text, line, number));

    /// <summary>Moves on, counting lines.</summary>
    private void MoveTo(int at)
    {
        line += source.AsSpan(this.at, at - this.at).Count('\n');
        this.at = at;
    }

    private bool StartsWith(int at, string text) => string.CompareOrdinal(source, at, text, 0, text.Length) == 0;

    /// <summary>Text up to a tag, and the tag.</summary>
    private void ReadPart()
    {
        var tag = at;
        while (tag < source.Length && !(source[tag] == '{' && tag + 1 < source.Length && source[tag + 1] is '{' or '%' or '#'))
        {
            tag++;
        }

        if (tag >= source.Length)
        {
            AddData(source[at..]);
            MoveTo(source.Length);
            return;
        }

        var kind = source[tag + 1];
        var sign = tag + 2 < source.Length && source[tag + 2] is '-' or '+' ? source[tag + 2] : ' ';
        AddData(Before(source[at..tag], sign, kind == '{'));
        MoveTo(tag);
        if (kind == '%' && FindRaw(tag, "raw", out _) is int inside && (StartsWith(inside, "%}") || StartsWith(inside, "-%}")))
        {
            ReadRaw(inside);
            return;
        }

        MoveTo(tag + (sign == ' ' ? 2 : 3));
        lineStarts = false;
        switch (kind)
        {
            case '#':
                ReadComment();
                break;
            case '%':
                Add(TokenKind.BlockBegin, "{%");
                ReadExpression(TokenKind.BlockEnd);
                break;
            default:
                Add(TokenKind.VariableBegin, "{{");
                ReadExpression(TokenKind.VariableEnd);
                break;
        }
    }

    private void AddData(string text)
    {
        if (text.Length > 0)
        {
            Add(TokenKind.Data, text);
        }
    }

    /// <summary>Text in front of a tag, without what the tag takes away.</summary>
    private string Before(string text, char sign, bool variable)
    {
        if (sign == '-')
        {
            return PythonText.Strip(text, null, left: false, right: true);
        }

        var line = text.LastIndexOf('\n') + 1;
        var blanks = line < text.Length && PythonText.SkipSpace(text, line) == text.Length;
        return sign == ' ' && !variable && blanks && (line > 0 || lineStarts) ? text[..line] : text;
    }

    /// <summary>Where <c>{% word</c> and the blanks after it end; null where something else is there.</summary>
    private int? FindRaw(int at, string word, out char sign)
    {
        sign = at + 2 < source.Length && source[at + 2] is '-' or '+' ? source[at + 2] : ' ';
        var name = PythonText.SkipSpace(source, at + (sign == ' ' ? 2 : 3));
        return StartsWith(name, word) ? PythonText.SkipSpace(source, name + word.Length) : null;
    }

    private void ReadRaw(int end)
    {
        MoveTo(StartsWith(end, "-") ? PythonText.SkipSpace(source, end + 3) : end + 2);
        lineStarts = source[at - 1] == '\n';
        for (var at = source.IndexOf("{%", this.at, StringComparison.Ordinal); at >= 0;
            at = source.IndexOf("{%", at + 2, StringComparison.Ordinal))
        {
            if (FindRaw(at, "endraw", out var sign) is int close && MatchEnd(close, TokenKind.BlockEnd) is int after)
            {
                AddData(Before(source[this.at..at], sign, variable: false));
                MoveTo(after);
                lineStarts = source[after - 1] == '\n';
                return;
            }
        }

        throw new TemplateException("a raw block has no endraw");
    }

    private void ReadComment()
    {
        var end = source.IndexOf("#}", at, StringComparison.Ordinal);
        if (end < 0)
        {
            throw new TemplateException("a comment has no end");
        }

        var sign = end > at ? source[end - 1] : ' ';
        var after = sign == '-' ? PythonText.SkipSpace(source, end + 2) : sign != '+' && StartsWith(end + 2, "\n") ? end + 3 : end + 2;
        MoveTo(after);
        lineStarts = source[after - 1] == '\n';
    }

    /// <summary>Where a tag that ends here ends, with the white space that goes with it; null where it does not end here.</summary>
    private int? MatchEnd(int at, TokenKind end)
    {
        var mark = end == TokenKind.BlockEnd ? "%}" : "}}";
        if (StartsWith(at, "-" + mark))
        {
            return PythonText.SkipSpace(source, at + 3);
        }

        if (end == TokenKind.BlockEnd && StartsWith(at, "+" + mark))
        {
            return at + 3;
        }

        return !StartsWith(at, mark) ? null : end == TokenKind.BlockEnd && StartsWith(at + 2, "\n") ? at + 3 : at + 2;
    }

    private void ReadExpression(TokenKind end)
    {
        Stack<char> open = new();
        while (at < source.Length)
        {
            if (open.Count == 0 && MatchEnd(at, end) is int after)
            {
                Add(end, end == TokenKind.BlockEnd ? "%}" : "}}");
                MoveTo(after);
                lineStarts = source[after - 1] == '\n';
                return;
            }

            var c = source[at];
            if (PythonText.IsSpace(c))
            {
                MoveTo(at + 1);
            }
            else if (char.IsAsciiDigit(c))
            {
                ReadNumber();
            }
            else if (c == '_' || char.IsLetter(c))
            {
                ReadName();
            }
            else if (c is '"' or '\'')
            {
                ReadText(c);
            }
            else
            {
                ReadOperator(open);
            }
        }

        throw new TemplateException($"a tag has no {(end == TokenKind.BlockEnd ? "%}" : "}}")}");
    }

    private void ReadName()
    {
        var end = at;
        while (end < source.Length && (source[end] == '_' || char.IsLetterOrDigit(source[end])))
        {
            end++;
        }

        Add(TokenKind.Name, source[at..end]);
        MoveTo(end);
    }

    private void ReadText(char quote)
    {
        var end = at + 1;
        while (end < source.Length && source[end] != quote)
        {
            end += source[end] == '\\' ? 2 : 1;
        }

        if (end >= source.Length)
        {
            throw new TemplateException($"a string has no closing {quote}");
        }

        Add(TokenKind.Text, StringEscapes.Unescape(source[(at + 1)..end]));
        MoveTo(end + 1);
    }

    private void ReadNumber()
    {
        var end = at;
        SkipDigits(ref end);
        var real = false;
        var afterDot = at > 0 && source[at - 1] == '.';
        if (!afterDot && end + 1 < source.Length && source[end] == '.' && char.IsAsciiDigit(source[end + 1]))
        {
            real = true;
            end++;
            SkipDigits(ref end);
        }

        var exponent = end + 1 < source.Length && source[end] is 'e' or 'E' ? end + (source[end + 1] is '+' or '-' ? 2 : 1) : source.Length;
        if (!afterDot && exponent < source.Length && char.IsAsciiDigit(source[exponent]))
        {
            real = true;
            end = exponent;
            SkipDigits(ref end);
        }

        var digits = source[at..end].Replace("_", "", StringComparison.Ordinal);
        var number = real
            ? (object)double.Parse(digits, CultureInfo.InvariantCulture)
            : long.TryParse(digits, CultureInfo.InvariantCulture, out var whole) ? whole
            : throw new TemplateException($"the number {MessageText.Quote(digits)} is too large");
        Add(TokenKind.Number, digits, number);
        MoveTo(end);
    }

    private void SkipDigits(ref int at)
    {
        while (at < source.Length
            && (char.IsAsciiDigit(source[at]) || (source[at] == '_' && at + 1 < source.Length && char.IsAsciiDigit(source[at + 1]))))
        {
            at++;
        }
    }

    private void ReadOperator(Stack<char> open)
    {
        var symbol = Array.Find(Operators, symbol => StartsWith(at, symbol))
            ?? throw new TemplateException($"{MessageText.Quote(source.Substring(at, 1))} has no meaning in a tag");
        if (symbol is "(" or "[" or "{")
        {
            open.Push(symbol == "(" ? ')' : symbol == "[" ? ']' : '}');
        }
        else if (symbol is ")" or "]" or "}" && (open.Count == 0 || open.Pop() != symbol[0]))
        {
            throw new TemplateException($"{MessageText.Quote(symbol)} closes nothing");
        }

        Add(TokenKind.Operator, symbol);
        MoveTo(at + symbol.Length);
    }
}
