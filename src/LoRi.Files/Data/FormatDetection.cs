using System.Buffers;
using System.Text;
using LoRi.Files.Disk;

namespace LoRi.Files.Data;

/// <summary>
/// Finds the form of a data file from its first bytes; the name does not matter. Which data set a JSON object or a row of Parquet
/// is of, its fields tell.
/// </summary>
internal static class FormatDetection
{
    private const int Looked = 1 << 16;
    private const string Remedy = "name its form with --format gsm8k|icot|jsonl|parquet|json|gsm-hard|asdiv";

    internal static DataFormat Detect(string path)
    {
        var start = InputFile.Start(path, Looked);
        if (start.AsSpan().StartsWith("PAR1"u8))
        {
            return DataFormat.Parquet;
        }

        CheckText(path, start);

        var text = Encoding.UTF8.GetString(start).TrimStart('\ufeff', ' ', '\t', '\r', '\n');
        return text.Length == 0 ? throw new InputException($"{path}: the data file is empty; name a file with rows")
            : text[0] == '[' ? DataFormat.JsonArray
            : text[0] == '{' ? DataFormat.JsonLines
            : text[0] == '<' && text.Contains("ProblemSet", StringComparison.Ordinal) ? DataFormat.Asdiv
            : text.Contains("||", StringComparison.Ordinal) ? DataFormat.Icot
            : throw Unrecognised(path, start);
    }

    /// <summary>Refuses a file that is to be read in a form, and is known to be something else.</summary>
    internal static void Check(string path, DataFormat format)
    {
        var start = InputFile.Start(path, Looked);
        if (format != DataFormat.Parquet)
        {
            CheckText(path, start);
        }
        else if (!start.AsSpan().StartsWith("PAR1"u8) && FileCause.Of(start) is { } cause)
        {
            throw new InputException($"{path}: is {cause}");
        }

        if (format is DataFormat.JsonLines or DataFormat.Gsm8k or DataFormat.GsmHard)
        {
            JsonLayout.CheckLines(path, start, start.Length < Looked);
        }
    }

    private static void CheckText(string path, ReadOnlySpan<byte> start)
    {
        if (FileCause.Of(start) is { } cause)
        {
            throw new InputException($"{path}: is {cause}");
        }
    }

    /// <summary>Bytes that are no text are said to be that, as no form would help.</summary>
    private static InputException Unrecognised(string path, ReadOnlySpan<byte> start)
    {
        for (var at = 0; at < start.Length;)
        {
            var status = Rune.DecodeFromUtf8(start[at..], out var rune, out var length);
            if (status == OperationStatus.InvalidData || (status == OperationStatus.Done && rune.Value == 0))
            {
                return new InputException($"{path}: byte {at + 1} is not text in UTF-8; write the file anew in UTF-8, or name another one");
            }

            // The last character may be cut where the start ends.
            at = status == OperationStatus.NeedMoreData ? start.Length : at + length;
        }

        return new InputException(IsTable(path, start)
            ? $"{path}: looks like a table in CSV or TSV, which is not read; save it as JSON lines, one "
                + "{\"question\": ..., \"rationale\": ..., \"answer\": ...} a line, or as Parquet"
            : $"{path}: the form of this data file is not recognised; {Remedy}");
    }

    /// <summary>Whether the name, or a first line of several fields and no sentence, says that it is a table.</summary>
    private static bool IsTable(string path, ReadOnlySpan<byte> start)
    {
        var ending = Path.GetExtension(path).ToLowerInvariant();
        var end = start.IndexOfAny((byte)'\n', (byte)'\r');
        var head = Encoding.UTF8.GetString(end < 0 ? start : start[..end]);
        return ending is ".csv" or ".tsv" || head.Contains('\t', StringComparison.Ordinal)
            || (head.Contains("question", StringComparison.OrdinalIgnoreCase) && head.Contains(',', StringComparison.Ordinal));
    }
}
