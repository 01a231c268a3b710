"""Answers questions with folders as `lori export` writes them. Reads a list of {"folder", "questions", "options"} from the input, and
writes for each folder what its own code wrote: for the questions one by one, and for all of them in one batch padded on each side; and
what the plain weights write without that code."""

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def padded(rows, pad, left):
    width = max(map(len, rows))

    def place(row, value):
        fill = [value] * (width - len(row))
        return fill + row if left else row + fill

    ids = torch.tensor([place(row, pad) for row in rows])
    return ids, torch.tensor([place([1] * len(row), 0) for row in rows])


def written(found, width):
    return [row[width:].tolist() for row in found]


def answers(asked):
    options = asked["options"]
    tokenizer = AutoTokenizer.from_pretrained(asked["folder"])
    model = AutoModelForCausalLM.from_pretrained(asked["folder"], trust_remote_code=True)
    questions = [model.question(tokenizer, text) for text in asked["questions"]]
    rows = [question["input_ids"][0].tolist() for question in questions]
    found = {"rows": rows, "class": type(model).__name__}
    found["alone"] = [written(model.generate(**question, **options), len(row))[0] for question, row in zip(questions, rows)]
    for side in ("left", "right"):
        ids, mask = padded(rows, 0, side == "left")
        whole = model.generate(ids, attention_mask=mask, **options)
        assert torch.equal(whole[:, : ids.shape[1]], ids), "what was given stands before what was written"
        found[side] = written(whole, ids.shape[1])
    ids, mask = padded(rows[:1], 0, True)
    plain = AutoModelForCausalLM.from_pretrained(asked["folder"])
    found["turned"] = written(type(model).of(plain, asked["folder"]).generate(ids, **options), ids.shape[1])[0]
    plain = AutoModelForCausalLM.from_pretrained(asked["folder"])
    found["stock"] = written(plain.generate(ids, attention_mask=mask, max_new_tokens=3), ids.shape[1])[0]
    return found


json.dump([answers(asked) for asked in json.load(sys.stdin)], sys.stdout)
