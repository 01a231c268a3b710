using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using LoRi.Files.Data;
using LoRi.Runs.Scoring;

namespace LoRi.Runs.Evaluate;

/// <summary>One line of <c>predictions.jsonl</c>.</summary>
/// <param name="Id">The question's name in its data set.</param>
/// <param name="Question">The question as the data set has it.</param>
/// <param name="Gold">The data set's answer.</param>
/// <param name="Text">The fed prefix, where one is fed, and what the model wrote.</param>
/// <param name="Prediction">What CODI's rule reads in the text.</param>
/// <param name="Correct">Right by CODI's rule.</param>
/// <param name="CorrectStrict">Right by the strict rule.</param>
/// <param name="Tokens">Tokens written, the end token included.</param>
/// <param name="Seconds">Seconds of its batch, divided by the batch's rows.</param>
/// <param name="DataName">The data set's name for the scorers.</param>
/// <param name="AnswerPrefix">The prefix after which the strict rule looks.</param>
/// <param name="CutOff">
/// Whether the answer ended without an end token, at the most tokens or positions that there are; null in rows of older versions.
/// </param>
/// <param name="Empty">Whether nothing but white space and control tokens was written; null in rows of older versions.</param>
internal sealed record PredictionRow(
    string Id,
    string Question,
    string Gold,
    string Text,
    string Prediction,
    bool Correct,
    bool CorrectStrict,
    int Tokens,
    double Seconds,
    string DataName,
    string AnswerPrefix,
    bool? CutOff = null,
    bool? Empty = null)
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>Whether CODI's rule reads a number neither in the text nor in the answer.</summary>
    [JsonIgnore]
    public bool BothUnreadable => new Prediction(Text, Gold, DataName, AnswerPrefix).Score(ScoringRule.Codi).BothUnreadable;

    /// <summary>The line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Format);

    /// <summary>The row of a line; null for what is none.</summary>
    public static PredictionRow? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize<PredictionRow>(line, Format);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Whether it answers this question.</summary>
    public bool Answers(ReasoningExample example) => Id == example.Id && Question == example.Question && Gold == example.Answer;
}
