"""Answers questions with a folder whose weights are of another type than float32, in float32. Reads {"folder", "questions", "tokens"}, and
writes the type that was computed in and the ids of every answer."""

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

asked = json.load(sys.stdin)
model = AutoModelForCausalLM.from_pretrained(asked["folder"], trust_remote_code=True, torch_dtype=torch.float32)
tokenizer = AutoTokenizer.from_pretrained(asked["folder"])


def answer(text):
    inputs = model.question(tokenizer, text)
    return model.generate(**inputs, max_new_tokens=asked["tokens"])[0, inputs["input_ids"].shape[1] :].tolist()


json.dump({"dtype": str(model.dtype), "ids": [answer(text) for text in asked["questions"]]}, sys.stdout)
