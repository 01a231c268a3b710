namespace LoRi.Files.Data;

/// <summary>What becomes of the calculator annotations <c>&lt;&lt;48/2=24&gt;&gt;</c> in GSM8K's answers.</summary>
public enum AnnotationHandling
{
    /// <summary>They are removed: the rationale is the prose, one step a line.</summary>
    Strip,

    /// <summary>They stay where they are.</summary>
    Keep,

    /// <summary>Only they stay, joined by spaces: the equations of the iCoT form.</summary>
    Only,
}

/// <summary>How data files are read.</summary>
public sealed record DataOptions
{
    /// <summary>The form of the files; left out, it is found from their content.</summary>
    public DataFormat? Format { get; init; }

    /// <summary>Name of the question in generic JSON and Parquet.</summary>
    public string QuestionColumn { get; init; } = "question";

    /// <summary>Name of the rationale (text, or a list of steps) in generic JSON and Parquet.</summary>
    public string RationaleColumn { get; init; } = "rationale";

    /// <summary>Name of the answer (text or a number) in generic JSON and Parquet.</summary>
    public string AnswerColumn { get; init; } = "answer";

    /// <summary>What becomes of GSM8K's calculator annotations.</summary>
    public AnnotationHandling Annotations { get; init; } = AnnotationHandling.Strip;

    /// <summary>Count rows that cannot be read instead of stopping at the first.</summary>
    public bool SkipBadLines { get; init; }

    /// <summary>Read this many examples at most, over all files.</summary>
    public int? Limit { get; init; }
}
