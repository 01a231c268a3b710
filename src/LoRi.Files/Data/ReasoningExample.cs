namespace LoRi.Files.Data;

/// <summary>One question with its chain of thought and its answer.</summary>
/// <param name="Id">The data set's own name for it, or its file and row.</param>
/// <param name="Question">The question, without white space at its edges.</param>
/// <param name="Steps">The steps of the rationale; none where the rationale is empty.</param>
/// <param name="Rationale">The whole chain of thought as text; may be empty.</param>
/// <param name="Answer">The final answer as the data set writes it, thousands commas included.</param>
public sealed record ReasoningExample(string Id, string Question, IReadOnlyList<string> Steps, string Rationale, string Answer);

/// <summary>What was read from data files.</summary>
/// <param name="Examples">The examples, in the files' order.</param>
/// <param name="BadRows">Rows that could not be read and were skipped.</param>
/// <param name="WithoutRationale">Examples whose rationale is empty.</param>
public sealed record ReasoningSet(IReadOnlyList<ReasoningExample> Examples, int BadRows, int WithoutRationale)
{
    /// <summary>Where each example stands: its file and row.</summary>
    public IReadOnlyList<string> Places { get; init; } = [];

    /// <summary>Which of the paths that were read each example is of, from 0.</summary>
    public IReadOnlyList<int> Sources { get; init; } = [];
}
