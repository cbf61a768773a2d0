"""Has PEFT read an adapter that was saved here, and compares what both compute.

    cargo run --release --example caption -- PICTURE... --model BASE --adapter ADAPTER \
        --max-length 40 --dump dump.safetensors
    python tools/reference/check_adapter.py BASE ADAPTER dump.safetensors

Prints the largest differences, as it is and merged by PEFT; fails when token ids differ, logits are
further apart than 2e-5 of the largest, or the adapter changes too little to show anything.
"""

import sys

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

BOUND, SHOWN = 2e-5, 1e-3


def logits(model, ours):
    ids = ours["sequences"][:, : ours["logits"].shape[1]]
    with torch.no_grad():
        output = model(pixel_values=ours["pixel_values"], input_ids=ids)
    return output.logits[:, -ids.shape[1] :]


def share(got, want):
    return ((got - want).abs().max() / want.abs().max()).item()


def same_tokens(model, ours):
    theirs = model.generate(pixel_values=ours["pixel_values"], max_length=40, do_sample=False)
    pad = model.config.pad_token_id
    width = max(theirs.shape[1], ours["sequences"].shape[1])
    fill = lambda ids: torch.nn.functional.pad(ids, (0, width - ids.shape[1]), value=pad)
    return torch.equal(fill(theirs), fill(ours["sequences"]))


def main():
    base, adapter, dump = sys.argv[1:]
    ours = load_file(dump)
    plain = AutoModelForCausalLM.from_pretrained(base).eval()
    changed = share(logits(plain, ours), ours["logits"])
    print("logits of the base alone: largest difference, as a share of the largest", changed)
    model = PeftModel.from_pretrained(plain, adapter).eval()
    config = model.peft_config["default"]
    print(f"adapter of rank {config.r}, alpha {config.lora_alpha}, on {len(config.target_modules)} linear maps")
    apart = share(logits(model, ours), ours["logits"])
    print("logits with the adapter:", apart)
    same = same_tokens(model, ours)
    print("token ids equal:", same)
    merged = share(logits(model.merge_and_unload(), ours), ours["logits"])
    print("logits with the adapter merged by PEFT:", merged)
    if not same or max(apart, merged) > BOUND or changed < SHOWN:
        raise SystemExit("the adapter computes something else in Python, or too little")


if __name__ == "__main__":
    main()
