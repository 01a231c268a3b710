"""States written into a model's pass over the question in place of a chain of thought, which an emulator finds from the question alone.

Blocks are modules whose first argument is the states that enter them, [B, T, d]; rows are padded on the left, so that the last column is
the question's end.
"""

import torch
import torch.nn.functional as F

FUSED = {"self_attn.qkv": ("q_proj", "k_proj", "v_proj"), "mlp.gate_up": ("gate_proj", "up_proj")}


def write_once(blocks, replace):
    """Before each of these blocks, in its next pass alone, the state of the last column gives way to `replace(layer, state)`."""
    handles = []

    def hook_of(layer):
        def hook(block, inputs):
            handles[layer].remove()
            states = inputs[0].clone()
            written = replace(layer, states[:, -1]).to(states)
            states[:, -1] = written.repeat_interleave(states.shape[0] // written.shape[0], 0)
            return (states, *inputs[1:])

        return hook

    handles.extend(block.register_forward_pre_hook(hook_of(layer)) for layer, block in enumerate(blocks))


def two_layers(weights, name, x):
    """W2 relu(W1 x + b1) + b2."""
    inner = F.relu(F.linear(x, weights[name + ".0.weight"].to(x), weights[name + ".0.bias"].to(x)))
    return F.linear(inner, weights[name + ".2.weight"].to(x), weights[name + ".2.bias"].to(x))


def decoder_weights(weights, shapes):
    """The emulator's decoder under the names of the Hub, of which `shapes` has all with their sizes; what is stored as one is split."""
    found = {}
    for name, value in weights.items():
        name = name.removeprefix("emulator.")
        for fused, parts in FUSED.items():
            before, matched, after = name.partition(fused)
            if matched:
                kind = after or ".weight"
                scope = before + fused.split(".")[0] + "."
                names = [scope + part + kind for part in parts]
                found.update(zip(names, value.split([shapes[one][0] for one in names])))
        found[name] = value
    return {name: value for name, value in found.items() if name in shapes}


class StateEmulator:
    """What a teacher's states should be at every block, and what goes on in the place of the emulator's own."""

    def __init__(self, weights, latents):
        self.weights, self.temperature = weights, latents["temperature"]
        self.states, self.keys = [], []
        self.context = self.output = self.cell = None

    def before(self, layer, state):
        """Takes the state before a block, [B, d]: the emulated one is kept, and what is written back is given."""
        mixture = self.weights["emulator.mixture_components.weight"].to(state)
        shares = (state @ mixture.t() / self.temperature).softmax(-1)
        mixed = mixture.expand(state.shape[0], -1) if mixture.shape[0] == 1 else shares @ mixture
        self.states.append(two_layers(self.weights, f"emulator.mlps.{layer}", torch.cat([state, mixed], -1)))
        return self._remember(self.states[-1])

    def _remember(self, state):
        """A recurrent cell with attention to its own earlier outputs."""
        context = torch.zeros_like(state) if self.context is None else self.context
        self._step(state + context)
        if self.keys:
            earlier = torch.stack(self.keys, 1)
            shares = (earlier @ self._linear("query_proj", self.output).unsqueeze(-1)).squeeze(-1).softmax(-1)
            context = (shares.unsqueeze(1) @ earlier).squeeze(1)
        self.context = context
        self.keys.append(self._linear("key_proj", self.output))
        return self._linear("out_proj", torch.cat([self.output, context], -1))

    def _step(self, x):
        def of(kind):
            return self.weights[f"emulator.rnn.{kind}_l0"].to(x)

        output, cell = (torch.zeros_like(x), torch.zeros_like(x)) if self.output is None else (self.output, self.cell)
        gates = F.linear(x, of("weight_ih"), of("bias_ih")) + F.linear(output, of("weight_hh"), of("bias_hh"))
        admit, keep, value, show = gates.chunk(4, -1)
        self.cell = keep.sigmoid() * cell + admit.sigmoid() * value.tanh()
        self.output = show.sigmoid() * self.cell.tanh()

    def _linear(self, name, x):
        return F.linear(x, self.weights[f"emulator.{name}.weight"].to(x), self.weights[f"emulator.{name}.bias"].to(x))
