using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;

namespace LoRi.Models.Reasoning;

/// <summary>Latent steps between two markers, then the answer prefix; the model writes the answer.</summary>
/// <param name="Steps">Latent steps M.</param>
public abstract record LatentReasoning(int Steps) : IReasoning
{
    private const int Markers = 2;

    /// <summary>Replaces what its steps are fed; null to leave it. No card has it.</summary>
    public LatentEdit? Edit { get; init; }

    /// <inheritdoc/>
    public AnswerMode Mode => AnswerMode.Latent;

    /// <inheritdoc/>
    public int LatentSteps => Steps;

    /// <inheritdoc/>
    public int Fed => Markers + Steps;

    /// <inheritdoc/>
    public abstract JsonObject Latents { get; }

    /// <inheritdoc/>
    public IReasoning WithSteps(int latentSteps) => this with { Steps = latentSteps };

    /// <inheritdoc/>
    public abstract LatentSteps Think(ReasoningModel model, DecoderWeights weights, IReadOnlyList<int[]> questions, bool trajectory);

    /// <inheritdoc/>
    public ReasoningPass Run(ReasoningModel model, DecoderWeights weights, IReadOnlyList<int[]> questions, int[] prefix)
    {
        ArgumentNullException.ThrowIfNull(model);
        var latent = Think(model, weights, questions, trajectory: false);
        var fed = PaddedRows.Right([.. questions.Select(_ => (int[])[model.Special.Eot, .. prefix])], model.Device);
        var after = model.Decoder.Forward(weights, model.Decoder.Embed(weights, fed), fed.After(latent.Progress), latent.Cache);
        return new(after.Final.select(1, fed.Width - 1), after.Cache, fed.Advance(latent.Progress), latent);
    }
}

/// <summary>Latent steps one after the other, the input of each the projected state before it.</summary>
/// <param name="Steps">Latent steps M.</param>
/// <param name="PerStep">Latent steps that stand for one step of the rationale; 0 where they do not.</param>
public sealed record SequentialReasoning(int Steps, int PerStep = 0) : LatentReasoning(Steps)
{
    /// <summary>The kind's name on a card.</summary>
    public const string Kind = "sequential";

    /// <inheritdoc/>
    public override JsonObject Latents => PerStep == 0
        ? new() { ["kind"] = Kind, ["steps"] = Steps }
        : new() { ["kind"] = Kind, ["steps"] = Steps, ["per_step"] = PerStep };

    /// <inheritdoc/>
    public override LatentSteps Think(ReasoningModel model, DecoderWeights weights, IReadOnlyList<int[]> questions, bool trajectory) =>
        LatentPass.Run(model, weights, questions, Steps, trajectory, Edit);

    /// <summary>What a card says.</summary>
    /// <exception cref="JsonException">A number is missing or out of range, or the two do not fit together.</exception>
    internal static SequentialReasoning Read(JsonObject json)
    {
        var steps = ReasoningKinds.Whole(json, "steps");
        var perStep = json.ContainsKey("per_step") ? ReasoningKinds.Whole(json, "per_step") : 0;
        return perStep == 0 || steps % perStep == 0
            ? new(steps, perStep)
            : throw new JsonException($"latents.per_step is {perStep}, which does not divide latents.steps, {steps}");
    }
}

/// <summary>Latent steps side by side, refined by Jacobi sweeps.</summary>
/// <param name="Steps">Latent steps M.</param>
/// <param name="Sweeps">Sweeps T.</param>
public sealed record JacobiReasoning(int Steps, int Sweeps) : LatentReasoning(Steps)
{
    /// <summary>The kind's name on a card.</summary>
    public const string Kind = "jacobi";

    /// <inheritdoc/>
    public override JsonObject Latents => new() { ["kind"] = Kind, ["steps"] = Steps, ["sweeps"] = Sweeps };

    /// <inheritdoc/>
    public override LatentSteps Think(ReasoningModel model, DecoderWeights weights, IReadOnlyList<int[]> questions, bool trajectory) =>
        JacobiPass.Run(model, weights, questions, Steps, Sweeps, trajectory, edit: Edit);
}
