using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Tokenizers;
using LoRi.Jinja;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Native;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Runs.Plans;

namespace LoRi.Runs.Answers;

/// <summary>What a model wrote.</summary>
/// <param name="Ids">New ids, the end token that stopped it included.</param>
/// <param name="Text">Their text without control tokens; null without a tokenizer.</param>
/// <param name="LatentSteps">Latent steps before them.</param>
/// <param name="Seconds">From the question to the text.</param>
public sealed record GeneratedAnswer(int[] Ids, string? Text, int LatentSteps, double Seconds)
{
    /// <summary>Whether its first token was the one that ends an answer.</summary>
    public bool EndedAtOnce { get; init; }

    /// <summary>What its latent steps stand for; empty where that is not asked for.</summary>
    public IReadOnlyList<Explanation> Explanations { get; init; } = [];

    /// <summary>What is to be known of it: the first time that a sequence is longer than the model was made for; null otherwise.</summary>
    public string? Note { get; init; }
}

/// <summary>A loaded model that answers questions: <c>lori generate</c>.</summary>
public sealed class AnsweringModel : IDisposable
{
    private const int WarmUpTokens = 16;

    private readonly AnsweringOptions options;
    private readonly ReasoningModel model;
    private readonly ReasoningCard? card;
    private readonly TextTokenizer? tokenizer;
    private readonly ChatTemplate? template;
    private readonly IReasoning reasoning;
    private readonly JsonArray said = [];
    private int answers;
    private bool lengthNoted;

    private AnsweringModel(
        AnsweringOptions options, ReasoningModel model, ReasoningCard? card, TextTokenizer? tokenizer, ChatTemplate? template)
    {
        (this.options, this.model, this.card, this.tokenizer, this.template) = (options, model, card, tokenizer, template);
        reasoning = StageModel.Reasoning(options.LatentSteps, options.Model, model, card);
    }

    /// <summary>The model, as it was named.</summary>
    public string Path => options.Model;

    /// <summary>
    /// Whether a chat template waits that questions do not go through; what a run of this program trained is asked plainly.
    /// </summary>
    public bool HasUnusedTemplate => template is null && card is null && tokenizer?.Config["chat_template"] is not null;

    /// <summary>Whether questions go through a chat template, with what was said before.</summary>
    public bool IsChat => template is not null;

    /// <summary>What answers, and how, in a few words.</summary>
    public string Description
    {
        get
        {
            var method = $"method {card?.Method ?? "none"}";
            var steps = reasoning.LatentSteps is > 0 and var count ? $", {count} latent step{(count == 1 ? "" : "s")}" : "";
            var drawn = options.Sampling is { } draws
                ? string.Create(CultureInfo.InvariantCulture, $"drawn at temperature {draws.Temperature}")
                : "the likeliest token";
            var asked = template is null ? "every question stands alone" : "a chat, by the model's template";
            return $"{model.Config.Family.ToString().ToLowerInvariant()}, {method}{steps}; {drawn}, at most {options.MaxNewTokens} "
                + $"tokens; {asked}";
        }
    }

    /// <summary>What was assumed or left out when the model was loaded.</summary>
    public IReadOnlyList<string> Notes =>
    [
        .. model.Notes, .. ModelQueries.ArithmeticNotes(options.Dtype, options.Device), .. tokenizer?.Notes ?? [],
        .. new[] { StageModel.OtherStepsNote(reasoning, card) }.OfType<string>(),
    ];

    /// <summary>
    /// Loads libtorch and the weights, and beside them tokenizer and template. What is wrong with the latter two is said first.
    /// </summary>
    /// <param name="options">How it is asked.</param>
    /// <param name="needsText">Whether it is asked in words.</param>
    /// <exception cref="InputException">Something is missing, malformed or does not fit.</exception>
    public static AnsweringModel Load(AnsweringOptions options, bool needsText)
    {
        ArgumentNullException.ThrowIfNull(options);
        var words = Task.Run(() => Words(options, needsText));
        NativeRuntime.Load(options.Native);
        var (model, card) = Weights(options, words);
        try
        {
            var (tokenizer, template) = words.GetAwaiter().GetResult();
            return new AnsweringModel(options, model, card, tokenizer is null ? null : StudentMarkers.AsText(tokenizer, card), template);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static (TextTokenizer? Tokenizer, ChatTemplate? Template) Words(AnsweringOptions options, bool needsText)
    {
        var tokenizer = needsText
            ? StageModel.Tokenizer(options.Model, options.Tokenizer)
            : StageModel.FindTokenizer(options.Model, options.Tokenizer);
        var template = options.Chat
            ? ChatTemplate.Find(tokenizer!)
                ?? throw new InputException(
                    $"--chat: {options.Model} has no chat template; leave --chat out, or put a chat_template.jinja beside its tokenizer")
            : null;
        return (tokenizer, template);
    }

    private static (ReasoningModel Model, ReasoningCard? Card) Weights(AnsweringOptions options, Task words)
    {
        try
        {
            if (options.Explain)
            {
                Explanation.Check(options);
            }

            var load = ModelQueries.Settings(options.Dtype, options.Device, options.Weights) with { WithKept = options.Explain };
            return ModelQueries.Load(options.Model, load, options.Adapter);
        }
        catch (InputException)
        {
            words.GetAwaiter().GetResult();
            throw;
        }
    }

    /// <summary>Whether a model writes chains of thought: one that was trained to, or any that was not trained here.</summary>
    /// <param name="path">Its folder or file.</param>
    public static bool WritesChains(string path) => ModelLoader.Card(path) is not { } card || card.Reasoning.Mode == AnswerMode.Explicit;

    /// <summary>Refuses, before any weights are read, a model that does not write its chain of thought.</summary>
    /// <param name="flag">The option that named the model, for the message.</param>
    /// <param name="path">The model.</param>
    /// <exception cref="InputException">It is a student.</exception>
    public static void CheckExplicit(string flag, string path)
    {
        if (ModelLoader.Card(path) is { } card && card.Reasoning.Mode != AnswerMode.Explicit)
        {
            throw new InputException(
                $"{flag} {path}: was trained by the method {card.Method} and writes no chain of thought; name the explicit teacher");
        }
    }

    /// <summary>Continues a text; in a chat, answers it after what was said before.</summary>
    /// <param name="question">The text.</param>
    /// <param name="written">Told the answer's text while it is written, in parts of whole characters.</param>
    /// <exception cref="InputException">It is too long, or the template refuses it.</exception>
    public GeneratedAnswer Answer(string question, Action<string>? written = null)
    {
        var clock = Stopwatch.StartNew();
        if (template is null)
        {
            StudentMarkers.CheckPrompt(tokenizer!, question, options.Asked);
            return Generate(Encode(question), options.Asked, clock, written);
        }

        JsonArray messages = [.. said.Select(message => message!.DeepClone()), Message("user", question)];
        var rendered = template.Render(messages, addGenerationPrompt: true);
        StudentMarkers.CheckPrompt(tokenizer!, rendered, options.Asked);
        var prompt = tokenizer!.Encode(rendered, addSpecialTokens: false);
        var answer = Generate(prompt, options.Asked, clock, written);
        said.Add(Message("user", question));
        said.Add(Message("assistant", answer.Text!));
        return answer;
    }

    /// <summary>Continues ids.</summary>
    /// <param name="ids">Ids of what is continued, as they are fed to the model.</param>
    /// <param name="written">Gets the text as it grows; null where nobody waits for it.</param>
    /// <exception cref="InputException">They are not the model's, or too many.</exception>
    public GeneratedAnswer Answer(int[] ids, Action<string>? written = null) =>
        Generate(ids, ModelQueries.IdsOption, Stopwatch.StartNew(), written);

    /// <summary>
    /// Answers with two tokens that no one sees: the first passes of a model, over a question and over one token, take longer than all
    /// others, and would be timed with the first question.
    /// </summary>
    public void WarmUp()
    {
        _ = tokenizer?.Encode("1 + 1", addSpecialTokens: true);
        var plan = Plan(ModelQueries.IdsOption) with { MaxNewTokens = 2, EndIds = [] };
        var length = System.Math.Min(WarmUpTokens, model.Config.LongestSequence - plan.FedBesideQuestion);
        if (length > 0)
        {
            AnswerGenerator.Generate(model, [new int[length]], plan);
        }
    }

    /// <summary>Forgets what was said before.</summary>
    public void StartOver() => said.Clear();

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    private int[] Encode(string question) =>
        ExampleEncoder.Question(tokenizer!, card?.Form ?? SequenceForm.Plain, question, model.Special.Eos);

    /// <summary>How ids are continued: what answers at once continues ids that are all there is, without its prefix.</summary>
    private GenerationPlan Plan(string named)
    {
        var reasoning = named == ModelQueries.IdsOption && this.reasoning.Mode == AnswerMode.Direct
            ? PlainReasoning.Explicit
            : this.reasoning;
        var ends = EndTokens.Of(options.Model, model.Config, card);
        return new GenerationPlan(reasoning, card?.PrefixIds ?? [], options.MaxNewTokens,
            ends)
        { StopAfterEnds = card?.StopAfterEnds ?? 1 };
    }

    private GeneratedAnswer Generate(int[] prompt, string named, Stopwatch clock, Action<string>? told)
    {
        ModelQueries.CheckIds(prompt, model, options.Model, named);
        var plan = Plan(named) with
        {
            Sampler = options.Sampling is null ? null : new TokenSampler(options.Sampling, $"answer {answers++}"),
        };
        if (prompt.Length + plan.FedBesideQuestion > model.Config.LongestSequence)
        {
            throw new InputException(
                $"{named}: {prompt.Length} tokens, and {plan.FedBesideQuestion} more are fed with them (latent steps, their markers, the "
                + $"answer prefix), but {Path} {model.Config.LongestReason}; shorten it");
        }

        MemoryCheck.Answering(model, 1, prompt.Length + plan.FedBesideQuestion, plan.MaxNewTokens, $"{named}: {prompt.Length} tokens",
            "shorten it, or lower --max-new-tokens");
        var stream = told is null || tokenizer is null ? null : new IncrementalText(tokenizer);
        var written = AnswerGenerator.Generate(model, [prompt], plan, stream is null ? null : (_, id) => Tell(told!, stream.Add(id)))[0];
        Tell(told, stream?.End());
        return new GeneratedAnswer(written, tokenizer?.Decode(written, skipSpecialTokens: true), reasoning.LatentSteps,
            clock.Elapsed.TotalSeconds)
        {
            EndedAtOnce = written.Length == 1 && plan.EndIds.Contains(written[0]),
            Explanations = options.Explain ? Explanation.Of(model, tokenizer, [prompt], card!)[0] : [],
            Note = LengthNote(prompt.Length + reasoning.LatentSteps + written.Length),
        };
    }

    private static void Tell(Action<string>? told, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            told?.Invoke(text);
        }
    }

    private string? LengthNote(int length)
    {
        var note = lengthNoted ? null : model.Config.LengthNote(length);
        lengthNoted |= note is not null;
        return note;
    }
}
