using System.Text.Json.Serialization;

namespace LoRi.Training.Data;

/// <summary>The forms in which questions with answers are published.</summary>
public enum DataFormat
{
    /// <summary>GSM8K: one JSON object a line, the answer's last line being <c>#### final</c>.</summary>
    [JsonStringEnumMemberName("gsm8k")]
    Gsm8k,

    /// <summary>iCoT and GSM8K-Aug: <c>question||steps #### answer</c>, one a line.</summary>
    [JsonStringEnumMemberName("icot")]
    Icot,

    /// <summary>One JSON object a line with question, rationale and answer under names of the user's choice.</summary>
    [JsonStringEnumMemberName("jsonl")]
    JsonLines,

    /// <summary>A Parquet file with such columns.</summary>
    [JsonStringEnumMemberName("parquet")]
    Parquet,

    /// <summary>A JSON array of objects: SVAMP, MultiArith (also AddSub, SingleEq), or the generic names.</summary>
    [JsonStringEnumMemberName("json")]
    JsonArray,

    /// <summary>GSM-Hard: one JSON object a line with <c>input</c> and <c>target</c>.</summary>
    [JsonStringEnumMemberName("gsm-hard")]
    GsmHard,

    /// <summary>ASDiv's XML.</summary>
    [JsonStringEnumMemberName("asdiv")]
    Asdiv,
}
