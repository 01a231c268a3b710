using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using static TorchSharp.torch;

namespace LoRi.Models.Reasoning;

/// <summary>How latent steps are shared out among the steps of a chain that they stand for.</summary>
/// <param name="Slots">Steps of the chain that there is room for.</param>
/// <param name="PerSlot">Latent inputs of each.</param>
/// <param name="FirstPosition">The position of a slot's first latent in its explanation.</param>
internal sealed record LatentSlots(int Slots, int PerSlot, int FirstPosition)
{
    /// <summary>
    /// The slots of a way of reasoning: as many latents as it has for a step of the chain; where it has no such number, one each, and
    /// one more for the state after the last latent step. Null where latent steps do not follow each other.
    /// </summary>
    public static LatentSlots? Of(IReasoning reasoning) => reasoning is not SequentialReasoning latent ? null
        : latent.PerStep > 0 ? new(latent.Steps / latent.PerStep, latent.PerStep, 1)
        : new(latent.Steps + 1, 1, 0);

    /// <summary>The latent inputs of all slots, [B, slots x per slot, d].</summary>
    /// <param name="model">The model.</param>
    /// <param name="steps">What its latent steps gave.</param>
    public Tensor Inputs(ReasoningModel model, LatentSteps steps)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(steps);
        var latents = steps.Latents!;
        return latents.shape[1] == Slots * PerSlot ? latents : cat([latents, model.Feedback(steps.Last!)], 1);
    }

    /// <summary>The latent inputs of one slot, [B, per slot, d].</summary>
    /// <param name="inputs">Those of all slots.</param>
    /// <param name="slot">Which, from 0.</param>
    public Tensor Of(Tensor inputs, int slot)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        return inputs.narrow(1, (long)slot * PerSlot, PerSlot);
    }

    /// <summary>What a slot is called: its latent steps, numbered from 1.</summary>
    /// <param name="slot">Which, from 0.</param>
    /// <param name="steps">Latent steps that are fed.</param>
    public string Name(int slot, int steps)
    {
        var (first, last) = ((slot * PerSlot) + 1, (slot + 1) * PerSlot);
        return first > steps ? "after the last latent step" : first == last ? $"latent step {first}" : $"latent steps {first} to {last}";
    }
}

/// <summary>
/// A second decoder beside the model's, which learns to write the step of the chain that a latent stands for. It reads latents and the
/// embeddings of the model's own table; its head is its own, of the vocabulary that the weights have without markers.
/// </summary>
internal static class AuxiliaryDecoder
{
    /// <summary>The name of its module.</summary>
    public const string Name = "decoder";

    /// <summary>Its weights, which begin as the model's; all matrices and tables are decayed, biases and norms are not.</summary>
    /// <param name="config">The shape of the model, without the rows of markers.</param>
    public static ModelModule Module(DecoderConfig config)
    {
        var copy = ModelModule.CopyOfDecoder(Name, config);
        return copy with { Slots = [.. copy.Slots.Select(slot => slot with { Decay = slot.Shape.Length > 1 })] };
    }

    /// <summary>Its weights as a pass reads them; make them once per step.</summary>
    /// <param name="model">The model.</param>
    /// <param name="weights">The model's own weights of this step.</param>
    public static DecoderWeights Weights(ReasoningModel model, DecoderWeights weights)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(weights);
        return model.WeightsOf(Name) with
        {
            Embedding = weights.Embedding,
            DeferredTable = weights.DeferredTable,
            StoredTable = weights.StoredTable,
            InputRows = weights.InputRows,
        };
    }

    /// <summary>
    /// What it writes of every slot of some questions: [question][slot], ids with the end of sequence where it came to one.
    /// </summary>
    /// <param name="model">The model, with this module.</param>
    /// <param name="questions">Ids of the questions.</param>
    /// <param name="reasoning">How the model reasons.</param>
    /// <param name="mostTokens">Most tokens of an explanation.</param>
    public static IReadOnlyList<IReadOnlyList<int[]>> Explain(
        ReasoningModel model, IReadOnlyList<int[]> questions, IReasoning reasoning, int mostTokens)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(questions);
        ArgumentNullException.ThrowIfNull(reasoning);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var weights = model.Weights();
        var explaining = Weights(model, weights);
        var slots = LatentSlots.Of(reasoning)!;
        var inputs = slots.Inputs(model, reasoning.Think(model, weights, questions, trajectory: false)!);
        var plan = new GenerationPlan(reasoning, [], mostTokens, [model.Special.Eos]);
        var said = Enumerable.Range(0, slots.Slots).Select(slot => Begin(model, explaining, slots, slots.Of(inputs, slot)))
            .Select(begun => AnswerGenerator.Continue(model, explaining, begun, plan)).ToArray();
        return [.. questions.Select((_, row) => (IReadOnlyList<int[]>)[.. said.Select(slot => slot[row])])];
    }

    private static ReasoningPass Begin(ReasoningModel model, DecoderWeights explaining, LatentSlots slots, Tensor latents)
    {
        var rows = PaddedRows.Right([.. Enumerable.Repeat(new int[slots.PerSlot], (int)latents.shape[0])], model.Device);
        var start = ExplanationPass.At((int)latents.shape[0], slots.FirstPosition);
        var pass = model.Decoder.Forward(explaining, latents, rows.After(start));
        return new(pass.Final.select(1, slots.PerSlot - 1), pass.Cache, rows.Advance(start));
    }
}
