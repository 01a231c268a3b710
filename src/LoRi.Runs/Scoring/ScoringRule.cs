using System.Text.Json.Serialization;

namespace LoRi.Runs.Scoring;

/// <summary>The ways in which published code decides whether an output is right. The names are those of <c>--rule</c>.</summary>
public enum ScoringRule
{
    /// <summary>
    /// CODI: the last number anywhere in the text, compared as doubles; letters and truth values for the data sets that have
    /// them.
    /// </summary>
    Codi,

    /// <summary>SIM-CoT on CODI: the same, but a text without one of the letters stops the program instead of counting as C.</summary>
    Simcot,

    /// <summary>Ours: the number directly after the answer prefix, compared exactly; no prefix or no number is wrong.</summary>
    Strict,

    /// <summary>Coconut: the text after the last <c>#</c>, compared as text.</summary>
    Coconut,

    /// <summary>iCoT: the text from the first <c>####</c>, compared as text.</summary>
    Icot,

    /// <summary>PCCoT: the whole text, compared as it is.</summary>
    Pccot,

    /// <summary>PCCoT's explicit model: the text after the last <c>The answer is:</c>, compared as it is.</summary>
    [JsonStringEnumMemberName("pccot_cot")]
    PccotCot,
}
