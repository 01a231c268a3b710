import copy
import json
import os

import torch
from safetensors.torch import load_file, save_file
from transformers import DynamicCache, GenerationConfig, GenerationMixin, StoppingCriteriaList
from transformers import LlamaConfig as BaseConfig
from transformers import LlamaForCausalLM as BaseModel
from transformers.utils import cached_file

from .lori_reasoning import CARD, WEIGHTS, LatentReasoning, StopAfterEnds, padded_left, positions
from .lori_substitution import StateEmulator, decoder_weights, two_layers, write_once

PLACE = ("cache_dir", "force_download", "local_files_only", "proxies", "revision", "subfolder", "token")
MOST_TOKENS = 256


class LoRiConfig(BaseConfig):
    """The base model's configuration under a name of its own, so that other models of its kind load as they always do."""


class LoRiForCausalLM(BaseModel, GenerationMixin):
    """The base model, whose `generate` thinks before it writes."""

    config_class = LoRiConfig
    reasoning = None

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path, *args, **kwargs):
        place = {key: kwargs[key] for key in PLACE if kwargs.get(key) is not None}
        loaded = super().from_pretrained(pretrained_model_name_or_path, *args, **kwargs)
        model = loaded[0] if isinstance(loaded, tuple) else loaded
        model.reasoning = cls._read(pretrained_model_name_or_path, place)
        return loaded

    @classmethod
    def of(cls, model, name, **place):
        """A model of the base class, or one that peft put an adapter into, with the reasoning of a folder or a repository. It answers
        greedily where nothing else is said, whatever the base's own generation settings are.
        """
        model = model.get_base_model() if hasattr(model, "get_base_model") else model
        own, reasoning = model.generation_config, cls._read(name, place)
        if reasoning is None:
            raise OSError(f"{name} has no {CARD}; name the folder or the repository of the adapter")
        model.__class__, model.config.__class__, model.reasoning = cls, LoRiConfig, reasoning
        model.generation_config = GenerationConfig(
            bos_token_id=own.bos_token_id, eos_token_id=model.reasoning.ends, pad_token_id=own.pad_token_id
        )
        return model

    @staticmethod
    def _read(name, place):
        return LatentReasoning.load(lambda file: cached_file(name, file, _raise_exceptions_for_missing_entries=False, **place), load_file)

    def save_pretrained(self, save_directory, *args, **kwargs):
        super().save_pretrained(save_directory, *args, **kwargs)
        if not kwargs.get("is_main_process", True):
            return
        self._name_base(f"{save_directory}/config.json")
        if self.reasoning is not None:
            with open(f"{save_directory}/{CARD}", "w", encoding="utf-8") as file:
                json.dump(self.reasoning.card, file, indent=2)
            if self.reasoning.weights:
                save_file(self.reasoning.weights, f"{save_directory}/{WEIGHTS}", metadata={"format": "pt"})
            for name, part in self.reasoning.parts.items():
                os.makedirs(f"{save_directory}/parts", exist_ok=True)
                save_file(part, f"{save_directory}/parts/{name}.safetensors", metadata={"format": "pt"})

    @staticmethod
    def _name_base(path):
        """The architecture is the base's, for those who read the weights without this file."""
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        with open(path, "w", encoding="utf-8") as file:
            json.dump({**config, "architectures": [BaseModel.__name__]}, file, indent=2)

    def question(self, tokenizer, text):
        """A question as `generate` takes it, in the form that the model was trained in."""
        inputs = self.reasoning.question(tokenizer, text)
        return {name: values.to(self.device) for name, values in inputs.items()}

    @torch.no_grad()
    def generate(self, inputs=None, generation_config=None, *, latent_steps=None, **options):
        """As in transformers, for decoders: the ids that were given, then the new ones. Latent steps, markers and answer prefix are fed
        between them and are not part of what is given back. `latent_steps` takes another number of them than the model's own.
        """
        given = options.pop("input_ids", inputs)
        if given is None or self.reasoning is None:
            return super().generate(given, generation_config, **options)
        options.pop("token_type_ids", None)  # tokenizers of no family give them; no decoder was trained with any
        if latent_steps is not None and self.reasoning.mode != "latent":
            raise ValueError(f"latent_steps is {latent_steps}, but this model was not trained with latent steps; leave it out")
        ids, mask = padded_left(given, options.pop("attention_mask", None))
        self._limits(options, generation_config, given.shape[1])
        if self.reasoning.mode == "latent":
            embeddings, mask = self.reasoning.inputs(self._pass, self.get_input_embeddings(), ids, mask, latent_steps)
            self._ends(options, generation_config, 0)
            found = super().generate(None, generation_config, inputs_embeds=embeddings, attention_mask=mask, **options)
            return self._answer(given, found, 0)
        ids, mask = self.reasoning.fed(ids, mask)
        if self.reasoning.mode == "substituted":
            self._substitute(ids, mask)
            options["use_cache"] = True  # the states are written into one pass, which later ones must not do again
        self._ends(options, generation_config, ids.shape[1])
        found = super().generate(ids, generation_config, attention_mask=mask, **options)
        return self._answer(given, found, ids.shape[1])

    def _pass(self, embeddings, mask, places, cache):
        out = self.base_model(
            inputs_embeds=embeddings, attention_mask=mask, position_ids=places, past_key_values=cache, use_cache=True, return_dict=True
        )
        cache = out.past_key_values
        return out.last_hidden_state, DynamicCache.from_legacy_cache(cache) if isinstance(cache, tuple) else cache

    def _substitute(self, ids, mask):
        """Emulates states from the question, and has them written into the next pass over it."""
        emulator, parts = StateEmulator(self.reasoning.parts["emulator"], self.reasoning.latents), self.reasoning.parts
        decoder = self._emulator().to(device=ids.device, dtype=self.dtype)
        write_once(self._blocks(decoder), emulator.before)
        decoder.base_model(input_ids=ids, attention_mask=mask, position_ids=positions(mask), use_cache=False, return_dict=True)
        write_once(self._blocks(self), lambda layer, _: two_layers(parts["student"], f"student.mlps.{layer}", emulator.states[layer]))

    def _emulator(self):
        """A decoder of the same shape over the base's vocabulary; made once, and no part of this model's own weights."""
        if self.reasoning.emulator is None:
            config = copy.deepcopy(self.config)
            config.vocab_size, config.pad_token_id = self.reasoning.latents["vocabulary"], None
            made = BaseModel(config)
            shapes = {name: tuple(value.shape) for name, value in made.state_dict().items()}
            made.load_state_dict(decoder_weights(self.reasoning.parts["emulator"], shapes), strict=False)
            self.reasoning.emulator = made.eval()
        return self.reasoning.emulator

    @staticmethod
    def _blocks(model):
        return model.base_model.h if hasattr(model.base_model, "h") else model.base_model.layers

    def _limits(self, options, generation_config, length):
        """The most new tokens; a `max_length`, of the call or of the settings that it is given, counts the ids that were given."""
        most, config = options.pop("max_length", None), generation_config or self.generation_config
        if options.get("max_new_tokens") is not None or (most is None and config.max_new_tokens is not None):
            return
        if most is None and generation_config is not None and generation_config.max_length != GenerationConfig().max_length:
            most = generation_config.max_length
        options["max_new_tokens"] = MOST_TOKENS if most is None else max(most - length, 1)

    def _ends(self, options, generation_config, start):
        """The ids that end an answer, how many of them do, and what fills a row that is at its end."""
        ends = self.reasoning.ends
        given = [config.pad_token_id for config in (generation_config, self.generation_config) if config is not None]
        pad = next((one for one in given if one is not None), None)
        options.setdefault("pad_token_id", ends[0] if pad is None else pad)
        if self.reasoning.stop_after == 1:
            options.setdefault("eos_token_id", ends)
            return
        options["eos_token_id"] = None
        stop = StopAfterEnds(ends, self.reasoning.stop_after, start)
        options["stopping_criteria"] = StoppingCriteriaList([*(options.get("stopping_criteria") or []), stop])

    def _answer(self, given, found, start):
        """What was given, and what was written after the column `start`."""
        written = found if torch.is_tensor(found) else found.sequences
        rows = given.repeat_interleave(written.shape[0] // given.shape[0], 0)
        whole = torch.cat([rows.to(written.device), written[:, start:]], 1)
        if torch.is_tensor(found):
            return whole
        found.sequences = whole
        return found


LoRiConfig.register_for_auto_class()
LoRiForCausalLM.register_for_auto_class("AutoModelForCausalLM")
