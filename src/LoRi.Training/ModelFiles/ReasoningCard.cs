using System.Text.Json;
using System.Text.Json.Serialization;
using LoRi.Training.Models;

namespace LoRi.Training.ModelFiles;

/// <summary>How a trained model is to be asked: <c>lori.json</c> beside its weights.</summary>
public sealed record ReasoningCard
{
    /// <summary>The file's name.</summary>
    public const string FileName = "lori.json";

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
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
            return JsonSerializer.Deserialize<ReasoningCard>(File.ReadAllBytes(path), Options)
                ?? throw new InputException($"{path}: holds null where an object is expected; copy the file that training wrote");
        }
        catch (JsonException error)
        {
            throw new InputException($"{path}: {error.Message.ReplaceLineEndings(" ")}; copy the file that training wrote", error);
        }
    }

    /// <summary>The card as JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Options);
}
