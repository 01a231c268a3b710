"""Answers questions with folders as `lori export` writes them, in transformers and peft themselves: each model is made by the code of its
own card. Reads a list of {"folder", "base", "name", "questions", "tokens"}, where `name` is what the card calls the base, and writes for
each what was answered one by one, in batches padded on either side, by beams, in bfloat16, through peft's own model, and after the model
was saved and loaded again."""

import contextlib
import io
import json
import re
import sys
import tempfile
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline


def made(asked):
    """What the card's code makes, and what it prints."""
    code = re.search("```python\n(.*?)```", Path(asked["folder"], "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    code = re.sub('^name = ".*?"', lambda _: f"name = {asked['folder']!r}", code, flags=re.MULTILINE)
    code = code.replace(f'"{asked["name"]}"', repr(asked["base"])).replace("max_new_tokens=64", f"max_new_tokens={asked['tokens']}")
    names = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, "README.md", "exec"), names)
    return names, printed.getvalue().rstrip("\n")


def padded(rows, pad, left):
    width = max(map(len, rows))

    def placed(row, value):
        fill = [value] * (width - len(row))
        return fill + row if left else row + fill

    return torch.tensor([placed(row, pad) for row in rows]), torch.tensor([placed([1] * len(row), 0) for row in rows])


class Uncached:
    """A model that is asked to keep no keys and values."""

    def __init__(self, model):
        self.model = model

    def generate(self, ids, **options):
        return self.model.generate(ids, use_cache=False, **options)


def piped(folder, text, tokens):
    """What a pipeline writes that finds model and tokenizer by themselves, and what is written for the tokenizer's own inputs."""
    pipe = pipeline("text-generation", model=folder, trust_remote_code=True)
    written = pipe(text, max_new_tokens=tokens, do_sample=False, return_tensors=True)[0]["generated_token_ids"]
    inputs = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")
    return [list(written), pipe.model.generate(**inputs, max_new_tokens=tokens)[0].tolist()]


def alone(model, rows, tokens):
    return [model.generate(torch.tensor([row]), max_new_tokens=tokens)[0, len(row) :].tolist() for row in rows]


def answers(asked):
    names, printed = made(asked)
    model, tokenizer, tokens = names.get("student", names["model"]), names["tokenizer"], asked["tokens"]
    rows = [model.question(tokenizer, text)["input_ids"][0].tolist() for text in asked["questions"]]
    found = {"class": type(model).__name__, "printed": printed, "alone": alone(model, rows, tokens)}
    for side in ("left", "right"):
        ids, mask = padded(rows, 0, side == "left")
        found[side] = model.generate(ids, attention_mask=mask, max_new_tokens=tokens)[:, ids.shape[1] :].tolist()
    beams = model.generate(ids, attention_mask=mask, max_new_tokens=tokens, num_beams=2, num_return_sequences=2)
    found["beams"] = list(beams.shape)[:1]
    sampled = model.generate(ids, attention_mask=mask, max_new_tokens=tokens, do_sample=True, return_dict_in_generate=True)
    found["sampled"] = list(sampled.sequences.shape)[:1]
    if "base" not in names:
        found["piped"] = piped(asked["folder"], asked["questions"][0], tokens)
    with tempfile.TemporaryDirectory() as folder:
        if "base" in names:
            found["peft"] = alone(names["model"], rows, tokens)
            model = type(model).of(names["model"].merge_and_unload(), asked["folder"])
        model.save_pretrained(folder)
        found["saved"] = json.loads(Path(folder, "config.json").read_text(encoding="utf-8"))
        again = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True)
        found["again"] = alone(again, rows, tokens)
        found["uncached"] = alone(Uncached(again), rows, tokens)
        half = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True, torch_dtype=torch.bfloat16)
        found["half"] = [str(half.dtype), len(alone(half, rows[:1], tokens)[0])]
    return found


json.dump([answers(asked) for asked in json.load(sys.stdin)], sys.stdout)
