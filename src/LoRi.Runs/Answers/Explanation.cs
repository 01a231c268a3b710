using LoRi.Files;
using LoRi.Files.Tokenizers;
using LoRi.Models.Adapters;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Reasoning;

namespace LoRi.Runs.Answers;

/// <summary>What an auxiliary decoder says of some latent steps.</summary>
/// <param name="Latents">Which, in words.</param>
/// <param name="Ids">What it wrote, without the end of sequence.</param>
/// <param name="Text">Its text; null without a tokenizer.</param>
public sealed record Explanation(string Latents, int[] Ids, string? Text)
{
    private const int LongestInTokens = 64;
    private const string NeverTaught = "no training row had a step for it";

    /// <summary>Whether some training row had a step that these latent steps stand for, as far as the card tells.</summary>
    public bool Taught { get; init; } = true;

    /// <summary>Whether it was cut before it came to its end.</summary>
    public bool Cut { get; init; }

    /// <summary>What a reader must know of it, in words; null where there is nothing.</summary>
    public string? Remark => (Taught, Cut) switch
    {
        (true, false) => null,
        (false, false) => NeverTaught,
        (true, true) => CutShort,
        _ => $"{NeverTaught}; {CutShort}",
    };

    private static string CutShort => $"cut after {LongestInTokens} tokens";

    /// <summary>
    /// Refuses, before any weights are read, a model without an auxiliary decoder, and another number of latent steps than it knows.
    /// </summary>
    /// <exception cref="InputException">It has none.</exception>
    internal static void Check(AnsweringOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var path = options.Adapter ?? options.Model;
        var card = options.Adapter is null ? ModelLoader.Card(path) : ReasoningCard.Read(AdapterFolder.Resolve(path));
        if (card is not { HasAuxiliaryDecoder: true })
        {
            var what = card is null ? "was not trained by this program" : $"was trained by the method {card.Method}";
            throw new InputException(
                $"--explain: {path} {what} and has no auxiliary decoder beside it; train one with --method sim-cot --keep-decoder");
        }

        if (options.LatentSteps is { } steps && steps != card.LatentSteps)
        {
            throw new InputException(
                $"--explain and --latent-steps {steps} contradict each other: the auxiliary decoder of {path} knows {card.LatentSteps} "
                + "latent steps; leave --latent-steps out");
        }
    }

    /// <summary>What is said of the latent steps of some questions.</summary>
    /// <param name="model">The model with its auxiliary decoder.</param>
    /// <param name="tokenizer">Its tokenizer; null where there is none.</param>
    /// <param name="questions">Ids of the questions.</param>
    /// <param name="card">Its card, which says how it reasons.</param>
    internal static IReadOnlyList<IReadOnlyList<Explanation>> Of(
        ReasoningModel model, TextTokenizer? tokenizer, IReadOnlyList<int[]> questions, ReasoningCard card)
    {
        var reasoning = card.Reasoning;
        var slots = LatentSlots.Of(reasoning)!;
        Explanation One(int[] written, int slot)
        {
            int[] ids = [.. written.TakeWhile(id => id != model.Special.Eos)];
            return new(slots.Name(slot, reasoning.LatentSteps), ids, tokenizer?.Decode(ids, skipSpecialTokens: true))
            {
                Taught = slot < (card.ExplainedSteps ?? slots.Slots),
                Cut = ids.Length == LongestInTokens,
            };
        }

        return [.. AuxiliaryDecoder.Explain(model, questions, reasoning, LongestInTokens)
            .Select(row => (IReadOnlyList<Explanation>)[.. row.Select(One)])];
    }
}
