using System.Globalization;
using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>
/// Cuts a template into tokens, with the white space rules that chat templates are written for: the line break after a block goes
/// (trim_blocks), so do the blanks in front of one that begins a line (lstrip_blocks), and <c>-</c> and <c>+</c> overrule both.
/// </summary>
internal sealed class TemplateLexer
{
    private static readonly string[] Operators = ["//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"];

    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private int _at;
    private int _line = 1;
    private bool _lineStarts = true;

    private TemplateLexer(string source)
    {
        string plain = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        _source = plain.EndsWith('\n') ? plain[..^1] : plain;
    }

    /// <summary>The tokens of a template, an <see cref="TokenKind.End"/> last.</summary>
    /// <exception cref="TemplateException">It is malformed.</exception>
    public static List<TemplateToken> Read(string source)
    {
        TemplateLexer lexer = new(source);
        try
        {
            while (lexer._at < lexer._source.Length)
            {
                lexer.ReadPart();
            }
        }
        catch (TemplateException e) when (e.At(lexer._line))
        {
            throw;
        }

        lexer.Add(TokenKind.End, "");
        return lexer._tokens;
    }

    private void Add(TokenKind kind, string text, object? number = null) => _tokens.Add(new TemplateToken(kind, text, _line, number));

    /// <summary>Moves on, counting lines.</summary>
    private void MoveTo(int at)
    {
        _line += _source.AsSpan(_at, at - _at).Count('\n');
        _at = at;
    }

    private bool StartsWith(int at, string text) => string.CompareOrdinal(_source, at, text, 0, text.Length) == 0;

    /// <summary>Text up to a tag, and the tag.</summary>
    private void ReadPart()
    {
        int tag = _at;
        while (tag < _source.Length && !(_source[tag] == '{' && tag + 1 < _source.Length && _source[tag + 1] is '{' or '%' or '#'))
        {
            tag++;
        }

        if (tag >= _source.Length)
        {
            AddData(_source[_at..]);
            MoveTo(_source.Length);
            return;
        }

        char kind = _source[tag + 1];
        char sign = tag + 2 < _source.Length && _source[tag + 2] is '-' or '+' ? _source[tag + 2] : ' ';
        AddData(Before(_source[_at..tag], sign, kind == '{'));
        MoveTo(tag);
        if (kind == '%' && FindRaw(tag, "raw", out _) is int inside && (StartsWith(inside, "%}") || StartsWith(inside, "-%}")))
        {
            ReadRaw(inside);
            return;
        }

        MoveTo(tag + (sign == ' ' ? 2 : 3));
        _lineStarts = false;
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

        int line = text.LastIndexOf('\n') + 1;
        bool blanks = line < text.Length && PythonText.SkipSpace(text, line) == text.Length;
        return sign == ' ' && !variable && blanks && (line > 0 || _lineStarts) ? text[..line] : text;
    }

    /// <summary>Where <c>{% word</c> and the blanks after it end; null where something else is there.</summary>
    private int? FindRaw(int at, string word, out char sign)
    {
        sign = at + 2 < _source.Length && _source[at + 2] is '-' or '+' ? _source[at + 2] : ' ';
        int name = PythonText.SkipSpace(_source, at + (sign == ' ' ? 2 : 3));
        return StartsWith(name, word) ? PythonText.SkipSpace(_source, name + word.Length) : null;
    }

    private void ReadRaw(int end)
    {
        MoveTo(StartsWith(end, "-") ? PythonText.SkipSpace(_source, end + 3) : end + 2);
        _lineStarts = _source[_at - 1] == '\n';
        for (int at = _source.IndexOf("{%", _at, StringComparison.Ordinal); at >= 0; at = _source.IndexOf("{%", at + 2, StringComparison.Ordinal))
        {
            if (FindRaw(at, "endraw", out char sign) is int close && MatchEnd(close, TokenKind.BlockEnd) is int after)
            {
                AddData(Before(_source[_at..at], sign, variable: false));
                MoveTo(after);
                _lineStarts = _source[after - 1] == '\n';
                return;
            }
        }

        throw new TemplateException("a raw block has no endraw");
    }

    private void ReadComment()
    {
        int end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
        {
            throw new TemplateException("a comment has no end");
        }

        char sign = end > _at ? _source[end - 1] : ' ';
        int after = sign == '-' ? PythonText.SkipSpace(_source, end + 2) : sign != '+' && StartsWith(end + 2, "\n") ? end + 3 : end + 2;
        MoveTo(after);
        _lineStarts = _source[after - 1] == '\n';
    }

    /// <summary>Where a tag that ends here ends, with the white space that goes with it; null where it does not end here.</summary>
    private int? MatchEnd(int at, TokenKind end)
    {
        string mark = end == TokenKind.BlockEnd ? "%}" : "}}";
        if (StartsWith(at, "-" + mark))
        {
            return PythonText.SkipSpace(_source, at + 3);
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
        while (_at < _source.Length)
        {
            if (open.Count == 0 && MatchEnd(_at, end) is int after)
            {
                Add(end, end == TokenKind.BlockEnd ? "%}" : "}}");
                MoveTo(after);
                _lineStarts = _source[after - 1] == '\n';
                return;
            }

            char c = _source[_at];
            if (PythonText.IsSpace(c))
            {
                MoveTo(_at + 1);
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
        int end = _at;
        while (end < _source.Length && (_source[end] == '_' || char.IsLetterOrDigit(_source[end])))
        {
            end++;
        }

        Add(TokenKind.Name, _source[_at..end]);
        MoveTo(end);
    }

    private void ReadText(char quote)
    {
        int end = _at + 1;
        while (end < _source.Length && _source[end] != quote)
        {
            end += _source[end] == '\\' ? 2 : 1;
        }

        if (end >= _source.Length)
        {
            throw new TemplateException($"a string has no closing {quote}");
        }

        Add(TokenKind.Text, StringEscapes.Unescape(_source[(_at + 1)..end]));
        MoveTo(end + 1);
    }

    private void ReadNumber()
    {
        int end = _at;
        SkipDigits(ref end);
        bool real = false;
        bool afterDot = _at > 0 && _source[_at - 1] == '.';
        if (!afterDot && end + 1 < _source.Length && _source[end] == '.' && char.IsAsciiDigit(_source[end + 1]))
        {
            real = true;
            end++;
            SkipDigits(ref end);
        }

        int exponent = end + 1 < _source.Length && _source[end] is 'e' or 'E' ? end + (_source[end + 1] is '+' or '-' ? 2 : 1) : _source.Length;
        if (!afterDot && exponent < _source.Length && char.IsAsciiDigit(_source[exponent]))
        {
            real = true;
            end = exponent;
            SkipDigits(ref end);
        }

        string digits = _source[_at..end].Replace("_", "", StringComparison.Ordinal);
        object? number = real
            ? (object)double.Parse(digits, CultureInfo.InvariantCulture)
            : long.TryParse(digits, CultureInfo.InvariantCulture, out long whole) ? whole : throw new TemplateException($"the number {MessageText.Quote(digits)} is too large");
        Add(TokenKind.Number, digits, number);
        MoveTo(end);
    }

    private void SkipDigits(ref int at)
    {
        while (at < _source.Length && (char.IsAsciiDigit(_source[at]) || (_source[at] == '_' && at + 1 < _source.Length && char.IsAsciiDigit(_source[at + 1]))))
        {
            at++;
        }
    }

    private void ReadOperator(Stack<char> open)
    {
        string symbol = Array.Find(Operators, symbol => StartsWith(_at, symbol))
            ?? throw new TemplateException($"{MessageText.Quote(_source.Substring(_at, 1))} has no meaning in a tag");
        if (symbol is "(" or "[" or "{")
        {
            open.Push(symbol == "(" ? ')' : symbol == "[" ? ']' : '}');
        }
        else if (symbol is ")" or "]" or "}" && (open.Count == 0 || open.Pop() != symbol[0]))
        {
            throw new TemplateException($"{MessageText.Quote(symbol)} closes nothing");
        }

        Add(TokenKind.Operator, symbol);
        MoveTo(_at + symbol.Length);
    }
}
