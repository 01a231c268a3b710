"""How a model trained by LoRi comes from a question to its answer: latent steps, markers and answer prefix, in plain PyTorch.

`lori.json` names the steps, `lori.safetensors` holds the feedback projection. Nothing here knows a decoder: a pass is a function
`run(embeddings, mask, positions, cache)` that gives the states after the last norm, [B, T, d], and the cache that the next pass gets.
"""

import copy
import json

import torch
import torch.nn.functional as F

CARD = "lori.json"
WEIGHTS = "lori.safetensors"
PARTS = ("emulator", "student")
KINDS = {"latent": ("sequential", "jacobi"), "substituted": ("substituted",)}
VERSION = 2


def padded_left(ids, mask):
    """Rows of ids [B, T] with their padding, where `mask` is 0, moved before the tokens."""
    if mask is None:
        return ids, torch.ones_like(ids)
    mask = (mask != 0).long()
    order = mask.argsort(dim=1, stable=True)
    return ids.gather(1, order), mask.gather(1, order)


def longer(mask, columns):
    """The mask with so many more columns of tokens."""
    return torch.cat([mask, mask.new_ones(mask.shape[0], columns)], 1)


def positions(mask):
    """The place of every column among its row's tokens; 0 where there is none."""
    return (mask.cumsum(1) - 1).clamp(min=0)


class LatentReasoning:
    """What a card says, and the weights that it needs beside the model's."""

    def __init__(self, card, weights, parts=None):
        if card.get("version") != VERSION:
            raise ValueError(f"{CARD} is of version {card.get('version')}, this file reads version {VERSION}; export the model again")
        self.card, self.weights, self.parts = card, weights, parts or {}
        self.emulator = None
        self.mode = card["mode"]
        self.latents = card.get("latents") or {}
        self.kind = self.latents.get("kind")
        if self.mode not in ("direct", "explicit") and self.kind not in KINDS.get(self.mode, ()):
            raise NotImplementedError(
                f"{CARD}: the mode '{self.mode}' with latents of the kind '{self.kind}' is not known here; answer with `lori generate`"
            )
        self.steps = self.latents.get("steps", 0)
        self.prefix = card["prefix_ids"] if card["prefix_fed"] else []
        self.ends = card["end_ids"] or [card["eos_id"]]
        self.stop_after = card["stop_after_ends"]

    @classmethod
    def load(cls, find, read):
        """Reads the files of a folder; None where there is no card. `find(name)` gives a path or None, `read(path)` its tensors."""
        card = find(CARD)
        if card is None:
            return None
        with open(card, encoding="utf-8") as file:
            text = json.load(file)
        weights = None if text["projection"] == "identity" else find(WEIGHTS)
        if weights is None and text["projection"] != "identity":
            raise OSError(f"{CARD} asks for a feedback projection, but {WEIGHTS} is not there; copy it as well")
        parts = PARTS if text["mode"] == "substituted" else ()
        found = {name: find(f"parts/{name}.safetensors") for name in parts}
        if None in found.values():
            raise OSError(f"{CARD} asks for the files {', '.join(f'parts/{name}.safetensors' for name in parts)}; copy them as well")
        return cls(text, read(weights) if weights is not None else {}, {name: read(path) for name, path in found.items()})

    def question(self, tokenizer, text):
        """The ids of a question in the form that the model was trained in, [1, T], and their mask."""
        form = self.card.get("form_texts") or {}
        ids = list(tokenizer(form.get("before_question", "") + text + form.get("after_question", ""))["input_ids"])
        if form.get("end_after_question"):
            ids.append(self.card["eos_id"])
        ids = torch.tensor([ids])
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}

    def project(self, states):
        """The next latent inputs for final states, [.., d] to [.., d]."""
        def weight(name):
            return self.weights["prj." + name].to(states)

        if self.card["projection"] == "identity":
            return states
        if self.card["projection"] == "linear":
            return F.linear(states, weight("linear.weight"))
        inner = F.gelu(F.linear(states, weight("fc1.weight"), weight("fc1.bias")))
        outer = F.linear(inner, weight("fc2.weight"), weight("fc2.bias"))
        return F.layer_norm(outer, outer.shape[-1:], weight("ln.weight"), weight("ln.bias"), 1e-5)

    def fed(self, ids, mask):
        """Ids and mask of all that is fed where no latent steps are taken: the question, and the answer prefix where it is fed."""
        return torch.cat([ids, self._column(ids, self.prefix)], 1), longer(mask, len(self.prefix))

    def inputs(self, run, embed, ids, mask, steps=None):
        """Embeddings [B, N, d] and mask [B, N] of question, latent steps, markers and prefix; the answer is written after them."""
        markers = self.card["markers"]
        question = torch.cat([embed(ids), embed(self._column(ids, [markers["start"]]))], 1)
        mask, steps = longer(mask, 1), self.steps if steps is None else steps
        if steps < 1:
            raise ValueError(f"latent_steps is {steps}; a model that was trained with latent steps takes at least 1")
        think = self._sequential if self.kind == "sequential" else self._jacobi
        latents = think(run, embed, ids, question, mask, steps)
        after = embed(self._column(ids, [markers["end"], *self.prefix]))
        return torch.cat([question, latents, after], 1), longer(mask, steps + after.shape[1])

    def _sequential(self, run, embed, ids, question, mask, steps):
        """One step after the other, the input of each the projected state before it."""
        states, cache = run(question, mask, positions(mask), None)
        latents = [self.project(states[:, -1:])]
        while len(latents) < steps:
            mask = longer(mask, 1)
            states, cache = run(latents[-1], mask, positions(mask)[:, -1:], cache)
            latents.append(self.project(states))
        return torch.cat(latents, 1)

    def _jacobi(self, run, embed, ids, question, mask, steps):
        """All steps side by side, refined by sweeps that each begin at the question's cache."""
        states, cache = run(question, mask, positions(mask), None)
        before, mask = states[:, -1:], longer(mask, steps)
        inputs = embed(self._column(ids, [self.card["markers"]["latent"]] * steps))
        for _ in range(self.latents["sweeps"]):
            states, _ = run(inputs, mask, positions(mask)[:, -steps:], copy.deepcopy(cache))
            inputs = self.project(torch.cat([before, states[:, :-1]], 1))
        return inputs

    @staticmethod
    def _column(ids, values):
        return ids.new_tensor(values).expand(ids.shape[0], -1)


class StopAfterEnds:
    """Ends a row when it has written so many ids that end an answer."""

    def __init__(self, ends, count, start):
        self.ends, self.count, self.start = ends, count, start
        self.eos_token_id = ends

    def __call__(self, input_ids, scores, **kwargs):
        written = input_ids[:, self.start :]
        return torch.isin(written, written.new_tensor(self.ends)).sum(1) >= self.count
