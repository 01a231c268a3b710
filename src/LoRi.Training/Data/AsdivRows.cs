using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using LoRi.Training.Checkpoints;

namespace LoRi.Training.Data;

/// <summary>ASDiv's XML; document types and external entities are refused.</summary>
internal static partial class AsdivRows
{
    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        IgnoreComments = true,
        IgnoreWhitespace = true,
    };

    internal static IEnumerable<DataRow> Read(string path)
    {
        using var stream = InputFile.Open(path);
        using var reader = XmlReader.Create(stream, Settings);
        var number = 0L;
        while (Problem(path, reader) is { } problem)
        {
            var line = ((IXmlLineInfo)problem).LineNumber;
            yield return new DataRow($"line {line}", ++number, id => Example(id, problem));
        }
    }

    private static XElement? Problem(string path, XmlReader reader)
    {
        try
        {
            while (reader.NodeType != XmlNodeType.Element || reader.Name != "Problem")
            {
                if (!reader.Read())
                {
                    return null;
                }
            }

            using var inner = reader.ReadSubtree();
            var problem = XElement.Load(inner, LoadOptions.SetLineInfo);
            reader.Skip();
            return problem;
        }
        catch (XmlException e)
        {
            throw new InputException($"{path}, line {e.LineNumber}: not acceptable XML: {e.Message.Split(" Line ")[0].ReplaceLineEndings(" ")}", e);
        }
    }

    private static ReasoningExample Example(string id, XElement problem)
    {
        string Part(string name) => problem.Element(name)?.Value.Trim() ?? throw new BadRowException($"the problem has no '{name}'");
        var answer = Unit().Replace(Part("Answer"), "");
        return RowChecks.Complete(new ReasoningExample(
            problem.Attribute("ID")?.Value ?? id, RowChecks.Join(Part("Body"), Part("Question")), [], "", answer));
    }

    /// <summary>The unit in brackets after a number; of several numbers, which semicolons part, each has its own.</summary>
    [GeneratedRegex(@"(?<=[0-9])\s*\([^()]*\)(?=\s*(?:;|\z))", RegexOptions.CultureInvariant)]
    private static partial Regex Unit();
}
