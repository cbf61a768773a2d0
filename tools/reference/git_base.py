"""Writes git-base with random weights, and what transformers computes with it.

    python tools/reference/git_base.py FOLDER
    CAPTIONER_GIT_BASE=FOLDER cargo test --workspace --test parity full_size -- --ignored --nocapture

About 700 MB. transformers 5.23.0, CPU, f32.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import GitConfig, GitForCausalLM, set_seed


def main():
    folder = Path(sys.argv[1])
    set_seed(0)
    # The default deviation of 0.02 gives nearly the same logits everywhere.
    model = GitForCausalLM(GitConfig(initializer_range=0.05)).eval()
    model.save_pretrained(folder)
    pixels = torch.randn(2, 3, 224, 224)
    ids = torch.tensor([[101, 2054, 2003, 2023], [101, 1037, 4937, 2006]])
    with torch.no_grad():
        logits = model(pixel_values=pixels, input_ids=ids).logits[:, -ids.shape[1] :]
        sequences = model.generate(pixel_values=pixels, max_new_tokens=20, do_sample=False)
    tensors = dict(pixel_values=pixels, input_ids=ids, logits=logits, sequences=sequences)
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    save_file(tensors, folder / "expected.safetensors")
    print(sequences.tolist())


if __name__ == "__main__":
    main()
