namespace LoRi.Models.Decoders;

/// <summary>
/// Weights that a method trains beside the decoder and its projection: an auxiliary decoder, an emulator. They lie in the model's own
/// <see cref="ParameterSet"/>, so that optimizer, clipping and checkpoints treat them like all others.
/// </summary>
/// <param name="Name">Its name; the names of its slots begin with it and a dot.</param>
/// <param name="Slots">Its weights.</param>
public sealed record ModelModule(string Name, IReadOnlyList<ParameterSlot> Slots)
{
    /// <summary>
    /// Whether it is written beside the weights, as the trained model needs it to answer or is to be looked into with it; else it serves
    /// the training alone.
    /// </summary>
    public bool Exported { get; init; }

    /// <summary>Fills it before the first step, from the model and the run's seed; zero where there is nothing to do.</summary>
    public Action<ReasoningModel, long>? Initialise { get; init; }

    /// <summary>A copy of the decoder under this module's name, without the rows that the model appended to its tables.</summary>
    /// <param name="name">The module's name, which its parameters' names begin with.</param>
    /// <param name="config">The shape of the decoder.</param>
    public static ModelModule CopyOfDecoder(string name, DecoderConfig config) =>
        new(name, [.. DecoderLayout.Slots(config, 0).Select(slot => slot.Under(name))])
        {
            Initialise = (model, _) => CopyDecoder(name, model),
        };

    private static void CopyDecoder(string name, ReasoningModel model)
    {
        using var guard = TorchSharp.torch.no_grad();
        using var scope = TorchSharp.torch.NewDisposeScope();
        foreach (var slot in DecoderLayout.Slots(model.Config, 0))
        {
            var copy = model.Parameters[$"{name}.{slot.Name}"].detach();
            copy.copy_(model.Parameters[slot.Name].detach().narrow(0, 0, copy.shape[0]));
        }
    }
}
