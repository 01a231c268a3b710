using LoRi.Files.Data;
using LoRi.Models.Sequences;

namespace LoRi.Runs.Inspect;

/// <summary>Which data are looked at, and as whose sequences.</summary>
public sealed record DataPreviewOptions
{
    /// <summary>Data files, or names of data sets that were fetched.</summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary>The model whose tokenizer reads them.</summary>
    public required string Model { get; init; }

    /// <summary>A tokenizer to use instead of the model's own.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>How files are read.</summary>
    public DataOptions Reading { get; init; } = new();

    /// <summary>Latent steps of a student, none for one without; null for the explicit chain of the teacher.</summary>
    public int? LatentSteps { get; init; }

    /// <summary>The text before the answer; null for the model's own, else the usual one.</summary>
    public string? AnswerPrefix { get; init; }

    /// <summary>How much of the rationale is read.</summary>
    public TeacherTextOption TeacherText { get; init; }

    /// <summary>What of a student's answer is graded.</summary>
    public Grading Grade { get; init; }

    /// <summary>Longer rows are left out; null for the model's own limit.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>How many rows are shown.</summary>
    public int Rows { get; init; } = 3;

    /// <summary>Data whose questions must not be among those.</summary>
    public IReadOnlyList<string> Test { get; init; } = [];
}
