namespace LoRi.Models.Sequences;

/// <summary>
/// One problem as ids: <c>teacher [BOS] question | rationale | prefix | answer EOS</c> and
/// <c>student [BOS] question &lt;bot&gt; | latents | &lt;eot&gt; prefix | answer EOS</c>. The parts are tokenised apart and joined as ids.
/// The anchor is the last prefix token, the same id in both.
/// </summary>
/// <param name="Index">Row number in the data set it came from.</param>
/// <param name="Question">Question ids, with what the tokenizer adds in front.</param>
/// <param name="Rationale">Chain-of-thought ids; may be empty.</param>
/// <param name="Prefix">Answer prefix; at least one id.</param>
/// <param name="Answer">Answer ids, the end of sequence included.</param>
public sealed record EncodedExample(int Index, int[] Question, int[] Rationale, int[] Prefix, int[] Answer)
{
    /// <summary>Ids of every step of the rationale, tokenised apart; empty where no one asked for them.</summary>
    public IReadOnlyList<int[]> Steps { get; init; } = [];

    /// <summary>The steps of the rationale as an auxiliary decoder is to write them; none where no one asked for them.</summary>
    internal ExplainedSteps Explained { get; init; } = ExplainedSteps.None;

    /// <summary>Whether the data have a rationale for it; a form may write text around one that is empty.</summary>
    public bool HasRationale { get; init; } = Rationale.Length > 0;

    /// <summary>The same problem as a frozen teacher reads it; null where it reads it as the student does, or there is none.</summary>
    public EncodedExample? AsTeacher { get; init; }

    /// <summary>Whether a teacher's states are those at the question instead of the rationale.</summary>
    internal bool TracesQuestion { get; init; }

    /// <summary>Where the tokens begin whose states a teacher gives. The question's first is left out: models rest their attention on
    /// it, with a state that dwarfs all others.</summary>
    internal int TracedStart => TracesQuestion ? 1 : Question.Length;

    /// <summary>How many tokens' states a teacher gives.</summary>
    internal int TracedLength => TracesQuestion ? System.Math.Max(0, Question.Length - 1) : Rationale.Length;

    /// <summary>Tokens of the explicit sequence.</summary>
    public int ExplicitLength => Question.Length + Rationale.Length + Prefix.Length + Answer.Length;

    /// <summary>Tokens and latent steps of a student's sequence; without latent steps there are no markers.</summary>
    /// <param name="latentSteps">Latent steps M; 0 for none.</param>
    public int StudentLength(int latentSteps) =>
        Question.Length + Prefix.Length + Answer.Length + (latentSteps == 0 ? 0 : latentSteps + 2);

    /// <summary>Whether all ids are those of another row.</summary>
    internal bool IsSame(EncodedExample other) =>
        Question.AsSpan().SequenceEqual(other.Question) && Rationale.AsSpan().SequenceEqual(other.Rationale)
        && Prefix.AsSpan().SequenceEqual(other.Prefix) && Answer.AsSpan().SequenceEqual(other.Answer);

    /// <summary>The longest sequence this example makes for a student with <paramref name="latentSteps"/> steps or for a teacher.</summary>
    /// <param name="latentSteps">Latent steps M; 0 for none.</param>
    public int Length(int latentSteps) => System.Math.Max(ExplicitLength, StudentLength(latentSteps));
}
