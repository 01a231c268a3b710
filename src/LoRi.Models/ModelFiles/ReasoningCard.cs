using System.Text.Json;
using LoRi.Files;
using LoRi.Files.Json;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;

namespace LoRi.Models.ModelFiles;

/// <summary>How a trained model is to be asked: <c>lori.json</c> beside its weights. Commands ask it and never the method's name.</summary>
public sealed record ReasoningCard
{
    /// <summary>The file's name.</summary>
    public const string FileName = "lori.json";

    /// <summary>The file of the projection's weights, beside the card.</summary>
    public const string WeightsFile = "lori.safetensors";

    internal const string Remedy = "copy the file that training wrote";

    /// <summary>The method it was trained with.</summary>
    public required string Method { get; init; }

    /// <summary>How question, rationale and answer are written.</summary>
    public SequenceForm Form { get; init; } = SequenceForm.Plain;

    /// <summary>How a question becomes an answer.</summary>
    public required IReasoning Reasoning { get; init; }

    /// <summary>Text of the answer prefix.</summary>
    public required string AnswerPrefix { get; init; }

    /// <summary>Ids of the answer prefix as it was trained.</summary>
    public required int[] PrefixIds { get; init; }

    /// <summary>The special tokens; those of latent steps have a meaning where there are any.</summary>
    public required SpecialIds Special { get; init; }

    /// <summary>Ids that end an answer; the end of sequence among them.</summary>
    public IReadOnlyList<int> EndIds { get; init; } = [];

    /// <summary>How many of these a model writes before its answer is at its end.</summary>
    public int StopAfterEnds { get; init; } = 1;

    /// <summary>The feedback projection.</summary>
    public required ProjectionKind Projection { get; init; }

    /// <summary>Inner width of the mlp projection.</summary>
    public required int ProjectionWidth { get; init; }

    /// <summary>Folders beside the card that hold what the model needs to answer, beside its weights.</summary>
    public IReadOnlyList<string> Parts { get; init; } = [];

    /// <summary>Whether an auxiliary decoder lies among them, which says what latent steps stand for.</summary>
    public bool HasAuxiliaryDecoder => Parts.Contains(AuxiliaryDecoder.Name) && LatentSlots.Of(Reasoning) is not null;

    /// <summary>
    /// How many steps of a chain training rows had for the auxiliary decoder to write, from the first on; what it says of later ones it was
    /// never taught. Null where there is no such decoder.
    /// </summary>
    public int? ExplainedSteps { get; init; }

    /// <summary>Where in its training the weights were taken; null where that is not known.</summary>
    public TrainedAt? Trained { get; init; }

    /// <summary>What the file that it was read from calls its fields, for messages.</summary>
    internal CardFields Fields { get; init; } = new("latents.steps", "markers.start", "markers.end");

    /// <summary>Text of the answer prefix; null where its form has none.</summary>
    public string? OwnAnswerPrefix => AnswerPrefix.Length > 0 ? AnswerPrefix : null;

    /// <summary>Latent steps; 0 where it has none.</summary>
    public int LatentSteps => Reasoning.LatentSteps;

    /// <summary>The ids that end an answer.</summary>
    public IReadOnlyList<int> Ends => EndIds.Count > 0 ? EndIds : [Special.Eos];

    /// <summary>Reads the card of a model folder; null where there is none (a plain checkpoint).</summary>
    /// <param name="folder">A model folder.</param>
    /// <exception cref="InputException">The file is malformed, or of a version that is not known.</exception>
    public static ReasoningCard? Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            var card = CardFile.Read(JsonFile.ReadBytes(path), path);
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
        var (name, wrong) = Ids(LatentSteps > 0).FirstOrDefault(id => id.Id >= rows);
        if (name is not null)
        {
            throw new InputException($"{path}: {name} names the id {wrong}, but the model's table has ids up to {rows - 1}; {Remedy}");
        }

        if (LatentSteps >= config.MaxPositions)
        {
            throw new InputException(
                $"{path}: {Fields.Steps} is {LatentSteps}, but the model was made for {config.MaxPositions} positions; {Remedy}");
        }

        if (Reasoning.Modules(config).FirstOrDefault(module => module.Exported && !Parts.Contains(module.Name)) is { } part)
        {
            throw new InputException($"{path}: its parts lack {part.Name}, which the model needs to answer; {Remedy}");
        }

        var weights = new FileInfo(Path.Combine(folder, WeightsFile));
        if (Projection == ProjectionKind.Mlp && weights.Exists
            && (ProjectionWidth < 1 || (long)ProjectionWidth * config.HiddenSize > weights.Length))
        {
            throw new InputException(
                $"{path}: projection_width is {ProjectionWidth}, which does not fit the {weights.Length} bytes of {WeightsFile}; {Remedy}");
        }
    }

    /// <summary>The card as JSON.</summary>
    public byte[] ToJson() => CardFile.Write(this);

    private IEnumerable<(string Name, int Id)> Ids(bool latent) =>
    [
        ("eos_id", Special.Eos),
        .. PrefixIds.Select(id => ("prefix_ids", id)),
        .. EndIds.Select(id => ("end_ids", id)),
        .. latent ? [(Fields.Start, Special.Bot), (Fields.End, Special.Eot)] : Array.Empty<(string, int)>(),
        .. latent && Special.Latent is { } marker ? [("markers.latent", marker)] : Array.Empty<(string, int)>(),
    ];

    private string? Negative()
    {
        (string Name, int Value)[] fields = [.. Ids(latent: true), (Fields.Steps, LatentSteps), ("projection_width", ProjectionWidth),
            ("explained_steps", ExplainedSteps ?? 0)];
        return fields.Where(field => field.Value < 0).Select(field => $"{field.Name} holds {field.Value}").FirstOrDefault();
    }
}

/// <summary>Names of a card's fields that have changed from version to version.</summary>
internal sealed record CardFields(string Steps, string Start, string End);

/// <summary>Where in its training a model was taken.</summary>
/// <param name="Stage">The stage's name.</param>
/// <param name="Step">Steps made in that stage.</param>
/// <param name="Kept">Whether these are the last weights of the stage, or its best by validation: <c>last</c> or <c>best</c>.</param>
public sealed record TrainedAt(string Stage, int Step, string Kept);
