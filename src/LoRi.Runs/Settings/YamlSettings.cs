using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LoRi.Files;
using LoRi.Files.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LoRi.Runs.Settings;

/// <summary>
/// Settings written as YAML: one mapping of names to values, read by the core schema of YAML 1.2 as JSON would be. What readers of
/// YAML disagree about (octal numbers, tags, anchors) is refused with its line rather than guessed.
/// </summary>
internal sealed partial class YamlSettings
{
    private const int MaxDepth = 64;
    private const int MostValues = 100_000;

    private readonly string path;
    private readonly Parser parser;
    private readonly Dictionary<string, long> lines = new(StringComparer.Ordinal);
    private int values;

    private YamlSettings(string path, string text) => (this.path, parser) = (path, new Parser(new StringReader(text)));

    /// <summary>The settings of a text, and the line that each of them stands in.</summary>
    /// <param name="path">Where the text is from, for messages.</param>
    /// <param name="text">The whole file.</param>
    /// <exception cref="InputException">It is not YAML, or not one mapping, or has what is refused; the message names file and
    /// line.</exception>
    public static (JsonObject Settings, IReadOnlyDictionary<string, long> Lines) Read(string path, string text)
    {
        var reader = new YamlSettings(path, text);
        try
        {
            return (reader.Document(), reader.lines);
        }
        catch (YamlException e)
        {
            throw reader.Wrong(Place(e, text),
                $"is not valid YAML ({Reason(e)}); correct the line, and put text with colons or other signs of YAML in quotes", e);
        }
        catch (Exception e) when (
            e is ArgumentException or FormatException or OverflowException or InvalidOperationException or IndexOutOfRangeException)
        {
            throw reader.Wrong(reader.parser.Current?.End ?? Mark.Empty, "is followed by something that is not valid YAML; correct it", e);
        }
    }

    /// <summary>The parser's reason, without the places that it puts before it.</summary>
    private static string Reason(YamlException e) => MessageText.OneLine(Places().Replace(e.Message, "").TrimEnd('.', ' '));

    /// <summary>Where the fault is; of a tab the parser tells only where the mapping begins.</summary>
    private static Mark Place(YamlException e, string text)
    {
        var tab = e.Message.Contains("tab as indentation", StringComparison.Ordinal)
            ? Array.FindIndex(text.Split('\n'), (int)System.Math.Max(0, e.Start.Line - 1), line => line.TrimStart(' ').StartsWith('\t'))
            : -1;
        return tab >= 0 ? new Mark(0, tab + 1, 1) : e.Start;
    }

    private JsonObject Document()
    {
        parser.Consume<StreamStart>();
        if (!parser.TryConsume<DocumentStart>(out var start))
        {
            throw new InputException($"{path}: there is nothing in it; write one setting a line, such as `steps: 100`");
        }

        if (start.Version is { } version && (version.Version.Major, version.Version.Minor) != (1, 2))
        {
            throw Wrong(start.Start,
                $"asks for YAML {version.Version.Major}.{version.Version.Minor}, and settings are read as YAML 1.2; leave the line out");
        }

        if (parser.Current is not MappingStart)
        {
            throw Wrong(parser.Current!.Start,
                $"holds {Kind(parser.Current)} where settings are needed; write one setting a line, such as `steps: 100`");
        }

        var settings = Mapping(1);
        parser.Consume<DocumentEnd>();
        return parser.Current is DocumentStart second
            ? throw Wrong(second.Start, "begins a second document, and one is read; leave it out")
            : settings;
    }

    private static string Kind(ParsingEvent found) => found switch
    {
        SequenceStart => "a list",
        Scalar { Value.Length: 0 } => "nothing",
        Scalar scalar => $"the text {MessageText.Quote(scalar.Value)}",
        _ => "something else",
    };

    private JsonNode? Value(int depth)
    {
        var at = parser.Current!;
        if (++values > MostValues)
        {
            throw Wrong(at.Start, $"is where more than {MostValues} values are; check that it is the right file");
        }

        if (depth > MaxDepth)
        {
            throw Wrong(at.Start, "is nested too deeply; settings are single values or lists of texts");
        }

        return at switch
        {
            AnchorAlias alias => throw Wrong(at.Start,
                $"refers to an anchor by *{alias.Value}, which is not read; write the value itself, and text that begins with * in quotes"),
            MappingStart => Mapping(depth),
            SequenceStart => List(depth),
            _ => Single(parser.Consume<Scalar>()),
        };
    }

    private JsonObject Mapping(int depth)
    {
        Plain(parser.Consume<MappingStart>());
        var result = new JsonObject();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = Key();
            if (result.ContainsKey(key.Value))
            {
                throw Wrong(key.Start, $"has {MessageText.Quote(key.Value)} for the second time; leave one of them out");
            }

            if (depth == 1)
            {
                lines[key.Value] = key.Start.Line;
            }

            result[key.Value] = Value(depth + 1);
        }

        return result;
    }

    private Scalar Key()
    {
        if (!parser.TryConsume<Scalar>(out var key))
        {
            throw parser.Current is AnchorAlias
                ? Wrong(parser.Current.Start, "has an alias for a name, which is not read; write the name itself")
                : Wrong(parser.Current!.Start, "has a list or a mapping for a name; names are the options' names, with underscores");
        }

        Plain(key);
        Whole(key);
        return key;
    }

    /// <summary>A text; escapes can write half a surrogate pair, which is none.</summary>
    private string Whole(Scalar scalar)
    {
        for (var at = 0; at < scalar.Value.Length; at++)
        {
            if (char.IsSurrogate(scalar.Value[at])
                && !(at + 1 < scalar.Value.Length && char.IsSurrogatePair(scalar.Value[at], scalar.Value[++at])))
            {
                throw Wrong(scalar.Start, "has half a surrogate pair, which is no Unicode; correct it");
            }
        }

        return scalar.Value;
    }

    private JsonArray List(int depth)
    {
        Plain(parser.Consume<SequenceStart>());
        var result = new JsonArray();
        while (!parser.TryConsume<SequenceEnd>(out _))
        {
            result.Add(Value(depth + 1));
        }

        return result;
    }

    /// <summary>Refuses tags and anchors: what they mean is another reader's matter.</summary>
    private void Plain(NodeEvent node)
    {
        if (!node.Anchor.IsEmpty)
        {
            throw Wrong(node.Start, $"has the anchor &{node.Anchor.Value}, which is not read; leave it out");
        }

        if (!node.Tag.IsEmpty)
        {
            throw Wrong(node.Start,
                $"has the tag {MessageText.Quote(node.Tag.Value)}, which is not read; leave it out, and put text in quotes");
        }
    }

    /// <summary>A value: numbers keep their digits, so that no decimal is rounded on its way.</summary>
    private JsonNode? Single(Scalar scalar)
    {
        Plain(scalar);
        var text = Whole(scalar);
        if (scalar.Style != ScalarStyle.Plain)
        {
            return JsonValue.Create(text);
        }

        if (OtherBase().IsMatch(text))
        {
            throw Wrong(scalar.Start, $"has {MessageText.Quote(text)}, which some readers of YAML take for a number to another base than "
                + "ten; write it in decimals without leading zeros, or text in quotes");
        }

        return text is "" or "~" or "null" or "Null" or "NULL" ? null
            : text is "true" or "True" or "TRUE" ? JsonValue.Create(true)
            : text is "false" or "False" or "FALSE" ? JsonValue.Create(false)
            : Number().Match(text) is { Success: true } number ? JsonNode.Parse(AsJson(number))
            : JsonValue.Create(text);
    }

    /// <summary>YAML's decimals may begin with a plus, and begin or end with their point; JSON's may not.</summary>
    private static string AsJson(Match number)
    {
        var json = new StringBuilder(number.Groups["sign"].Value == "-" ? "-" : "");
        json.Append(number.Groups["whole"].Length > 0 ? number.Groups["whole"].Value : "0");
        if (number.Groups["point"].Success)
        {
            json.Append('.').Append(number.Groups["fraction"].Length > 0 ? number.Groups["fraction"].Value : "0");
        }

        return json.Append(number.Groups["exponent"].Value).ToString();
    }

    private InputException Wrong(in Mark at, string what, Exception? cause = null) =>
        new($"{path}, line {System.Math.Max(1, at.Line)}: {what}", cause!);

    [GeneratedRegex(@"^(?<sign>[-+]?)(?=\.?[0-9])(?<whole>[0-9]*)(?<point>\.(?<fraction>[0-9]*))?(?<exponent>[eE][-+]?[0-9]+)?$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Number();

    [GeneratedRegex(@"^[-+]?0([0-9_]+(\.[0-9]*)?([eE][-+]?[0-9]+)?|[xob][0-9a-fA-F_]+)$", RegexOptions.CultureInvariant)]
    private static partial Regex OtherBase();

    [GeneratedRegex(@"^(\(Line: \d+, Col: \d+, Idx: \d+\)( - \(Line: \d+, Col: \d+, Idx: \d+\))?:\s*)+", RegexOptions.CultureInvariant)]
    private static partial Regex Places();
}
