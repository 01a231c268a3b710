"""Decoders of every family in plain PyTorch, read from a Hub folder: the oracle that needs neither transformers nor safetensors."""

import json
import math
import struct
from pathlib import Path

import torch
import torch.nn.functional as F

TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def read_safetensors(path):
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)

    def tensor(entry):
        start, end = entry["data_offsets"]
        part = bytearray(data[8 + length + start : 8 + length + end])
        return torch.frombuffer(part, dtype=TYPES[entry["dtype"]]).reshape(entry["shape"])

    return {name: tensor(entry) for name, entry in header.items()}


def read_weights(folder):
    """All tensors of a folder, whole or in shards, in float32; GPT-2's names without their prefix."""
    found = {}
    for path in sorted(Path(folder).glob("model*.safetensors")):
        found.update(read_safetensors(path))
    return bare(found)


def bare(weights):
    return {name.removeprefix("transformer."): value.float() for name, value in weights.items()}


def frequencies(config):
    """The rotary frequencies, with the scalings 'linear' and 'llama3'."""
    size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    plain = config["rope_theta"] ** -(torch.arange(0, size, 2, dtype=torch.float64) / size)
    scaling = config.get("rope_scaling") or {}
    kind = scaling.get("rope_type", "default")
    if kind == "linear":
        plain = plain / scaling["factor"]
    elif kind == "llama3":
        turns = scaling["original_max_position_embeddings"] * plain / (2 * math.pi)
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        kept = ((turns - low) / (high - low)).clamp(0, 1)
        plain = plain * (kept + (1 - kept) / scaling["factor"])
    elif kind != "default":
        raise NotImplementedError(f"rope_scaling of the type {kind}")
    return plain.float()


def shapes_of(config):
    """The sizes of all weights of a configuration, by the names of the Hub."""
    found, rows = {}, config["vocab_size"]
    if config["model_type"] == "gpt2":
        d = config["n_embd"]
        inner = config.get("n_inner") or 4 * d
        found.update({"transformer.wte.weight": (rows, d), "transformer.wpe.weight": (config["n_positions"], d)})
        maps = {"attn.c_attn": (d, 3 * d), "attn.c_proj": (d, d), "mlp.c_fc": (d, inner), "mlp.c_proj": (inner, d)}
        for layer in range(config["n_layer"]):
            prefix = f"transformer.h.{layer}."
            for name, shape in maps.items():
                found.update({f"{prefix}{name}.weight": shape, f"{prefix}{name}.bias": shape[1:]})
            for norm in (prefix + "ln_1", prefix + "ln_2"):
                found.update({norm + ".weight": (d,), norm + ".bias": (d,)})
        return {**found, "transformer.ln_f.weight": (d,), "transformer.ln_f.bias": (d,), "lm_head.weight": (rows, d)}
    d, inner, size = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    queries, keys = config["num_attention_heads"] * size, config["num_key_value_heads"] * size
    maps = {"self_attn.q_proj": (queries, d), "self_attn.k_proj": (keys, d), "self_attn.v_proj": (keys, d), "self_attn.o_proj": (d, queries)}
    maps.update({"mlp.gate_proj": (inner, d), "mlp.up_proj": (inner, d), "mlp.down_proj": (d, inner)})
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        found.update({f"{prefix}{name}.weight": shape for name, shape in maps.items()})
        if config["model_type"] == "qwen2":
            found.update({f"{prefix}self_attn.{name}_proj.bias": maps[f"self_attn.{name}_proj"][:1] for name in "qkv"})
        if config["model_type"] == "qwen3":
            found.update({f"{prefix}self_attn.{name}_norm.weight": (size,) for name in "qk"})
        found.update({f"{prefix}{name}_layernorm.weight": (d,) for name in ("input", "post_attention")})
    return {**found, "model.embed_tokens.weight": (rows, d), "model.norm.weight": (d,), "lm_head.weight": (rows, d)}


class Block(torch.nn.Module):
    """A block as a module, so that hooks see it."""

    def __init__(self, decoder, layer):
        super().__init__()
        self.of = lambda *inputs: (decoder._gpt2 if decoder.learned else decoder._rotary)(layer, *inputs)

    def forward(self, states, mask, positions, past):
        return self.of(states, mask, positions, past)


class Decoder:
    def __init__(self, config, weights):
        self.config, self.weights = config, weights
        self.learned = self.config["model_type"] == "gpt2"
        self.table = self.weights["wte.weight" if self.learned else "model.embed_tokens.weight"]
        tied = self.config.get("tie_word_embeddings", self.learned)
        self.head = self.table if tied else self.weights["lm_head.weight"]
        self.layers = self.config["n_layer" if self.learned else "num_hidden_layers"]
        self.blocks = [Block(self, layer) for layer in range(self.layers)]

    @classmethod
    def load(cls, folder):
        return cls(json.loads((Path(folder) / "config.json").read_text()), read_weights(folder))

    def embed(self, ids):
        return F.embedding(ids, self.table)

    def logits(self, states):
        return F.linear(states, self.head)

    def run(self, inputs, mask, positions, cache):
        """States after the last norm, and the keys and values so far."""
        cache = list(cache) if cache is not None else [None] * self.layers
        states = inputs + F.embedding(positions, self.weights["wpe.weight"]) if self.learned else inputs
        for layer in range(self.layers):
            states, cache[layer] = self.blocks[layer](states, mask, positions, cache[layer])
        return self._norm(states, "ln_f" if self.learned else "model.norm"), cache

    def _norm(self, x, name):
        weight = self.weights[name + ".weight"]
        if self.learned:
            return F.layer_norm(x, x.shape[-1:], weight, self.weights[name + ".bias"], self.config["layer_norm_epsilon"])
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.config["rms_norm_eps"]) * weight

    def _linear(self, x, name):
        weight, bias = self.weights[name + ".weight"], self.weights.get(name + ".bias")
        return F.linear(x, weight.t() if self.learned else weight, bias)

    def _gpt2(self, layer, x, mask, positions, past):
        prefix = f"h.{layer}."
        inner = self._linear(self._norm(x, prefix + "ln_1"), prefix + "attn.c_attn")
        queries, keys, values = (self._heads(part, self.config["n_head"]) for part in inner.chunk(3, -1))
        attended, past = self._attend(queries, keys, values, mask, past, None)
        x = x + self._linear(attended, prefix + "attn.c_proj")
        inner = self._linear(self._norm(x, prefix + "ln_2"), prefix + "mlp.c_fc")
        inner = 0.5 * inner * (1 + torch.tanh(math.sqrt(2 / math.pi) * (inner + 0.044715 * inner.pow(3))))
        return x + self._linear(inner, prefix + "mlp.c_proj"), past

    def _rotary(self, layer, x, mask, positions, past):
        prefix, config = f"model.layers.{layer}.", self.config
        inner = self._norm(x, prefix + "input_layernorm")
        heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
        queries = self._heads(self._linear(inner, prefix + "self_attn.q_proj"), heads)
        keys = self._heads(self._linear(inner, prefix + "self_attn.k_proj"), groups)
        values = self._heads(self._linear(inner, prefix + "self_attn.v_proj"), groups)
        if config["model_type"] == "qwen3":
            queries = self._norm(queries, prefix + "self_attn.q_norm")
            keys = self._norm(keys, prefix + "self_attn.k_norm")
        queries, keys = self._turn(queries, positions), self._turn(keys, positions)
        attended, past = self._attend(queries, keys, values, mask, past, self._window(layer))
        x = x + self._linear(attended, prefix + "self_attn.o_proj")
        inner = self._norm(x, prefix + "post_attention_layernorm")
        gated = F.silu(self._linear(inner, prefix + "mlp.gate_proj")) * self._linear(inner, prefix + "mlp.up_proj")
        return x + self._linear(gated, prefix + "mlp.down_proj"), past

    def _window(self, layer):
        types = self.config.get("layer_types")
        if types is not None:
            return self.config["sliding_window"] if types[layer] == "sliding_attention" else None
        return self.config.get("sliding_window") if self.config["model_type"] == "mistral" else None

    @staticmethod
    def _heads(x, count):
        return x.view(*x.shape[:2], count, -1).transpose(1, 2)

    def _turn(self, x, positions):
        angles = positions[:, None, :, None].float() * frequencies(self.config)
        cosine, sine = angles.cos(), angles.sin()
        first, second = x.chunk(2, -1)
        return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)

    @staticmethod
    def _attend(queries, keys, values, mask, past, window):
        if past is not None:
            keys, values = torch.cat([past[0], keys], 2), torch.cat([past[1], values], 2)
        kept, repeats = (keys, values), queries.shape[1] // keys.shape[1]
        keys, values = keys.repeat_interleave(repeats, 1), values.repeat_interleave(repeats, 1)
        columns, new = keys.shape[2], queries.shape[2]
        at, seen = torch.arange(columns - new, columns)[:, None], torch.arange(columns)[None]
        allowed = (seen <= at) & (mask[:, None, None, :] != 0)
        if window is not None:
            allowed = allowed & (seen > at - window)
        scores = queries @ keys.transpose(-1, -2) / math.sqrt(queries.shape[-1])
        weights = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min).softmax(-1)
        return (weights @ values).transpose(1, 2).flatten(2), kept
