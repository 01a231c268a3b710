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
    return {name.removeprefix("transformer."): value.float() for name, value in found.items()}


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


class Decoder:
    def __init__(self, folder):
        self.config = json.loads((Path(folder) / "config.json").read_text())
        self.weights = read_weights(folder)
        self.learned = self.config["model_type"] == "gpt2"
        self.table = self.weights["wte.weight" if self.learned else "model.embed_tokens.weight"]
        tied = self.config.get("tie_word_embeddings", self.learned)
        self.head = self.table if tied else self.weights["lm_head.weight"]
        self.layers = self.config["n_layer" if self.learned else "num_hidden_layers"]

    def embed(self, ids):
        return F.embedding(ids, self.table)

    def logits(self, states):
        return F.linear(states, self.head)

    def run(self, inputs, mask, positions, cache):
        """States after the last norm, and the keys and values so far."""
        cache = list(cache) if cache is not None else [None] * self.layers
        states = inputs + F.embedding(positions, self.weights["wpe.weight"]) if self.learned else inputs
        for layer in range(self.layers):
            block = self._gpt2 if self.learned else self._rotary
            states, cache[layer] = block(layer, states, mask, positions, cache[layer])
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
