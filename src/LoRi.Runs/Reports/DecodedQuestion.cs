using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Runs.Answers;

namespace LoRi.Runs.Reports;

/// <summary>A question as a latent student answers it, with what its latent steps would say.</summary>
/// <param name="Question">The question.</param>
/// <param name="Rationale">The chain of thought in the data.</param>
/// <param name="Gold">The right answer.</param>
/// <param name="Answer">What the student writes.</param>
/// <param name="Latents">For each latent step, its likeliest tokens with their shares.</param>
internal sealed record DecodedQuestion(string Question, string Rationale, string Gold, string Answer, IReadOnlyList<string> Latents)
{
    /// <summary>What the auxiliary decoder says of the latent steps; empty where there is none.</summary>
    public IReadOnlyList<Explanation> Explanations { get; init; } = [];

    private const int TokensShown = 3;
    private const int LongestAnswer = 64;

    /// <summary>The card of a run's model where it is finished and latent, else null.</summary>
    public static ReasoningCard? LatentCard(string folder)
    {
        var final = ModelLoader.Resolve(folder);
        return Directory.Exists(final) && final != folder && ReasoningCard.Read(final) is { LatentSteps: > 0 } card ? card : null;
    }

    /// <summary>Answers the first questions of some data.</summary>
    /// <exception cref="InputException">Model or data cannot be read.</exception>
    public static IReadOnlyList<DecodedQuestion> Of(string folder, ReasoningCard card, IReadOnlyList<string> data, DataOptions reading)
    {
        var examples = ReasoningData.Read(data, reading).Examples;
        var tokenizer = StudentMarkers.AsText(StageModel.Tokenizer(folder, null), card);
        using var model = ModelLoader.Load(folder, LoadSettings.OnCpu(Precision.Full) with { WithKept = true }).Model;
        StageModel.CheckFits(tokenizer, model, folder);
        var questions = examples.Select(example => ExampleEncoder.Question(tokenizer, card.Form, example.Question, card.Special.Eos))
            .ToArray();
        var plan = new GenerationPlan(card.Reasoning, card.PrefixIds, LongestAnswer, card.Ends) { StopAfterEnds = card.StopAfterEnds };
        var explained = card.HasAuxiliaryDecoder ? Explanation.Of(model, tokenizer, questions, card.Reasoning) : null;
        string Token(NearToken near) => $"{TokenText.Quote(tokenizer.Decode([near.Id]))} {TokenText.Percent(near.Share)}";
        return [.. examples.Select((example, index) => new DecodedQuestion(
            example.Question,
            example.Rationale,
            example.Answer,
            tokenizer.Decode(AnswerGenerator.Generate(model, [questions[index]], plan)[0], skipSpecialTokens: true),
            [.. LatentDecoding.Likeliest(model, [questions[index]], card.Reasoning, TokensShown)[0]
                .Select(step => string.Join("   ", step.Select(Token)))])
        { Explanations = explained?[index] ?? [] })];
    }
}
