using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LoRi.Files;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;

namespace LoRi.Models.ModelFiles;

/// <summary>The card as a file: version 2 is written; version 1, which had no number, is read as well.</summary>
internal static class CardFile
{
    private const int Version = 2;

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
    };

    private static readonly JsonSerializerOptions Loose = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Reads a card of either version.</summary>
    /// <exception cref="JsonException">It is malformed.</exception>
    /// <exception cref="InputException">It is of another version, or names latent steps of a kind that is not known.</exception>
    public static ReasoningCard Read(byte[] bytes, string path)
    {
        return JsonSerializer.Deserialize<Versioned>(bytes, Loose)?.Version is not { } version
            ? Given(JsonSerializer.Deserialize<First>(bytes, Options), path).ToCard()
            : version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) && number == Version
            ? Given(JsonSerializer.Deserialize<Second>(bytes, Options), path).ToCard(path)
            : throw new InputException(
                $"{path}: is of version {version.GetRawText()}, this program reads versions 1 and {Version}; update lori");
    }

    /// <summary>The card in its present version.</summary>
    public static byte[] Write(ReasoningCard card) => JsonSerializer.SerializeToUtf8Bytes(Second.Of(card), Options);

    private static T Given<T>(T? value, string path)
        where T : class => value ?? throw new InputException($"{path}: holds null where an object is expected; {ReasoningCard.Remedy}");

    private sealed record Versioned(JsonElement? Version);

    /// <summary>Version 1: what is asked was guessed from the number of latent steps and one method's name.</summary>
    private sealed record First(
        string Method, int LatentSteps, string AnswerPrefix, int[] PrefixIds, int BotId, int EotId, int EosId, ProjectionKind Projection,
        int ProjectionWidth)
    {
        private const string WithoutChain = "no-cot";

        public ReasoningCard ToCard() => new()
        {
            Method = Method,
            Reasoning = LatentSteps != 0 ? new SequentialReasoning(LatentSteps) : Method == WithoutChain ? PlainReasoning.Direct
                : PlainReasoning.Explicit,
            AnswerPrefix = AnswerPrefix,
            PrefixIds = PrefixIds,
            Special = new SpecialIds(BotId, EotId, EosId),
            Projection = Projection,
            ProjectionWidth = ProjectionWidth,
            Fields = new CardFields("latent_steps", "bot_id", "eot_id"),
        };
    }

    private sealed record Markers(int Start, int End, int? Latent = null);

    private sealed record Second(
        int Version,
        string Method,
        string Form,
        AnswerMode Mode,
        Markers Markers,
        string Prefix,
        int[] PrefixIds,
        bool PrefixFed,
        int[] EndIds,
        int StopAfterEnds,
        int EosId,
        ProjectionKind Projection,
        int ProjectionWidth,
        JsonObject? Latents = null,
        SequenceForm? FormTexts = null,
        string[]? Parts = null,
        int? ExplainedSteps = null,
        TrainedAt? Trained = null)
    {
        public static Second Of(ReasoningCard card) => new(
            CardFile.Version,
            card.Method,
            card.Form.Name,
            card.Reasoning.Mode,
            new Markers(card.Special.Bot, card.Special.Eot, card.Special.Latent),
            card.AnswerPrefix,
            card.PrefixIds,
            card.Reasoning.FeedsPrefix && card.PrefixIds.Length > 0,
            [.. card.Ends],
            card.StopAfterEnds,
            card.Special.Eos,
            card.Projection,
            card.ProjectionWidth,
            card.Reasoning.Latents,
            card.Form == SequenceForm.Plain ? null : card.Form,
            card.Parts.Count == 0 ? null : [.. card.Parts],
            card.ExplainedSteps,
            card.Trained);

        public ReasoningCard ToCard(string path)
        {
            var card = Read(path);
            return Fault(card.Reasoning) is { } fault ? throw new InputException($"{path}: {fault}; {ReasoningCard.Remedy}") : card;
        }

        private string? Fault(IReasoning reasoning) =>
            Parts?.FirstOrDefault(part => part.Length == 0 || part[0] == '.' || part.IndexOfAny(['/', '\\']) >= 0) is { } part
                ? $"parts names \"{part}\", which is the name of no part of a model"
                : reasoning.Mode != Mode
                ? $"mode is {Name(Mode)}, but latents are those of the mode {Name(reasoning.Mode)}"
                : null;

        private static string Name(AnswerMode mode) => mode.ToString().ToLowerInvariant();

        private ReasoningCard Read(string path) => new()
        {
            Method = Method,
            Form = FormTexts ?? (Form == SequenceForm.Plain.Name
                ? SequenceForm.Plain
                : throw new InputException($"{path}: form names \"{Form}\", whose texts form_texts does not tell; {ReasoningCard.Remedy}")),
            Reasoning = ReasoningKinds.Read(Mode, Latents, path),
            AnswerPrefix = Prefix,
            PrefixIds = PrefixIds,
            Special = new SpecialIds(Markers.Start, Markers.End, EosId) { Latent = Markers.Latent },
            EndIds = EndIds,
            StopAfterEnds = StopAfterEnds,
            Projection = Projection,
            ProjectionWidth = ProjectionWidth,
            Parts = Parts ?? [],
            ExplainedSteps = ExplainedSteps,
            Trained = Trained,
        };
    }
}
