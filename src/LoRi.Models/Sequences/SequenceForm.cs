using System.Text.Json.Serialization;

namespace LoRi.Models.Sequences;

/// <summary>
/// How question, rationale and answer are written and joined. It belongs to the method and stands on the model's card, so that a model
/// is asked in the form that it was trained in. Parts are tokenised apart and joined as ids, unless said otherwise.
/// </summary>
public sealed record SequenceForm
{
    /// <summary>The question, the rationale as the data write it, the answer prefix, the answer.</summary>
    public static SequenceForm Plain { get; } = new() { Name = "plain" };

    /// <summary>Its name on cards and in messages.</summary>
    public required string Name { get; init; }

    /// <summary>Text before the question, tokenised with it.</summary>
    public string BeforeQuestion { get; init; } = "";

    /// <summary>Text after the question, tokenised with it.</summary>
    public string AfterQuestion { get; init; } = "";

    /// <summary>Whether the end of sequence follows the question.</summary>
    public bool EndAfterQuestion { get; init; }

    /// <summary>Text before and after the whole rationale, tokenised with it.</summary>
    public string AroundRationale { get; init; } = "";

    /// <summary>What joins the steps of the rationale into one text; null for the rationale as the data write it.</summary>
    public string? StepSeparator { get; init; }

    /// <summary>Text after every step, each step tokenised apart with it; null where the rationale is one text.</summary>
    public string? AfterStep { get; init; }

    /// <summary>Whether the end of sequence follows the rationale, in place of an answer prefix.</summary>
    public bool EndAfterRationale { get; init; }

    /// <summary>Text before the answer, tokenised with it, in place of an answer prefix; null where the prefix stands apart.</summary>
    public string? BeforeAnswer { get; init; }

    /// <summary>Text after the answer, tokenised with it.</summary>
    public string AfterAnswer { get; init; } = "";

    /// <summary>Whether the answer prefix of the settings stands before the answer.</summary>
    [JsonIgnore]
    public bool HasPrefix => BeforeAnswer is null && !EndAfterRationale;

    /// <summary>The question as it is tokenised.</summary>
    /// <param name="question">The question as the data has it.</param>
    public string QuestionText(string question) => BeforeQuestion + question + AfterQuestion;
}
