using System.Text.Json.Nodes;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using static TorchSharp.torch;

namespace LoRi.Models.Reasoning;

/// <summary>Where a model stands when it begins to write.</summary>
/// <param name="State">Final states that predict the next token, [B, d].</param>
/// <param name="Cache">Keys and values so far.</param>
/// <param name="Progress">Where the rows stand.</param>
/// <param name="Latents">What its latent steps gave; null where it took none.</param>
public sealed record ReasoningPass(Tensor State, KeyValueCache Cache, Progress Progress, LatentSteps? Latents = null);

/// <summary>
/// How a question becomes an answer: what is fed, and which steps are taken, before the model writes. Stands on the model's card.
/// </summary>
public interface IReasoning
{
    /// <summary>What the model does before its answer.</summary>
    AnswerMode Mode { get; }

    /// <summary>Latent steps; 0 where there are none.</summary>
    int LatentSteps => 0;

    /// <summary>Tokens and latent steps that are fed beside question and answer prefix.</summary>
    int Fed => 0;

    /// <summary>Whether the answer prefix is fed where there is one, or written by the model.</summary>
    bool FeedsPrefix => true;

    /// <summary>Its latent steps as the card keeps them; null where it takes none.</summary>
    JsonObject? Latents => null;

    /// <summary>Weights that it needs beside the model's.</summary>
    /// <param name="config">The shape of the model.</param>
    IReadOnlyList<ModelModule> Modules(DecoderConfig config) => [];

    /// <summary>The same with another number of latent steps.</summary>
    /// <param name="latentSteps">The number of steps, from 1.</param>
    IReasoning WithSteps(int latentSteps) => this;

    /// <summary>Runs questions to where the answer begins.</summary>
    /// <param name="model">The model.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="questions">Ids of the questions.</param>
    /// <param name="prefix">Ids of the answer prefix; may be empty.</param>
    /// <returns>Where the model stands when it begins to write.</returns>
    ReasoningPass Run(ReasoningModel model, DecoderWeights weights, IReadOnlyList<int[]> questions, int[] prefix);

    /// <summary>The latent steps alone; null where there are none.</summary>
    /// <param name="model">The model.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="questions">Ids of the questions.</param>
    /// <param name="trajectory">Whether their levels are kept.</param>
    LatentSteps? Think(ReasoningModel model, DecoderWeights weights, IReadOnlyList<int[]> questions, bool trajectory) => null;
}
