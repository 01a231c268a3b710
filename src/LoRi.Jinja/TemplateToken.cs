using LoRi.Files.Text;

namespace LoRi.Jinja;

/// <summary>Kinds of <see cref="TemplateToken"/>.</summary>
internal enum TokenKind
{
    /// <summary>Text that is written as it is.</summary>
    Data,

    /// <summary><c>{{</c>.</summary>
    VariableBegin,

    /// <summary><c>}}</c>.</summary>
    VariableEnd,

    /// <summary><c>{%</c>.</summary>
    BlockBegin,

    /// <summary><c>%}</c>.</summary>
    BlockEnd,

    /// <summary>A name or keyword.</summary>
    Name,

    /// <summary>A string, without quotes and escapes.</summary>
    Text,

    /// <summary>A whole number or one with a fraction.</summary>
    Number,

    /// <summary>An operator or bracket.</summary>
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}

/// <summary>A piece of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text; of a string its value.</param>
/// <param name="Line">The line that it begins in, from 1 on.</param>
/// <param name="Number">A number's value, <see cref="long"/> or <see cref="double"/>.</param>
internal readonly record struct TemplateToken(TokenKind Kind, string Text, int Line, object? Number = null)
{
    /// <summary>Whether it is this name.</summary>
    public bool IsName(string name) => Kind == TokenKind.Name && Text == name;

    /// <summary>Whether it is this operator.</summary>
    public bool IsOperator(string symbol) => Kind == TokenKind.Operator && Text == symbol;

    /// <summary>What it is, for a message.</summary>
    public string Describe() => Kind == TokenKind.End ? "the end of the template" : MessageText.Quote(Text);
}
