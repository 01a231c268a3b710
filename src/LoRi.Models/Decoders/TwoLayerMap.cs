using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// Two linear maps with a rectifier between them, W2 relu(W1 x + b1) + b2: a part of a module, named as PyTorch names a sequence.
/// </summary>
/// <param name="First">The first map.</param>
/// <param name="Second">The second map.</param>
internal sealed record TwoLayerMap(LinearMap First, LinearMap Second)
{
    /// <summary>Inner components for one of the result's, as the published emulators have them.</summary>
    private const long Inner = 4;

    /// <summary>Where its weights are: from <paramref name="inputs"/> by four times the outputs to <paramref name="outputs"/>.</summary>
    public static IEnumerable<ParameterSlot> Slots(string name, long inputs, long outputs) =>
        [.. LinearSlots(name + ".0", inputs, Inner * outputs), .. LinearSlots(name + ".2", Inner * outputs, outputs)];

    /// <summary>Where the weights of one linear map with its bias are.</summary>
    public static IEnumerable<ParameterSlot> LinearSlots(string name, long inputs, long outputs) =>
        [new(name + ".weight", [outputs, inputs], true), new(name + ".bias", [outputs], false)];

    /// <summary>The map of a name among a model's modules.</summary>
    public static TwoLayerMap Read(ReasoningModel model, string name) =>
        new(ReadLinear(model, name + ".0"), ReadLinear(model, name + ".2"));

    /// <summary>One linear map of a name among a model's modules.</summary>
    public static LinearMap ReadLinear(ReasoningModel model, string name) =>
        new(model.Weight(name + ".weight"), model.Weight(name + ".bias"));

    /// <summary>The image of <paramref name="x"/>, [.., inputs] to [.., outputs].</summary>
    public Tensor Apply(Tensor x) => Second.Apply(nn.functional.relu(First.Apply(x)));

    /// <summary>Start values of linear maps, as PyTorch draws them: weights and biases uniform within 1 / sqrt(inputs).</summary>
    public static void Initialise(ReasoningModel model, IEnumerable<ParameterSlot> slots, long seed)
    {
        var inputs = 0L;
        foreach (var slot in slots)
        {
            inputs = slot.Shape.Length > 1 ? slot.Shape[^1] : inputs;
            new SeededRandom(seed, slot.Name).FillUniform(model.Parameters[slot.Name], 1 / System.Math.Sqrt(inputs));
        }
    }
}
