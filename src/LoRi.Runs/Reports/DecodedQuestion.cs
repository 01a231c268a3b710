using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Tokenizers;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Runs.Answers;

namespace LoRi.Runs.Reports;

/// <summary>A question as a latent student answers it, with what its latent steps would say.</summary>
/// <param name="Question">The question.</param>
/// <param name="Gold">The right answer.</param>
/// <param name="Answer">What the student writes.</param>
/// <param name="Strip">Its latent steps under the chain of thought in the data.</param>
internal sealed record DecodedQuestion(string Question, string Gold, string Answer, LatentStrip Strip)
{
    private const int TokensShown = 5;
    private const int LongestAnswer = 64;

    /// <summary>What the auxiliary decoder says of the latent steps; empty where there is none.</summary>
    public IReadOnlyList<Explanation> Explanations { get; init; } = [];

    /// <summary>As a part of a page.</summary>
    public OverviewCard Card(string heading) => new(heading,
    [
        ("question", Question), ("right answer", Gold), ("student writes", Answer),
        .. Explanations.Select(one => ($"{one.Latents}, said", $"{one.Text}{(one.Remark is { } remark ? $" ({remark})" : "")}")),
    ])
    { Strip = Strip };

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
        var explained = card.HasAuxiliaryDecoder ? Explanation.Of(model, tokenizer, questions, card) : null;
        return [.. examples.Select((example, index) => new DecodedQuestion(
            example.Question,
            example.Answer,
            tokenizer.Decode(AnswerGenerator.Generate(model, [questions[index]], plan)[0], skipSpecialTokens: true),
            new LatentStrip(
                "chain in the data",
                [.. tokenizer.Encode(example.Rationale, addSpecialTokens: false).Select(id => tokenizer.Decode([id]))],
                card.PrefixIds.Length > 0 ? tokenizer.Decode([card.PrefixIds[0]]) : null,
                Read(tokenizer, LatentDecoding.ByLevel(model, [questions[index]], card.Reasoning, TokensShown)[0])))
        { Explanations = explained?[index] ?? [] })];
    }

    private static LatentToken[][][] Read(TextTokenizer tokenizer, NearToken[][][] steps) =>
        [.. steps.Select(step => (LatentToken[][])[.. step.Select(level =>
            (LatentToken[])[.. level.Select(near => new LatentToken(tokenizer.Decode([near.Id]), near.Share))])])];
}
