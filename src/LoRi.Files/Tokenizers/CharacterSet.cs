using System.Globalization;
using System.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>A set of characters of an expression, and how .NET writes it: a single character that is in it.</summary>
internal abstract record CharacterSet
{
    /// <summary>Every character.</summary>
    public const string Any = @"[\s\S]";

    /// <summary>The expression for one of its characters.</summary>
    public abstract string Write(AstralAlphabet alphabet);

    /// <summary>What stands for it between the brackets of a class; null where a class cannot hold it.</summary>
    protected virtual string? Body(AstralAlphabet alphabet) => null;

    /// <summary>Characters and what .NET names between brackets.</summary>
    public sealed record Named(string Text) : CharacterSet
    {
        /// <inheritdoc/>
        public override string Write(AstralAlphabet alphabet) => $"[{Text}]";

        /// <inheritdoc/>
        protected override string Body(AstralAlphabet alphabet) => Text;
    }

    /// <summary>The code points from one to another.</summary>
    public sealed record Range(int From, int To) : CharacterSet
    {
        /// <inheritdoc/>
        public override string Write(AstralAlphabet alphabet)
        {
            var body = Body(alphabet);
            return body.Length == 0 ? "(?!)" : $"[{body}]";
        }

        /// <inheritdoc/>
        protected override string Body(AstralAlphabet alphabet)
        {
            StringBuilder body = new();
            if (From <= char.MaxValue)
            {
                var last = int.Min(To, char.MaxValue);
                body.Append(Escaped((char)From)).Append(last > From ? "-" + Escaped((char)last) : "");
            }

            foreach (var unit in alphabet.In(From, To))
            {
                body.Append(Escaped(unit));
            }

            return body.ToString();
        }
    }

    /// <summary>What is in any of several.</summary>
    public sealed record Union(IReadOnlyList<CharacterSet> Parts) : CharacterSet
    {
        /// <inheritdoc/>
        public override string Write(AstralAlphabet alphabet)
        {
            var body = string.Concat(Parts.Select(part => part.Body(alphabet)));
            string[] others = [.. Parts.Where(part => part.Body(alphabet) is null).Select(part => part.Write(alphabet))];
            var all = body.Length == 0 ? others : [$"[{body}]", .. others];
            return all.Length switch { 0 => "(?!)", 1 => all[0], _ => $"(?:{string.Join('|', all)})" };
        }

        /// <inheritdoc/>
        protected override string? Body(AstralAlphabet alphabet) =>
            Parts.Any(part => part.Body(alphabet) is null) ? null : string.Concat(Parts.Select(part => part.Body(alphabet)));
    }

    /// <summary>What is in all of several.</summary>
    public sealed record Intersection(IReadOnlyList<CharacterSet> Parts) : CharacterSet
    {
        /// <inheritdoc/>
        public override string Write(AstralAlphabet alphabet) =>
            $"(?:{string.Concat(Parts.SkipLast(1).Select(part => $"(?={part.Write(alphabet)})"))}{Parts[^1].Write(alphabet)})";
    }

    /// <summary>What is not in another.</summary>
    public sealed record Complement(CharacterSet Of) : CharacterSet
    {
        /// <inheritdoc/>
        public override string Write(AstralAlphabet alphabet) => Of.Body(alphabet) switch
        {
            null => $"(?:(?!{Of.Write(alphabet)}){Any})",
            "" => Any,
            string body => $"[^{body}]",
        };
    }

    /// <summary>A character as it can stand anywhere in an expression, between brackets or not.</summary>
    public static string Escaped(char unit) => char.IsAsciiLetterOrDigit(unit)
        ? unit.ToString()
        : "\\u" + ((int)unit).ToString("X4", CultureInfo.InvariantCulture);
}
