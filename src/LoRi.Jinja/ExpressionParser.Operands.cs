namespace LoRi.Jinja;

/// <content>Operands: values, and what follows them.</content>
internal sealed partial class ExpressionParser
{
    private TemplateExpression ParsePrimary()
    {
        var token = tokens.Current;
        return token.Kind switch
        {
            TokenKind.Name => ParseName(),
            TokenKind.Text => ParseText(),
            TokenKind.Number => new LiteralExpression(tokens.Take().Number) { Line = token.Line },
            TokenKind.Operator when token.Text == "(" => ParseParentheses(),
            TokenKind.Operator when token.Text == "[" => ParseList(),
            TokenKind.Operator when token.Text == "{" => ParseMap(),
            _ => throw tokens.Unexpected("a value"),
        };
    }

    private TemplateExpression ParseName()
    {
        var token = tokens.Take();
        return token.Text switch
        {
            "true" or "True" => new LiteralExpression(true) { Line = token.Line },
            "false" or "False" => new LiteralExpression(false) { Line = token.Line },
            "none" or "None" => new LiteralExpression(null) { Line = token.Line },
            _ => new NameExpression(token.Text) { Line = token.Line },
        };
    }

    private LiteralExpression ParseText()
    {
        var line = tokens.Current.Line;
        var text = "";
        while (tokens.Current.Kind == TokenKind.Text)
        {
            text += tokens.Take().Text;
        }

        return new LiteralExpression(text) { Line = line };
    }

    private TemplateExpression ParseParentheses()
    {
        var line = tokens.ExpectOperator("(").Line;
        var value = tokens.Current.IsOperator(")") ? new ListExpression([], isTuple: true) { Line = line } : ParseTuple();
        tokens.ExpectOperator(")");
        return value;
    }

    private ListExpression ParseList()
    {
        var line = tokens.ExpectOperator("[").Line;
        List<TemplateExpression> items = [];
        while (!tokens.SkipOperator("]"))
        {
            ExpectComma(items.Count);
            if (tokens.SkipOperator("]"))
            {
                break;
            }

            items.Add(Parse());
        }

        return new ListExpression(items, isTuple: false) { Line = line };
    }

    private MapExpression ParseMap()
    {
        var line = tokens.ExpectOperator("{").Line;
        List<(TemplateExpression Key, TemplateExpression Value)> entries = [];
        while (!tokens.SkipOperator("}"))
        {
            ExpectComma(entries.Count);
            if (tokens.SkipOperator("}"))
            {
                break;
            }

            var key = Parse();
            tokens.ExpectOperator(":");
            entries.Add((key, Parse()));
        }

        return new MapExpression(entries) { Line = line };
    }

    private void ExpectComma(int before)
    {
        if (before > 0)
        {
            tokens.ExpectOperator(",");
        }
    }

    private TemplateExpression ParsePostfix(TemplateExpression value)
    {
        while (true)
        {
            var token = tokens.Current;
            if (tokens.SkipOperator("."))
            {
                value = tokens.Current is { Kind: TokenKind.Number, Number: long index }
                    ? new ItemExpression(value, new LiteralExpression(index) { Line = tokens.Take().Line }) { Line = token.Line }
                    : new AttributeExpression(value, tokens.ExpectName()) { Line = token.Line };
            }
            else if (tokens.SkipOperator("["))
            {
                value = ParseSubscript(value, token.Line);
                tokens.ExpectOperator("]");
            }
            else if (token.IsOperator("("))
            {
                value = new CallExpression(value, ParseArguments()) { Line = token.Line };
            }
            else
            {
                return value;
            }
        }
    }

    private TemplateExpression ParseSubscript(TemplateExpression value, int line)
    {
        TemplateExpression? Bound() => tokens.Current.IsOperator(":") || tokens.Current.IsOperator("]") ? null : Parse();
        var start = Bound();
        if (!tokens.SkipOperator(":"))
        {
            return new ItemExpression(value, start ?? throw tokens.Unexpected("an index")) { Line = line };
        }

        var stop = Bound();
        var step = tokens.SkipOperator(":") ? Bound() : null;
        return new SliceExpression(value, start, stop, step) { Line = line };
    }

    /// <summary>The arguments of a call, in parentheses.</summary>
    private ArgumentList ParseArguments()
    {
        tokens.ExpectOperator("(");
        List<TemplateExpression> positional = [];
        List<(string Name, TemplateExpression Value)> named = [];
        TemplateExpression? morePositional = null, moreNamed = null;
        for (var count = 0; !tokens.SkipOperator(")"); count++)
        {
            ExpectComma(count);
            if (tokens.SkipOperator(")"))
            {
                break;
            }

            if (morePositional is null && moreNamed is null && tokens.SkipOperator("*"))
            {
                morePositional = Parse();
            }
            else if (moreNamed is null && tokens.SkipOperator("**"))
            {
                moreNamed = Parse();
            }
            else if (moreNamed is null && tokens.Current.Kind == TokenKind.Name && tokens.Following.IsOperator("="))
            {
                var name = tokens.Take().Text;
                tokens.Take();
                named.Add((name, Parse()));
            }
            else if (named.Count == 0 && morePositional is null && moreNamed is null)
            {
                positional.Add(Parse());
            }
            else
            {
                throw tokens.Fail("an argument by place stands after one by name");
            }
        }

        return new ArgumentList(positional, named, morePositional, moreNamed);
    }

    private TemplateExpression ParseFilters(TemplateExpression value)
    {
        while (true)
        {
            var line = tokens.Current.Line;
            if (tokens.SkipOperator("|"))
            {
                value = ParseFilter(value, line);
            }
            else if (tokens.SkipName("is"))
            {
                value = ParseTest(value, line);
            }
            else if (tokens.Current.IsOperator("("))
            {
                value = new CallExpression(value, ParseArguments()) { Line = line };
            }
            else
            {
                return value;
            }
        }
    }

    /// <summary>A filter's name and arguments.</summary>
    public FilterExpression ParseFilter(TemplateExpression value, int line)
    {
        var name = tokens.ExpectName();
        return new FilterExpression(value, name, tokens.Current.IsOperator("(") ? ParseArguments() : ArgumentList.None) { Line = line };
    }

    private TemplateExpression ParseTest(TemplateExpression value, int line)
    {
        var negated = tokens.SkipName("not");
        var name = tokens.ExpectName();
        TestExpression test = new(value, name, ParseTestArguments()) { Line = line };
        return negated ? new NotExpression(test) { Line = line } : test;
    }

    /// <summary>Arguments in parentheses, or one value without.</summary>
    private ArgumentList ParseTestArguments()
    {
        var token = tokens.Current;
        if (token.IsOperator("("))
        {
            return ParseArguments();
        }

        var value = token.Kind is TokenKind.Text or TokenKind.Number || token.IsOperator("[") || token.IsOperator("{")
            || (token.Kind == TokenKind.Name && token.Text is not ("else" or "or" or "and" or "if" or "is" or "not" or "in"));
        return value ? new ArgumentList([ParsePostfix(tokens.Nested(ParsePrimary))], [], null, null) : ArgumentList.None;
    }
}
