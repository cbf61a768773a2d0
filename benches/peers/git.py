"""Times transformers' GIT, one piece of work at a time as asked for on stdin.

    python benches/peers/git.py FOLDER

Writes git-base with random weights to FOLDER, and the pictures as `pixels.safetensors`. For each line
such as "greedy 8" prints seconds of the wall clock and of the processor, and a value to compare: the
sum of all ids, or the loss. Called by `cargo bench -p captioner-git`.
"""

import sys
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import GitConfig, GitForCausalLM, set_seed

NEW_TOKENS = 20
PICTURES = 8
TEXT_TOKENS = 24


def main(folder: str) -> None:
    set_seed(0)
    # The default deviation of 0.02 gives nearly the same logits everywhere. No dropout: the same loss.
    config = GitConfig(
        initializer_range=0.05, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    model = GitForCausalLM(config).eval()
    model.save_pretrained(folder)
    pixels = torch.randn(PICTURES, 3, 224, 224)
    ids = torch.randint(1000, 30000, (PICTURES, TEXT_TOKENS), dtype=torch.int32)
    save_file({"pixels": pixels, "ids": ids}, Path(folder) / "pixels.safetensors")
    print("ready", flush=True)
    for line in sys.stdin:
        work, count = line.split()
        count = int(count)
        start, processor = time.perf_counter(), time.process_time()
        value = run(model, work, pixels[:count], ids[:count].long())
        wall, processor = time.perf_counter() - start, time.process_time() - processor
        print(wall, processor, value, flush=True)


def run(model, work: str, pixels, ids) -> float:
    if work == "training":
        model.train()
        # transformers takes labels for the text positions alone.
        loss = model(pixel_values=pixels, input_ids=ids, labels=ids).loss
        loss.backward()
        model.zero_grad()
        return loss.item()
    model.eval()
    with torch.no_grad():
        if work == "vision":
            return model.git.image_encoder(pixels).last_hidden_state.abs().max().item()
        beams = 1 if work == "greedy" else 4
        written = model.generate(
            pixel_values=pixels,
            min_new_tokens=NEW_TOKENS,
            max_new_tokens=NEW_TOKENS,
            num_beams=beams,
            do_sample=False,
        )
        return written.sum().item()


if __name__ == "__main__":
    main(sys.argv[1])
