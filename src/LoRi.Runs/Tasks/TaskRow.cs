namespace LoRi.Runs.Tasks;

/// <summary>One problem of a task, word by word.</summary>
/// <param name="Question">The words of the question.</param>
/// <param name="Steps">The steps of the chain of thought, each as its words.</param>
/// <param name="Answer">The words of the answer.</param>
/// <param name="Stratum">How hard it is, as tables call it: the length of its chain, for example.</param>
public sealed record TaskRow(
    IReadOnlyList<string> Question, IReadOnlyList<IReadOnlyList<string>> Steps, IReadOnlyList<string> Answer, string Stratum)
{
    /// <summary>The question as text.</summary>
    public string QuestionText => string.Join(' ', Question);

    /// <summary>The steps as texts.</summary>
    public IReadOnlyList<string> StepTexts => [.. Steps.Select(step => string.Join(' ', step))];

    /// <summary>The answer as text.</summary>
    public string AnswerText => string.Join(' ', Answer);
}
