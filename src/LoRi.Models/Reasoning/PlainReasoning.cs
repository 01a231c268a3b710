using LoRi.Models.Decoders;

namespace LoRi.Models.Reasoning;

/// <summary>One pass over what is fed: the answer at once, or a chain of thought that the model writes.</summary>
public sealed record PlainReasoning : IReasoning
{
    private PlainReasoning(AnswerMode mode) => Mode = mode;

    /// <summary>Question and answer prefix are fed, the model writes the answer.</summary>
    public static PlainReasoning Direct { get; } = new(AnswerMode.Direct);

    /// <summary>The question is fed, the model writes its chain of thought, the prefix and the answer.</summary>
    public static PlainReasoning Explicit { get; } = new(AnswerMode.Explicit);

    /// <inheritdoc/>
    public AnswerMode Mode { get; }

    /// <inheritdoc/>
    public bool FeedsPrefix => Mode == AnswerMode.Direct;

    /// <inheritdoc/>
    public ReasoningPass Run(ReasoningModel model, DecoderWeights weights, IReadOnlyList<int[]> questions, int[] prefix)
    {
        ArgumentNullException.ThrowIfNull(model);
        var rows = PaddedRows.Left([.. questions.Select(question => FeedsPrefix ? (int[])[.. question, .. prefix] : question)],
            model.Device);
        var pass = model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows), rows.Positions());
        return new(pass.Final.select(1, rows.Width - 1), pass.Cache, rows.Advance(null));
    }
}
