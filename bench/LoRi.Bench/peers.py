"""What other programs take for the measures of `LoRi.Bench peers`: reads the name of a measure a line, runs it once, writes seconds.

Needs PyTorch; transformers, TensorLy and a checkout of CODI (github.com/zhenyi4/codi) for what is theirs. A measure whose program is
absent is answered with a dash and the reason. Sizes are those of Peers.fs, written here again.
"""

import argparse
import sys
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--model", required=True, help="a Hub folder of a Llama with its tokenizer")
arguments.add_argument("--codi", help="a checkout of CODI")
arguments.add_argument("--threads", type=int, required=True)
options = arguments.parse_args()

import torch

torch.set_num_threads(options.threads)
torch.manual_seed(1)


def ids(rows, length, vocabulary):
    return torch.randint(5, vocabulary, (rows, length))


def plain_model():
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(options.model, torch_dtype=torch.float32)


def fine_tuning():
    model = plain_model().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
    rows = ids(4, 129, model.config.vocab_size)

    def step():
        optimizer.zero_grad()
        model(input_ids=rows[:, :-1], labels=rows[:, :-1]).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


def prefill():
    model = plain_model().eval()
    rows = ids(1, 512, model.config.vocab_size)

    @torch.no_grad()
    def run():
        model(input_ids=rows, logits_to_keep=1)

    return run


def subspace():
    import tensorly
    from tensorly.decomposition import partial_tucker

    tensorly.set_backend("pytorch")
    corpus = torch.randn(30, 5000, 576)

    def run():
        partial_tucker(corpus, rank=[8, 64], modes=[0, 2], n_iter_max=1, init="svd")

    return run


def codi():
    if options.codi is None:
        raise ImportError("no checkout of CODI was named")
    sys.path.insert(0, options.codi)
    from peft import LoraConfig
    from src.model import CODI, ModelArguments, TrainingArguments

    lora = LoraConfig(
        task_type="CAUSAL_LM", inference_mode=False, r=128, lora_alpha=32, lora_dropout=0.1,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "up_proj", "down_proj", "gate_proj"], init_lora_weights=True)
    training = TrainingArguments(
        output_dir="/nonexistent", num_latent=6, use_lora=True, use_prj=True, prj_dim=2048, fix_attn_mask=True,
        distill_loss_div_std=True, bf16=False, use_cpu=True, report_to=[], print_loss=False)
    model = CODI(ModelArguments(model_name_or_path=options.model, lora_init=True), training, lora).float().train()
    vocabulary = model.codi.config.vocab_size - 3
    optimizer = torch.optim.AdamW([one for one in model.parameters() if one.requires_grad], lr=1e-5)
    question, rationale, answer = ids(8, 64, vocabulary), ids(8, 40, vocabulary), ids(8, 12, vocabulary)
    encoder = torch.cat([question, torch.full((8, 1), model.bot_id)], 1)
    decoder = torch.cat([torch.full((8, 1), model.eot_id), answer], 1)
    reference = torch.cat([question, rationale, answer], 1)

    def graded(rows):
        labels = torch.full_like(rows, -100)
        labels[:, -8:] = rows[:, -8:]
        return labels

    def step():
        optimizer.zero_grad()
        out = model(
            encoder_input_ids=encoder, decoder_input_ids=decoder, ref_input_ids=reference, labels=graded(decoder),
            ref_labels=graded(reference), encoder_attention_mask=torch.ones_like(encoder),
            ref_attention_mask=torch.ones_like(reference), model_answer_position=torch.full((8,), 4),
            ref_answer_position=torch.full((8,), 107), step=0, step_ratio=0.0)
        out["loss"].backward()
        torch.nn.utils.clip_grad_norm_([one for one in model.parameters() if one.requires_grad], 1.0)
        optimizer.step()

    return step


measures, made = {"codi": codi, "fine-tuning": fine_tuning, "prefill": prefill, "subspace": subspace}, {}
for line in sys.stdin:
    name = line.strip()
    try:
        if name not in made:
            made[name] = measures[name]()
            made[name]()
        start = time.perf_counter()
        made[name]()
        answer = f"{time.perf_counter() - start:.6f}"
    except ImportError as absent:
        answer = f"- {absent}"
    print(f"answer {answer}", flush=True)
