namespace LoRi.Jinja;

/// <summary>Parses expressions; here what stands between operands, what binds least first.</summary>
internal sealed partial class ExpressionParser(TokenReader tokens)
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>An expression, with <c>a if b else c</c> unless <paramref name="withCondition"/> is off.</summary>
    public TemplateExpression Parse(bool withCondition = true) => withCondition ? tokens.Nested(ParseCondition) : tokens.Nested(ParseOr);

    /// <summary>An expression, or several with commas between: a tuple.</summary>
    public TemplateExpression ParseTuple(bool withCondition = true)
    {
        var line = tokens.Current.Line;
        var first = Parse(withCondition);
        if (!tokens.Current.IsOperator(","))
        {
            return first;
        }

        List<TemplateExpression> items = [first];
        while (tokens.SkipOperator(",") && !EndsTuple())
        {
            items.Add(Parse(withCondition));
        }

        return new ListExpression(items, isTuple: true) { Line = line };
    }

    private bool EndsTuple() => tokens.Current.Kind is TokenKind.BlockEnd or TokenKind.VariableEnd || tokens.Current.IsOperator(")");

    private TemplateExpression ParseCondition()
    {
        var line = tokens.Current.Line;
        var then = ParseOr();
        while (tokens.SkipName("if"))
        {
            var condition = ParseOr();
            var otherwise = tokens.SkipName("else") ? Parse() : null;
            then = new ConditionExpression(then, condition, otherwise) { Line = line };
        }

        return then;
    }

    private TemplateExpression ParseOr()
    {
        var left = ParseAnd();
        while (tokens.Current is { Line: int line } && tokens.SkipName("or"))
        {
            left = new LogicExpression(left, ParseAnd(), isAnd: false) { Line = line };
        }

        return left;
    }

    private TemplateExpression ParseAnd()
    {
        var left = ParseNot();
        while (tokens.Current is { Line: int line } && tokens.SkipName("and"))
        {
            left = new LogicExpression(left, ParseNot(), isAnd: true) { Line = line };
        }

        return left;
    }

    private TemplateExpression ParseNot()
    {
        var line = tokens.Current.Line;
        return tokens.SkipName("not") ? new NotExpression(tokens.Nested(ParseNot)) { Line = line } : ParseComparison();
    }

    private TemplateExpression ParseComparison()
    {
        var line = tokens.Current.Line;
        var first = ParseSum();
        List<(string Operator, TemplateExpression Operand)> rest = [];
        while (TakeComparison() is string symbol)
        {
            rest.Add((symbol, ParseSum()));
        }

        return rest.Count == 0 ? first : new CompareExpression(first, rest) { Line = line };
    }

    private string? TakeComparison()
    {
        if (tokens.Current.IsName("not") && tokens.Following.IsName("in"))
        {
            tokens.Take();
            tokens.Take();
            return "not in";
        }

        var compares = tokens.Current.IsName("in")
            || (tokens.Current.Kind == TokenKind.Operator && Comparisons.Contains(tokens.Current.Text));
        return compares ? tokens.Take().Text : null;
    }

    private TemplateExpression ParseSum() => ParseChain(ParseConcat, "+", "-");

    private TemplateExpression ParseConcat()
    {
        var line = tokens.Current.Line;
        List<TemplateExpression> parts = [ParseProduct()];
        while (tokens.SkipOperator("~"))
        {
            parts.Add(ParseProduct());
        }

        return parts.Count == 1 ? parts[0] : new ConcatExpression(parts) { Line = line };
    }

    private TemplateExpression ParseProduct() => ParseChain(ParsePower, "*", "/", "//", "%");

    private TemplateExpression ParsePower() => ParseChain(() => ParseUnary(), "**");

    private TemplateExpression ParseChain(Func<TemplateExpression> operand, params string[] symbols)
    {
        var left = operand();
        while (tokens.Current.Kind == TokenKind.Operator && symbols.Contains(tokens.Current.Text))
        {
            var symbol = tokens.Take();
            left = new ArithmeticExpression(symbol.Text, left, operand()) { Line = symbol.Line };
        }

        return left;
    }

    private TemplateExpression ParseUnary(bool withFilters = true)
    {
        var line = tokens.Current.Line;
        var value = tokens.SkipOperator("-") ? new SignExpression(tokens.Nested(() => ParseUnary(false)), negative: true) { Line = line }
            : tokens.SkipOperator("+") ? new SignExpression(tokens.Nested(() => ParseUnary(false)), negative: false) { Line = line }
            : ParsePrimary();
        value = ParsePostfix(value);
        return withFilters ? ParseFilters(value) : value;
    }
}
