using LoRi.Models.Decoders;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Sequences;

/// <summary>
/// What an emulator writes back at each of its blocks, from all the states that it has emulated so far: a recurrent cell with attention to
/// its own earlier outputs.
/// <c>o = LSTM(f_l + ctx)</c>; from the second block on <c>ctx = softmax(keys . Wq o) keys</c>, zero before; <c>key = Wk o</c>; written is
/// <c>Wo [o; ctx]</c>.
/// </summary>
internal sealed class StateMemory
{
    private const string Recurrent = ".rnn.", Key = ".key_proj", Query = ".query_proj", Out = ".out_proj";

    private readonly Tensor inputMatrix, inputBias, stateMatrix, stateBias;
    private readonly LinearMap key, query, write;
    private readonly List<Tensor> keys = [];
    private Tensor? context, output, cell;

    /// <summary>A memory that holds nothing yet; it serves one pass.</summary>
    /// <param name="model">The model.</param>
    /// <param name="module">The module that has its weights.</param>
    public StateMemory(ReasoningModel model, string module)
    {
        Tensor Weight(string kind) => model.Weight($"{module}{Recurrent}{kind}_l0");
        (inputMatrix, inputBias, stateMatrix, stateBias) = (Weight("weight_ih"), Weight("bias_ih"), Weight("weight_hh"), Weight("bias_hh"));
        key = TwoLayerMap.ReadLinear(model, module + Key);
        query = TwoLayerMap.ReadLinear(model, module + Query);
        write = TwoLayerMap.ReadLinear(model, module + Out);
    }

    /// <summary>Where its weights are, by PyTorch's names; the gates stand in the order input, forget, cell, output.</summary>
    public static IEnumerable<ParameterSlot> Slots(string module, long d) =>
    [
        new($"{module}{Recurrent}weight_ih_l0", [4 * d, d], true),
        new($"{module}{Recurrent}weight_hh_l0", [4 * d, d], true),
        new($"{module}{Recurrent}bias_ih_l0", [4 * d], false),
        new($"{module}{Recurrent}bias_hh_l0", [4 * d], false),
        .. TwoLayerMap.LinearSlots(module + Key, d, d),
        .. TwoLayerMap.LinearSlots(module + Query, d, d),
        .. TwoLayerMap.LinearSlots(module + Out, 2 * d, d),
    ];

    /// <summary>Whether a slot belongs to the recurrent cell.</summary>
    public static bool IsRecurrent(ParameterSlot slot) => slot.Name.Contains(Recurrent, StringComparison.Ordinal);

    /// <summary>Start values of the recurrent cell, as PyTorch draws them: uniform within 1 / sqrt(d).</summary>
    public static void Initialise(ReasoningModel model, IEnumerable<ParameterSlot> slots, long seed)
    {
        foreach (var slot in slots)
        {
            new SeededRandom(seed, slot.Name).FillUniform(model.Parameters[slot.Name], 1 / System.Math.Sqrt(model.Config.HiddenSize));
        }
    }

    /// <summary>Takes the emulated state of the next block, [B, d]; gives what is written back there.</summary>
    public Tensor Next(Tensor state)
    {
        context ??= zeros_like(state);
        Step(state.Plus(context));
        if (keys.Count > 0)
        {
            var earlier = stack(keys, 1);
            var shares = nn.functional.softmax(earlier.matmul(query.Apply(output!).unsqueeze(-1)).squeeze(-1), -1);
            context = shares.unsqueeze(1).matmul(earlier).squeeze(1);
        }

        keys.Add(key.Apply(output!));
        var written = write.Apply(cat([output!, context], -1));
        foreach (var kept in new[] { output!, cell!, context, keys[^1] })
        {
            kept.MoveToOuterDisposeScope();
        }

        return written;
    }

    /// <summary>One step of the cell.</summary>
    private void Step(Tensor input)
    {
        var gates = nn.functional.linear(input, inputMatrix, inputBias);
        gates = output is null ? gates.Plus(stateBias) : gates.Plus(nn.functional.linear(output, stateMatrix, stateBias));
        var parts = gates.chunk(4, -1);
        var admitted = parts[0].sigmoid().mul(parts[2].tanh());
        cell = cell is null ? admitted : parts[1].sigmoid().mul(cell).Plus(admitted);
        output = parts[3].sigmoid().mul(cell.tanh());
    }
}
