namespace LoRi.Files.Text;

/// <summary>Text that becomes part of a Markdown file.</summary>
internal static class MarkdownText
{
    /// <summary>A value as it may stand in a cell of a table.</summary>
    public static string Cell(string value) =>
        value.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
}
