using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>Parses a template's text, tags and blocks.</summary>
internal sealed class TemplateParser
{
    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private TemplateParser(IReadOnlyList<TemplateToken> tokens)
    {
        _tokens = new TokenReader(tokens);
        _expressions = new ExpressionParser(_tokens);
    }

    /// <summary>The statements of a template.</summary>
    /// <exception cref="TemplateException">It is malformed, or has a tag that is not supported.</exception>
    public static IReadOnlyList<TemplateStatement> Parse(string source)
    {
        TemplateParser parser = new(TemplateLexer.Read(source));
        List<TemplateStatement> statements = parser.ParseBody();
        return parser._tokens.Current.Kind == TokenKind.End
            ? statements
            : throw parser._tokens.Fail($"{parser._tokens.Current.Describe()} ends a block that was not begun");
    }

    /// <summary>Statements up to the end, or to a tag with one of the given names, whose name is then next.</summary>
    private List<TemplateStatement> ParseBody(params string[] ends) => _tokens.Nested(() =>
    {
        List<TemplateStatement> body = [];
        while (_tokens.Current is var token && token.Kind != TokenKind.End)
        {
            _tokens.Take();
            if (token.Kind == TokenKind.Data)
            {
                body.Add(new DataStatement(token.Text) { Line = token.Line });
            }
            else if (token.Kind == TokenKind.VariableBegin)
            {
                body.Add(new OutputStatement(_expressions.ParseTuple()) { Line = token.Line });
                _tokens.Expect(TokenKind.VariableEnd, "}}");
            }
            else if (_tokens.Current.Kind == TokenKind.Name && ends.Contains(_tokens.Current.Text))
            {
                return body;
            }
            else
            {
                body.Add(ParseTag());
                ExpectBlockEnd();
            }
        }

        return ends.Length == 0 ? body : throw _tokens.Fail($"the template ends where {string.Join(" or ", ends)} should come");
    });

    /// <summary>A body that ends with the one tag of that name.</summary>
    private List<TemplateStatement> ParseBodyTo(string end)
    {
        ExpectBlockEnd();
        List<TemplateStatement> body = ParseBody(end);
        _tokens.Take();
        return body;
    }

    private void ExpectBlockEnd() => _tokens.Expect(TokenKind.BlockEnd, "%}");

    private TemplateStatement ParseTag()
    {
        TemplateToken tag = _tokens.Expect(TokenKind.Name, "the name of a tag");
        return tag.Text switch
        {
            "if" => ParseIf(tag.Line),
            "for" => ParseFor(tag.Line),
            "set" => ParseSet(tag.Line),
            "macro" => new MacroStatement(ParseMacro(_tokens.ExpectName(), "endmacro")) { Line = tag.Line },
            "call" => ParseCall(tag.Line),
            "filter" => ParseFilterBlock(tag.Line),
            "with" => ParseWith(tag.Line),
            "generation" => new ScopeStatement([], ParseBodyTo("endgeneration")) { Line = tag.Line },
            "break" when _loops > 0 => new FlowStatement(TemplateFlow.Break) { Line = tag.Line },
            "continue" when _loops > 0 => new FlowStatement(TemplateFlow.Continue) { Line = tag.Line },
            _ => throw TokenReader.FailAt(tag.Line, $"the tag {MessageText.Quote(tag.Text)} is not supported, or not here"),
        };
    }

    private IfStatement ParseIf(int line)
    {
        List<(TemplateExpression? Condition, IReadOnlyList<TemplateStatement> Body)> branches = [];
        string next;
        do
        {
            TemplateExpression condition = _expressions.ParseTuple(withCondition: false);
            ExpectBlockEnd();
            branches.Add((condition, ParseBody("elif", "else", "endif")));
            next = _tokens.Take().Text;
        }
        while (next == "elif");

        if (next == "else")
        {
            branches.Add((null, ParseBodyTo("endif")));
        }

        return new IfStatement(branches) { Line = line };
    }

    private ForStatement ParseFor(int line)
    {
        TemplateExpression target = ParseTarget();
        if (!_tokens.SkipName("in"))
        {
            throw _tokens.Unexpected("in");
        }

        TemplateExpression items = _expressions.ParseTuple(withCondition: false);
        TemplateExpression? condition = _tokens.SkipName("if") ? _expressions.Parse() : null;
        if (_tokens.Current.IsName("recursive"))
        {
            throw _tokens.Fail("recursive loops are not supported");
        }

        ExpectBlockEnd();
        _loops++;
        List<TemplateStatement> body = ParseBody("else", "endfor");
        _loops--;
        List<TemplateStatement> otherwise = _tokens.Take().Text == "else" ? ParseBodyTo("endfor") : [];
        return new ForStatement(target, items, condition, body, otherwise) { Line = line };
    }

    /// <summary>A variable or, where <paramref name="spaces"/>, an attribute of a namespace; or several with commas between.</summary>
    private TemplateExpression ParseTarget(bool spaces = false)
    {
        int line = _tokens.Current.Line;
        bool inParentheses = _tokens.SkipOperator("(");
        List<TemplateExpression> targets = [ParseOneTarget(spaces)];
        bool several = false;
        while (_tokens.SkipOperator(","))
        {
            several = true;
            if ((_tokens.Current.Kind == TokenKind.Name && !_tokens.Current.IsName("in")) || _tokens.Current.IsOperator("("))
            {
                targets.Add(ParseOneTarget(spaces));
            }
        }

        if (inParentheses)
        {
            _tokens.ExpectOperator(")");
        }

        return several ? new ListExpression(targets, isTuple: true) { Line = line } : targets[0];
    }

    private TemplateExpression ParseOneTarget(bool spaces)
    {
        int line = _tokens.Current.Line;
        if (_tokens.Current.IsOperator("("))
        {
            return _tokens.Nested(() => ParseTarget(spaces));
        }

        string name = _tokens.ExpectName();
        if (name is "true" or "false" or "none" or "True" or "False" or "None")
        {
            throw TokenReader.FailAt(line, $"{MessageText.Quote(name)} cannot be set");
        }

        return spaces && _tokens.SkipOperator(".") ? new NamespaceTarget(name, _tokens.ExpectName()) { Line = line } : new NameExpression(name) { Line = line };
    }

    private TemplateStatement ParseSet(int line)
    {
        TemplateExpression target = ParseTarget(spaces: true);
        if (_tokens.SkipOperator("="))
        {
            return new SetStatement(target, _expressions.ParseTuple()) { Line = line };
        }

        TemplateExpression filtered = ParseBlockFilters(new NameExpression(CapturedBlock.TextName) { Line = line });
        return new CapturedBlock(target, filtered, ParseBodyTo("endset")) { Line = line };
    }

    private TemplateExpression ParseBlockFilters(TemplateExpression text)
    {
        while (_tokens.SkipOperator("|"))
        {
            text = _expressions.ParseFilter(text, _tokens.Current.Line);
        }

        return text;
    }

    private CapturedBlock ParseFilterBlock(int line)
    {
        TemplateExpression filtered = ParseBlockFilters(_expressions.ParseFilter(new NameExpression(CapturedBlock.TextName) { Line = line }, line));
        return new CapturedBlock(null, filtered, ParseBodyTo("endfilter")) { Line = line };
    }

    private ScopeStatement ParseWith(int line)
    {
        List<(TemplateExpression Target, TemplateExpression Value)> variables = [];
        while (_tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (variables.Count > 0)
            {
                _tokens.ExpectOperator(",");
            }

            TemplateExpression target = ParseOneTarget(spaces: false);
            _tokens.ExpectOperator("=");
            variables.Add((target, _expressions.Parse()));
        }

        return new ScopeStatement(variables, ParseBodyTo("endwith")) { Line = line };
    }

    /// <summary>Parameters in parentheses, where there are any, and a body; loops around the macro are none inside.</summary>
    private TemplateMacro ParseMacro(string name, string end)
    {
        List<(string Name, TemplateExpression? Default)> parameters = ParseParameters();
        return ParseMacroBody(name, parameters, end);
    }

    private TemplateMacro ParseMacroBody(string name, List<(string Name, TemplateExpression? Default)> parameters, string end)
    {
        int loops = _loops;
        _loops = 0;
        TemplateMacro macro = new(name, parameters, ParseBodyTo(end));
        _loops = loops;
        return macro;
    }

    private List<(string Name, TemplateExpression? Default)> ParseParameters()
    {
        List<(string Name, TemplateExpression? Default)> parameters = [];
        _tokens.ExpectOperator("(");
        while (!_tokens.SkipOperator(")"))
        {
            if (parameters.Count > 0)
            {
                _tokens.ExpectOperator(",");
            }

            string name = _tokens.ExpectName();
            parameters.Add((name, _tokens.SkipOperator("=") ? _expressions.Parse() : null));
        }

        return parameters;
    }

    private CallStatement ParseCall(int line)
    {
        List<(string Name, TemplateExpression? Default)> parameters = _tokens.Current.IsOperator("(") ? ParseParameters() : [];
        CallExpression call = _expressions.Parse() as CallExpression ?? throw TokenReader.FailAt(line, "a call block needs a call");
        return new CallStatement(call, ParseMacroBody("caller", parameters, "endcall")) { Line = line };
    }
}
