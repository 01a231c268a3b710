using System.Text.Json.Serialization;

namespace LoRi.Files.Data;

/// <summary>The forms in which questions with answers are published.</summary>
public enum DataFormat
{
    /// <summary>GSM8K and nothing else: one JSON object a line, the answer's last line being <c>#### final</c>.</summary>
    [JsonStringEnumMemberName("gsm8k")]
    Gsm8k,

    /// <summary>iCoT and GSM8K-Aug: <c>question||steps #### answer</c>, one a line.</summary>
    [JsonStringEnumMemberName("icot")]
    Icot,

    /// <summary>
    /// One JSON object a line. Where the form is found, the fields of each row show what it is; where it is asked for, rows have
    /// question, rationale and answer under names of the user's choice.
    /// </summary>
    [JsonStringEnumMemberName("jsonl")]
    JsonLines,

    /// <summary>A Parquet file whose rows are such objects.</summary>
    [JsonStringEnumMemberName("parquet")]
    Parquet,

    /// <summary>A JSON array of such objects: SVAMP, MultiArith (also AddSub, SingleEq), and all others.</summary>
    [JsonStringEnumMemberName("json")]
    JsonArray,

    /// <summary>GSM-Hard and nothing else: one JSON object a line with <c>input</c> and <c>target</c>.</summary>
    [JsonStringEnumMemberName("gsm-hard")]
    GsmHard,

    /// <summary>ASDiv's XML.</summary>
    [JsonStringEnumMemberName("asdiv")]
    Asdiv,
}
