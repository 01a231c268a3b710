using LoRi.Models.Decoders;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Sequences;

/// <summary>
/// Emulates a teacher's states from the question alone (Deng et al. 2023, arXiv 2311.01460). A decoder of its own passes the question;
/// before block l, with c the state at the question's end, E the mixture's components and tau its temperature:
/// <c>m = softmax(c E^T / tau) E</c> (of one component, itself), <c>f_l = mlp_l([c; m])</c> is what the teacher's state t_l should be, and
/// what goes on in the place of c comes from a recurrent memory of the f_0 .. f_l (<see cref="StateMemory"/>).
/// </summary>
/// <param name="components">Components of the mixture, K.</param>
/// <param name="temperature">Temperature of the choice among them, tau.</param>
internal sealed class StateEmulator(int components, double temperature)
{
    /// <summary>The module's name.</summary>
    public const string Name = "emulator";

    private const string Components = Name + ".mixture_components.weight";

    /// <summary>The module: a copy of the decoder, and what reads and writes its states.</summary>
    /// <param name="config">The shape of the decoder, without rows of markers.</param>
    public ModelModule Module(DecoderConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var decoder = ModelModule.CopyOfDecoder(Name, config);
        long d = config.HiddenSize;
        ParameterSlot[] maps =
        [
            .. Enumerable.Range(0, config.Layers).SelectMany(layer => TwoLayerMap.Slots(MapOf(layer), 2 * d, d)),
            .. StateMemory.Slots(Name, d),
        ];
        var mixture = new ParameterSlot(Components, [components, d], false);
        return new(Name, [.. decoder.Slots.Select(slot => slot with { Trained = IsRead(slot, config) }), .. maps, mixture])
        {
            Exported = true,
            Initialise = (model, seed) =>
            {
                decoder.Initialise!(model, seed);
                TwoLayerMap.Initialise(model, maps.Where(slot => !StateMemory.IsRecurrent(slot)), seed);
                StateMemory.Initialise(model, maps.Where(StateMemory.IsRecurrent), seed);
                new SeededRandom(seed, Components).FillNormal(model.Parameters[Components], 1);
            },
        };
    }

    /// <summary>The emulated states f_0 .. f_(L-1) of every question, [B, L, d].</summary>
    /// <param name="model">The model that has the module.</param>
    /// <param name="questions">Ids of the questions.</param>
    public Tensor Run(ReasoningModel model, IReadOnlyList<int[]> questions)
    {
        ArgumentNullException.ThrowIfNull(model);
        var weights = model.WeightsOf(Name);
        var rows = PaddedRows.Left(questions, model.Device);
        TwoLayerMap[] maps = [.. Enumerable.Range(0, model.Config.Layers).Select(layer => TwoLayerMap.Read(model, MapOf(layer)))];
        var mixture = model.Weight(Components);
        var memory = new StateMemory(model, Name);
        var states = new Tensor[maps.Length];
        var read = new Intervention([.. questions.Select(_ => rows.Width - 1)], (layer, state) =>
        {
            states[layer] = maps[layer].Apply(cat([state, Mixed(state, mixture)], -1)).MoveToOuterDisposeScope();
            return memory.Next(states[layer]);
        });
        model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows), rows.Positions(), intervention: read);
        return stack(states, 1);
    }

    /// <summary>The last state is read before the last block: what comes after it has no part, and stays as it was copied.</summary>
    private static bool IsRead(ParameterSlot slot, DecoderConfig config)
    {
        var read = Enumerable.Range(0, config.Layers - 1).Select(layer => DecoderLayout.BlockName(config, layer))
            .Append(DecoderLayout.Embedding(config)).Append(DecoderLayout.Positions);
        return read.Any(name => slot.Name.StartsWith($"{Name}.{name}", StringComparison.Ordinal));
    }

    private static string MapOf(int layer) => $"{Name}.mlps.{layer}";

    private Tensor Mixed(Tensor state, Tensor mixture) => components == 1
        ? mixture.expand(state.shape[0], -1)
        : nn.functional.softmax(state.matmul(mixture.t()).Over(temperature), -1).matmul(mixture);
}
