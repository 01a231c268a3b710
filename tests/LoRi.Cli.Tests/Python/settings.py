"""What a call says of lengths, padding and steps. Reads {"latent", "direct", "questions"}, two folders and texts, and writes what came of
it: how many ids were written, what fills the row that is at its end first, and what is said of steps that a model does not take."""

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

asked = json.load(sys.stdin)
tokenizer = AutoTokenizer.from_pretrained(asked["latent"])
model, direct = [AutoModelForCausalLM.from_pretrained(asked[name], trust_remote_code=True) for name in ("latent", "direct")]
questions = [model.question(tokenizer, text) for text in asked["questions"]]
width = questions[0]["input_ids"].shape[1]


def count(config, **options):
    return model.generate(**questions[0], generation_config=config, eos_token_id=[-1], **options).shape[1] - width


found = {
    "length": count(GenerationConfig(max_length=width + 3)),
    "call": count(GenerationConfig(max_length=width + 3), max_length=width + 5),
    "new": count(GenerationConfig(max_new_tokens=2)),
}
first = [int(model.generate(**question, max_new_tokens=1)[0, -1]) for question in questions]
other = next(at for at, token in enumerate(first) if token != first[0])
pair = [questions[at]["input_ids"][0] for at in (0, other)]
longest = max(map(len, pair))
ids = torch.stack([torch.cat([row.new_zeros(longest - len(row)), row]) for row in pair])
mask = torch.stack([torch.cat([row.new_zeros(longest - len(row)), torch.ones_like(row)]) for row in pair])
settings = GenerationConfig(max_new_tokens=2, pad_token_id=7)
found["filled"] = model.generate(ids, attention_mask=mask, generation_config=settings, eos_token_id=[first[0]])[0, longest:].tolist()
found["first"] = first[0]
try:
    direct.generate(**direct.question(tokenizer, asked["questions"][0]), latent_steps=2)
except ValueError as error:
    found["refused"] = str(error)
json.dump(found, sys.stdout)
