using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using LoRi.Files.Disk;

namespace LoRi.Files.Data;

/// <summary>ASDiv's XML; document types and external entities are refused.</summary>
internal static partial class AsdivRows
{
    private const int Deepest = 64;

    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        IgnoreComments = true,
        IgnoreWhitespace = true,
        MaxCharactersInDocument = 1 << 28,
    };

    internal static IEnumerable<DataRow> Read(string path)
    {
        using var stream = InputFile.Open(path);
        using var reader = XmlReader.Create(stream, Settings);
        var number = 0L;
        while (Problem(path, reader) is { } problem)
        {
            yield return new DataRow($"line {problem.Line}", ++number, id => Example(id, problem));
        }
    }

    private static AsdivProblem? Problem(string path, XmlReader reader)
    {
        try
        {
            while (reader.NodeType != XmlNodeType.Element || reader.Name != "Problem")
            {
                if (!reader.Read())
                {
                    return null;
                }

                CheckDepth(path, reader);
            }

            var problem = new AsdivProblem(((IXmlLineInfo)reader).LineNumber, reader.GetAttribute("ID"));
            using var inner = reader.ReadSubtree();
            ReadParts(path, inner, problem);
            inner.Close();
            reader.Skip();
            return problem;
        }
        catch (XmlException e)
        {
            throw new InputException(
                $"{path}, line {e.LineNumber}: not acceptable XML: {e.Message.Split(" Line ")[0].ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>The text of each part of a problem, whatever elements are within it; of parts of one name the first counts.</summary>
    private static void ReadParts(string path, XmlReader reader, AsdivProblem problem)
    {
        StringBuilder? part = null;
        while (reader.Read())
        {
            CheckDepth(path, reader);
            if (reader.NodeType == XmlNodeType.Element && reader.Depth == 1)
            {
                part = new StringBuilder();
                part = problem.Parts.TryAdd(reader.Name, part) ? part : null;
            }
            else if (reader.Depth > 1 && reader.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace)
            {
                part?.Append(reader.Value);
            }
        }
    }

    private static void CheckDepth(string path, XmlReader reader)
    {
        if (reader.Depth > Deepest)
        {
            throw new InputException(
                $"{path}, line {((IXmlLineInfo)reader).LineNumber}: not acceptable XML: elements are nested more than {Deepest} deep");
        }
    }

    private static ReasoningExample Example(string id, AsdivProblem problem)
    {
        string Part(string name) =>
            problem.Parts.TryGetValue(name, out var part)
                ? part.ToString().Trim()
                : throw new BadRowException($"the problem has no '{name}'");
        var answer = Unit().Replace(Part("Answer"), "");
        return RowChecks.Complete(new ReasoningExample(problem.Id ?? id, RowChecks.Join(Part("Body"), Part("Question")), [], "", answer));
    }

    /// <summary>One problem.</summary>
    /// <param name="Line">Where it begins.</param>
    /// <param name="Id">Its name, where it has one.</param>
    private sealed record AsdivProblem(int Line, string? Id)
    {
        /// <summary>The text of its parts.</summary>
        public Dictionary<string, StringBuilder> Parts { get; } = [];
    }

    /// <summary>The unit in brackets after a number; of several numbers, which semicolons part, each has its own.</summary>
    [GeneratedRegex(@"(?<=[0-9])\s*\([^()]*\)(?=\s*(?:;|\z))", RegexOptions.CultureInvariant)]
    private static partial Regex Unit();
}
