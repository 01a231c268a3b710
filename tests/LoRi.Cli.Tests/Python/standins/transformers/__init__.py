"""A stand-in with what a modelling file asks of transformers 4.52, over the plain decoder: classes, `generate`, auto classes.

Where the real library would refuse an argument, or reads it in a way that matters here, so does this one.
"""

import copy
import importlib.util
import json
import os
import sys
import types

import torch
from plain_decoder import Decoder, bare, shapes_of


class Registered:
    """What is copied beside weights that are saved: the file of a class that says which auto class it is for."""

    _auto_class = None

    @classmethod
    def register_for_auto_class(cls, auto_class="AutoConfig"):
        cls._auto_class = auto_class


class DynamicCache:
    @staticmethod
    def from_legacy_cache(cache):
        raise NotImplementedError("the plain decoder's cache is a list")


class PretrainedConfig(Registered):
    def __init__(self, **fields):
        self.__dict__.update(fields)

    @classmethod
    def from_pretrained(cls, name, **kwargs):
        with open(os.path.join(name, "config.json")) as file:
            return cls(**json.load(file), _name_or_path=name)


class GenerationConfig:
    max_length, max_new_tokens, eos_token_id, pad_token_id, bos_token_id = 20, None, None, None, None
    return_dict_in_generate, use_cache = False, True

    def __init__(self, **fields):
        self.__dict__.update(fields)

    def update(self, **options):
        """Takes what it knows and gives back the rest."""
        for name in [name for name in options if hasattr(self, name)]:
            setattr(self, name, options.pop(name))
        return options


class StoppingCriteriaList(list):
    def __call__(self, ids, scores):
        done = torch.zeros(ids.shape[0], dtype=torch.bool)
        for criterion in self:
            done = done | criterion(ids, scores)
        return done


class GenerationMixin:
    @torch.no_grad()
    def generate(self, inputs=None, generation_config=None, stopping_criteria=None, inputs_embeds=None, attention_mask=None, **options):
        config = copy.deepcopy(generation_config or self.generation_config)
        unknown = config.update(**options)
        if unknown:
            raise ValueError(f"The following `model_kwargs` are not used by the model: {sorted(unknown)}")
        if (inputs is None) == (inputs_embeds is None):
            raise ValueError("one of ids and embeddings")
        if inputs_embeds is not None and inputs_embeds.shape[1] == 1:
            raise ValueError("embeddings of one column are fed again at every step")
        embeddings = self.get_input_embeddings()(inputs) if inputs_embeds is None else inputs_embeds
        if config.max_new_tokens is None:
            config.max_new_tokens = config.max_length - embeddings.shape[1]
            if config.max_new_tokens <= 0:
                raise ValueError(f"Input length is {embeddings.shape[1]}, but `max_length` is set to {config.max_length}")
        ids = inputs if inputs is not None else torch.ones(embeddings.shape[0], 0, dtype=torch.long)
        ids = self._greedy(ids, embeddings, attention_mask, config, stopping_criteria or [])
        return types.SimpleNamespace(sequences=ids) if config.return_dict_in_generate else ids

    def _greedy(self, ids, embeddings, mask, config, criteria):
        ends = config.eos_token_id if isinstance(config.eos_token_id, (list, tuple, type(None))) else [config.eos_token_id]
        criteria = StoppingCriteriaList(criteria)
        open_rows, cache, width = torch.ones(ids.shape[0], dtype=torch.bool), None, embeddings.shape[1]
        for _ in range(config.max_new_tokens):
            places = (mask.cumsum(1) - 1).masked_fill(mask == 0, 1)[:, -width:]
            states, cache = self.decoder.run(embeddings, mask, places, cache)
            following = self.decoder.logits(states[:, -1]).argmax(-1)
            following = torch.where(open_rows, following, torch.tensor(config.pad_token_id if config.pad_token_id is not None else 0))
            ids = torch.cat([ids, following[:, None]], 1)
            mask, embeddings, width = torch.cat([mask, mask.new_ones(mask.shape[0], 1)], 1), self.decoder.embed(following[:, None]), 1
            if ends is not None:
                open_rows = open_rows & ~torch.isin(following, torch.tensor(ends))
            open_rows = open_rows & ~criteria(ids, None)
            if not open_rows.any():
                break
        return ids


class BaseModel:
    """What stands before the head."""

    def __init__(self, decoder):
        self.decoder = decoder
        setattr(self, "h" if decoder.learned else "layers", decoder.blocks)

    def __call__(self, attention_mask, position_ids, use_cache, return_dict, inputs_embeds=None, input_ids=None, past_key_values=None):
        inputs = self.decoder.embed(input_ids) if inputs_embeds is None else inputs_embeds
        states, cache = self.decoder.run(inputs, attention_mask, position_ids, past_key_values)
        return types.SimpleNamespace(last_hidden_state=states, past_key_values=cache if use_cache else None)


class PreTrainedModel(torch.nn.Module, Registered):
    config_class = PretrainedConfig
    dtype = torch.float32

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.stored = {name: torch.zeros(shape) for name, shape in shapes_of(vars(config)).items()}
        self._use(Decoder(vars(config), bare(self.stored)))

    def _use(self, decoder):
        self.decoder, self.base_model = decoder, BaseModel(decoder)

    def state_dict(self):
        return self.stored

    def load_state_dict(self, given, strict=True):
        """All weights but a head that is the table must be there, in their sizes; none may be left over."""
        missing = set(self.stored) - set(given)
        if not set(given) <= set(self.stored) or not missing <= {"lm_head.weight"} or (strict and missing):
            raise RuntimeError(f"missing {missing}, unexpected {set(given) - set(self.stored)}")
        if any(self.stored[name].shape != value.shape for name, value in given.items()):
            raise RuntimeError("size mismatch")
        self._use(Decoder(vars(self.config), bare({**self.stored, **given})))

    @classmethod
    def from_pretrained(cls, name, *args, config=None, trust_remote_code=None, revision=None, **kwargs):
        if kwargs:
            raise TypeError(f"unexpected: {sorted(kwargs)}")
        model = cls(config or cls.config_class.from_pretrained(name))
        model._use(Decoder.load(name))
        with open(os.path.join(name, "generation_config.json")) as file:
            model.generation_config = GenerationConfig(**json.load(file))
        return model

    @property
    def device(self):
        return torch.device("cpu")

    def get_input_embeddings(self):
        return self.decoder.embed

    def save_pretrained(self, folder, **kwargs):
        os.makedirs(folder, exist_ok=True)


def _family(prefix, model):
    config = type(prefix + "Config", (PretrainedConfig,), {})
    return config, type(model, (PreTrainedModel, GenerationMixin), {"config_class": config})


LlamaConfig, LlamaForCausalLM = _family("Llama", "LlamaForCausalLM")
MistralConfig, MistralForCausalLM = _family("Mistral", "MistralForCausalLM")
Qwen2Config, Qwen2ForCausalLM = _family("Qwen2", "Qwen2ForCausalLM")
Qwen3Config, Qwen3ForCausalLM = _family("Qwen3", "Qwen3ForCausalLM")
GPT2Config, GPT2LMHeadModel = _family("GPT2", "GPT2LMHeadModel")


def _remote(name, reference):
    """A class of a file beside the weights, which must stand alone: it is copied and loaded by its place."""
    module, wanted = reference.split(".")
    spec = importlib.util.spec_from_file_location(f"remote_{abs(hash(name))}", os.path.join(name, module + ".py"))
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return getattr(loaded, wanted)


class AutoModelForCausalLM:
    @staticmethod
    def from_pretrained(name, trust_remote_code=False, **kwargs):
        with open(os.path.join(name, "config.json")) as file:
            config = json.load(file)
        if not trust_remote_code or "auto_map" not in config:
            return globals()[config["architectures"][0]].from_pretrained(name, **kwargs)
        made = _remote(name, config["auto_map"]["AutoModelForCausalLM"])
        shape = _remote(name, config["auto_map"]["AutoConfig"])
        if made.config_class.__name__ != shape.__name__:
            raise ValueError("The model class you are passing has a `config_class` attribute that is not consistent with the config class")
        return made.from_pretrained(name, config=shape.from_pretrained(name), trust_remote_code=True, **kwargs)


class AutoTokenizer:
    """Words between spaces: the tokenizer of the tests' tiny models."""

    @staticmethod
    def from_pretrained(name):
        return AutoTokenizer(name)

    def __init__(self, name):
        with open(os.path.join(name, "tokenizer.json"), encoding="utf-8") as file:
            found = json.load(file)
        self.vocab = found["model"]["vocab"]
        self.words = {**{at: word for word, at in self.vocab.items()}, **{token["id"]: token["content"] for token in found["added_tokens"]}}
        self.special = {token["id"] for token in found["added_tokens"] if token["special"]}

    def __call__(self, text):
        ids = [self.vocab.get(word, 0) for word in text.split(" ") if word]
        return {"input_ids": ids, "attention_mask": [1] * len(ids)}

    def decode(self, ids, skip_special_tokens=False):
        return " ".join(self.words[int(at)] for at in ids if not (skip_special_tokens and int(at) in self.special))
