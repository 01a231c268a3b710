using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;

namespace LoRi.Models.Reasoning;

/// <summary>
/// An emulator passes the question, and what it thinks a teacher's states would be is written into the model's own pass over the question,
/// at its end, before every block. The model goes on from there and writes its answer: two passes before the first token.
/// </summary>
/// <param name="Components">Components of the emulator's mixture.</param>
/// <param name="Temperature">Temperature of the choice among them.</param>
/// <param name="Vocabulary">Rows of the emulator's table, which has none for markers.</param>
public sealed record SubstitutedReasoning(int Components, double Temperature, int Vocabulary) : IReasoning
{
    /// <summary>The kind's name on a card.</summary>
    public const string Kind = "substituted";

    /// <inheritdoc/>
    public AnswerMode Mode => AnswerMode.Substituted;

    /// <inheritdoc/>
    public bool FeedsPrefix => false;

    /// <inheritdoc/>
    public JsonObject Latents => new()
    {
        ["kind"] = Kind,
        ["components"] = Components,
        ["temperature"] = Temperature,
        ["vocabulary"] = Vocabulary,
    };

    /// <summary>What emulates the states.</summary>
    internal StateEmulator Emulator => new(Components, Temperature);

    /// <inheritdoc/>
    public IReadOnlyList<ModelModule> Modules(DecoderConfig config) =>
        [StateMaps.Module(config), Emulator.Module(config with { VocabularySize = Vocabulary })];

    /// <inheritdoc/>
    public ReasoningPass Run(ReasoningModel model, DecoderWeights weights, IReadOnlyList<int[]> questions, int[] prefix)
    {
        ArgumentNullException.ThrowIfNull(model);
        var rows = PaddedRows.Left(questions, model.Device);
        var write = StateMaps.Writing(model, Emulator.Run(model, questions), [.. questions.Select(_ => rows.Width - 1)]);
        var pass = model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows), rows.Positions(), intervention: write);
        return new(pass.Final.select(1, rows.Width - 1), pass.Cache, rows.Advance(null));
    }

    /// <summary>What a card says.</summary>
    /// <exception cref="JsonException">A number is missing or out of range.</exception>
    internal static SubstitutedReasoning Read(JsonObject json) =>
        new(ReasoningKinds.Whole(json, "components"), TemperatureOf(json), ReasoningKinds.Whole(json, "vocabulary"));

    private static double TemperatureOf(JsonObject json) =>
        json["temperature"] is JsonValue value && value.TryGetValue<double>(out var found) && found > 0 && double.IsFinite(found)
            ? found
            : throw new JsonException(
                $"latents.temperature must be a number above 0, it is {json["temperature"]?.ToJsonString() ?? "not there"}");
}
