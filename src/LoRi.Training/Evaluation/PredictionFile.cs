using LoRi.Training.Data;

namespace LoRi.Training.Evaluation;

/// <summary>An output and the answer that was wanted.</summary>
/// <param name="Text">What the model wrote.</param>
/// <param name="Gold">The data set's answer.</param>
public sealed record Prediction(string Text, string Gold);

/// <summary>Reads outputs to score: JSON lines with <c>text</c> and <c>gold</c>; other fields are passed over.</summary>
public static class PredictionFile
{
    /// <summary>The predictions of a file, in its order.</summary>
    /// <exception cref="InputException">The file or one of its lines cannot be read.</exception>
    public static IReadOnlyList<Prediction> Read(string path)
    {
        DataPath.Check(path);
        try
        {
            return [.. DataLines.Read(path).Select(line => OfLine(path, line))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message}); check the file and its permissions", e);
        }
    }

    private static Prediction OfLine(string path, DataLine line)
    {
        try
        {
            var fields = JsonRows.Parse(line.Text());
            return new Prediction(fields.Text("text"), fields.Raw("gold"));
        }
        catch (BadRowException e)
        {
            throw new InputException($"{path}, {line.Place}: {e.Message}; a line must be one JSON object with text and gold", e);
        }
    }
}
