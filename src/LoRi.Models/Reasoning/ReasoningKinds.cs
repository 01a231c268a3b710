using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files;

namespace LoRi.Models.Reasoning;

/// <summary>The ways of reasoning that a card can name. Methods that bring one of their own add it.</summary>
public static class ReasoningKinds
{
    private static readonly ConcurrentDictionary<string, Func<JsonObject, IReasoning>> Known = new(StringComparer.Ordinal)
    {
        [SequentialReasoning.Kind] = SequentialReasoning.Read,
        [JacobiReasoning.Kind] = json => new JacobiReasoning(Whole(json, "steps"), Whole(json, "sweeps")),
        [SubstitutedReasoning.Kind] = SubstitutedReasoning.Read,
    };

    /// <summary>Adds a kind that the <c>latents</c> of a card may name.</summary>
    /// <param name="kind">Its name.</param>
    /// <param name="read">Makes the reasoning from the card's <c>latents</c>.</param>
    public static void Add(string kind, Func<JsonObject, IReasoning> read) => Known[kind] = read;

    /// <summary>A whole number from 1 on.</summary>
    /// <param name="json">The object of a card.</param>
    /// <param name="name">The key that is read.</param>
    /// <exception cref="JsonException">There is none under this name.</exception>
    public static int Whole(JsonObject json, string name)
    {
        ArgumentNullException.ThrowIfNull(json);
        return json[name] is JsonValue value && value.TryGetValue<int>(out var number) && number > 0
            ? number
            : throw new JsonException(
                $"latents.{name} must be a whole number from 1 on, it is {json[name]?.ToJsonString() ?? "not there"}");
    }

    /// <summary>What a card says.</summary>
    /// <param name="mode">Its mode.</param>
    /// <param name="latents">Its latent steps; null where it names none.</param>
    /// <param name="path">The card, for messages.</param>
    /// <exception cref="InputException">The kind is not known, or its numbers are wrong.</exception>
    internal static IReasoning Read(AnswerMode mode, JsonObject? latents, string path)
    {
        if (mode is AnswerMode.Direct or AnswerMode.Explicit)
        {
            return latents is null
                ? mode == AnswerMode.Direct ? PlainReasoning.Direct : PlainReasoning.Explicit
                : throw new InputException(
                    $"{path}: mode is {mode.ToString().ToLowerInvariant()}, which takes no latent steps, but latents names some; copy the "
                    + "file that training wrote");
        }

        var kind = latents?["kind"] is JsonValue value && value.TryGetValue<string>(out var name) ? name : null;
        if (kind is null || !Known.TryGetValue(kind, out var read))
        {
            throw new InputException(
                $"{path}: latents.kind is {latents?["kind"]?.ToJsonString() ?? "not there"}, known "
                + $"are {string.Join(", ", Known.Keys.Order(StringComparer.Ordinal))}; "
                + "a method of one's own is made known with --plugin");
        }

        try
        {
            return read(latents!);
        }
        catch (JsonException error)
        {
            throw new InputException($"{path}: {error.Message}; copy the file that training wrote", error);
        }
    }
}
