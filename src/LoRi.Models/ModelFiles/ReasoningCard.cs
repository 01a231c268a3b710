using System.Text.Json;
using System.Text.Json.Serialization;
using LoRi.Files;
using LoRi.Files.Json;
using LoRi.Models.Decoders;

namespace LoRi.Models.ModelFiles;

/// <summary>How a trained model is to be asked: <c>lori.json</c> beside its weights.</summary>
public sealed record ReasoningCard
{
    /// <summary>The file's name.</summary>
    public const string FileName = "lori.json";

    /// <summary>The file of the projection's weights, beside the card.</summary>
    public const string WeightsFile = "lori.safetensors";

    private const string Remedy = "copy the file that training wrote";

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
    };

    /// <summary>The method it was trained with.</summary>
    public required string Method { get; init; }

    /// <summary>Latent steps; 0 where it has none.</summary>
    public required int LatentSteps { get; init; }

    /// <summary>Text of the answer prefix.</summary>
    public required string AnswerPrefix { get; init; }

    /// <summary>Ids of the answer prefix as it was trained.</summary>
    public required int[] PrefixIds { get; init; }

    /// <summary>Id of <c>&lt;bot&gt;</c>.</summary>
    public required int BotId { get; init; }

    /// <summary>Id of <c>&lt;eot&gt;</c>.</summary>
    public required int EotId { get; init; }

    /// <summary>Id that ends an answer.</summary>
    public required int EosId { get; init; }

    /// <summary>The feedback projection.</summary>
    public required ProjectionKind Projection { get; init; }

    /// <summary>Inner width of the mlp projection.</summary>
    public required int ProjectionWidth { get; init; }

    /// <summary>The special tokens.</summary>
    [JsonIgnore]
    public SpecialIds Special => new(BotId, EotId, EosId);

    /// <summary>Reads the card of a model folder; null where there is none (a plain checkpoint).</summary>
    /// <exception cref="InputException">The file is malformed.</exception>
    public static ReasoningCard? Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            var card = JsonSerializer.Deserialize<ReasoningCard>(JsonFile.ReadBytes(path), Options)
                ?? throw new InputException($"{path}: holds null where an object is expected; {Remedy}");
            return card.Negative() is { } field ? throw new InputException($"{path}: {field}, which cannot be below 0; {Remedy}") : card;
        }
        catch (JsonException error)
        {
            throw new InputException($"{path}: {JsonReason.Of(error)}; {Remedy}", error);
        }
    }

    /// <summary>Refuses ids, steps and sizes that the model beside the card does not have, before anything is made of them.</summary>
    /// <param name="folder">The folder of the card.</param>
    /// <param name="rows">Rows of the model's table.</param>
    /// <param name="config">The model.</param>
    /// <exception cref="InputException">The card belongs to another model, or is damaged.</exception>
    public void CheckFits(string folder, int rows, DecoderConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var path = Path.Combine(folder, FileName);
        (string Name, int Id)[] ids =
            [("eos_id", EosId), .. PrefixIds.Select(id => ("prefix_ids", id)), .. LatentSteps > 0 ? [("bot_id", BotId), ("eot_id", EotId)] : Array.Empty<(string, int)>()];
        var (name, wrong) = ids.FirstOrDefault(id => id.Id >= rows);
        if (name is not null)
        {
            throw new InputException($"{path}: {name} names the id {wrong}, but the model's table has ids up to {rows - 1}; {Remedy}");
        }

        if (LatentSteps >= config.MaxPositions)
        {
            throw new InputException($"{path}: latent_steps is {LatentSteps}, but the model was made for {config.MaxPositions} positions; {Remedy}");
        }

        var weights = new FileInfo(Path.Combine(folder, WeightsFile));
        if (Projection == ProjectionKind.Mlp && weights.Exists && (ProjectionWidth < 1 || (long)ProjectionWidth * config.HiddenSize > weights.Length))
        {
            throw new InputException($"{path}: projection_width is {ProjectionWidth}, which does not fit the {weights.Length} bytes of {WeightsFile}; {Remedy}");
        }
    }

    private string? Negative()
    {
        (string Name, int Value)[] fields =
        [
            ("latent_steps", LatentSteps), ("bot_id", BotId), ("eot_id", EotId), ("eos_id", EosId), ("projection_width", ProjectionWidth),
            .. PrefixIds.Select(id => ("prefix_ids", id)),
        ];
        return fields.Where(field => field.Value < 0).Select(field => $"{field.Name} holds {field.Value}").FirstOrDefault();
    }

    /// <summary>The card as JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Options);
}
