using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>Parses a template's text, tags and blocks.</summary>
internal sealed class TemplateParser
{
    private readonly TokenReader tokens;
    private readonly ExpressionParser expressions;
    private int loops;

    private TemplateParser(IReadOnlyList<TemplateToken> tokens)
    {
        this.tokens = new TokenReader(tokens);
        expressions = new ExpressionParser(this.tokens);
    }

    /// <summary>The statements of a template.</summary>
    /// <exception cref="TemplateException">It is malformed, or has a tag that is not supported.</exception>
    public static IReadOnlyList<TemplateStatement> Parse(string source)
    {
        TemplateParser parser = new(TemplateLexer.Read(source));
        var statements = parser.ParseBody();
        return parser.tokens.Current.Kind == TokenKind.End
            ? statements
            : throw parser.tokens.Fail($"{parser.tokens.Current.Describe()} ends a block that was not begun");
    }

    /// <summary>Statements up to the end, or to a tag with one of the given names, whose name is then next.</summary>
    private List<TemplateStatement> ParseBody(params string[] ends) => tokens.Nested(() =>
    {
        List<TemplateStatement> body = [];
        while (tokens.Current is var token && token.Kind != TokenKind.End)
        {
            tokens.Take();
            if (token.Kind == TokenKind.Data)
            {
                body.Add(new DataStatement(token.Text) { Line = token.Line });
            }
            else if (token.Kind == TokenKind.VariableBegin)
            {
                body.Add(new OutputStatement(expressions.ParseTuple()) { Line = token.Line });
                tokens.Expect(TokenKind.VariableEnd, "}}");
            }
            else if (tokens.Current.Kind == TokenKind.Name && ends.Contains(tokens.Current.Text))
            {
                return body;
            }
            else
            {
                body.Add(ParseTag());
                ExpectBlockEnd();
            }
        }

        return ends.Length == 0 ? body : throw tokens.Fail($"the template ends where {string.Join(" or ", ends)} should come");
    });

    /// <summary>A body that ends with the one tag of that name.</summary>
    private List<TemplateStatement> ParseBodyTo(string end)
    {
        ExpectBlockEnd();
        var body = ParseBody(end);
        tokens.Take();
        return body;
    }

    private void ExpectBlockEnd() => tokens.Expect(TokenKind.BlockEnd, "%}");

    private TemplateStatement ParseTag()
    {
        var tag = tokens.Expect(TokenKind.Name, "the name of a tag");
        return tag.Text switch
        {
            "if" => ParseIf(tag.Line),
            "for" => ParseFor(tag.Line),
            "set" => ParseSet(tag.Line),
            "macro" => new MacroStatement(ParseMacro(tokens.ExpectName(), "endmacro")) { Line = tag.Line },
            "call" => ParseCall(tag.Line),
            "filter" => ParseFilterBlock(tag.Line),
            "with" => ParseWith(tag.Line),
            "generation" => new ScopeStatement([], ParseBodyTo("endgeneration")) { Line = tag.Line },
            "break" when loops > 0 => new FlowStatement(TemplateFlow.Break) { Line = tag.Line },
            "continue" when loops > 0 => new FlowStatement(TemplateFlow.Continue) { Line = tag.Line },
            _ => throw TokenReader.FailAt(tag.Line, $"the tag {MessageText.Quote(tag.Text)} is not supported, or not here"),
        };
    }

    private IfStatement ParseIf(int line)
    {
        List<(TemplateExpression? Condition, IReadOnlyList<TemplateStatement> Body)> branches = [];
        string next;
        do
        {
            var condition = expressions.ParseTuple(withCondition: false);
            ExpectBlockEnd();
            branches.Add((condition, ParseBody("elif", "else", "endif")));
            next = tokens.Take().Text;
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
        var target = ParseTarget();
        if (!tokens.SkipName("in"))
        {
            throw tokens.Unexpected("in");
        }

        var items = expressions.ParseTuple(withCondition: false);
        var condition = tokens.SkipName("if") ? expressions.Parse() : null;
        if (tokens.Current.IsName("recursive"))
        {
            throw tokens.Fail("recursive loops are not supported");
        }

        ExpectBlockEnd();
        loops++;
        var body = ParseBody("else", "endfor");
        loops--;
        var otherwise = tokens.Take().Text == "else" ? ParseBodyTo("endfor") : [];
        return new ForStatement(target, items, condition, body, otherwise) { Line = line };
    }

    /// <summary>A variable or, where <paramref name="spaces"/>, an attribute of a namespace; or several with commas between.</summary>
    private TemplateExpression ParseTarget(bool spaces = false)
    {
        var line = tokens.Current.Line;
        var inParentheses = tokens.SkipOperator("(");
        List<TemplateExpression> targets = [ParseOneTarget(spaces)];
        var several = false;
        while (tokens.SkipOperator(","))
        {
            several = true;
            if ((tokens.Current.Kind == TokenKind.Name && !tokens.Current.IsName("in")) || tokens.Current.IsOperator("("))
            {
                targets.Add(ParseOneTarget(spaces));
            }
        }

        if (inParentheses)
        {
            tokens.ExpectOperator(")");
        }

        return several ? new ListExpression(targets, isTuple: true) { Line = line } : targets[0];
    }

    private TemplateExpression ParseOneTarget(bool spaces)
    {
        var line = tokens.Current.Line;
        if (tokens.Current.IsOperator("("))
        {
            return tokens.Nested(() => ParseTarget(spaces));
        }

        var name = tokens.ExpectName();
        if (name is "true" or "false" or "none" or "True" or "False" or "None")
        {
            throw TokenReader.FailAt(line, $"{MessageText.Quote(name)} cannot be set");
        }

        return spaces && tokens.SkipOperator(".")
            ? new NamespaceTarget(name, tokens.ExpectName()) { Line = line }
            : new NameExpression(name) { Line = line };
    }

    private TemplateStatement ParseSet(int line)
    {
        var target = ParseTarget(spaces: true);
        if (tokens.SkipOperator("="))
        {
            return new SetStatement(target, expressions.ParseTuple()) { Line = line };
        }

        var filtered = ParseBlockFilters(new NameExpression(CapturedBlock.TextName) { Line = line });
        return new CapturedBlock(target, filtered, ParseBodyTo("endset")) { Line = line };
    }

    private TemplateExpression ParseBlockFilters(TemplateExpression text)
    {
        while (tokens.SkipOperator("|"))
        {
            text = expressions.ParseFilter(text, tokens.Current.Line);
        }

        return text;
    }

    private CapturedBlock ParseFilterBlock(int line)
    {
        var filtered = ParseBlockFilters(expressions.ParseFilter(new NameExpression(CapturedBlock.TextName) { Line = line }, line));
        return new CapturedBlock(null, filtered, ParseBodyTo("endfilter")) { Line = line };
    }

    private ScopeStatement ParseWith(int line)
    {
        List<(TemplateExpression Target, TemplateExpression Value)> variables = [];
        while (tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (variables.Count > 0)
            {
                tokens.ExpectOperator(",");
            }

            var target = ParseOneTarget(spaces: false);
            tokens.ExpectOperator("=");
            variables.Add((target, expressions.Parse()));
        }

        return new ScopeStatement(variables, ParseBodyTo("endwith")) { Line = line };
    }

    /// <summary>Parameters in parentheses, where there are any, and a body; loops around the macro are none inside.</summary>
    private TemplateMacro ParseMacro(string name, string end)
    {
        var parameters = ParseParameters();
        return ParseMacroBody(name, parameters, end);
    }

    private TemplateMacro ParseMacroBody(string name, List<(string Name, TemplateExpression? Default)> parameters, string end)
    {
        var loops = this.loops;
        this.loops = 0;
        TemplateMacro macro = new(name, parameters, ParseBodyTo(end));
        this.loops = loops;
        return macro;
    }

    private List<(string Name, TemplateExpression? Default)> ParseParameters()
    {
        List<(string Name, TemplateExpression? Default)> parameters = [];
        tokens.ExpectOperator("(");
        while (!tokens.SkipOperator(")"))
        {
            if (parameters.Count > 0)
            {
                tokens.ExpectOperator(",");
            }

            var name = tokens.ExpectName();
            parameters.Add((name, tokens.SkipOperator("=") ? expressions.Parse() : null));
        }

        return parameters;
    }

    private CallStatement ParseCall(int line)
    {
        var parameters = tokens.Current.IsOperator("(") ? ParseParameters() : [];
        var call = expressions.Parse() as CallExpression ?? throw TokenReader.FailAt(line, "a call block needs a call");
        return new CallStatement(call, ParseMacroBody("caller", parameters, "endcall")) { Line = line };
    }
}
