"""Loads a checkpoint that was saved here with transformers, and compares what both compute.

    cargo run --release --example caption -- PICTURE... --model MODEL --max-length 40 --dump dump.safetensors
    python tools/reference/check_round_trip.py MODEL dump.safetensors PICTURE...

Prints the largest differences; fails when token ids differ, logits are further apart than 2e-5 of the
largest, or a pixel value is not that of Pillow's image processor with the settings that transformers
loads. For the model, pixel values are taken from the dump.
"""

import sys

import torch
from PIL import Image
from safetensors.torch import load_file
from transformers import AutoImageProcessor, AutoModelForCausalLM, AutoProcessor


def main():
    folder, dump, *pictures = sys.argv[1:]
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    processor = AutoProcessor.from_pretrained(folder)
    ours = load_file(dump)
    images = [Image.open(path) for path in pictures]
    by_pillow = AutoImageProcessor.from_pretrained(folder, use_fast=False)
    pixels = by_pillow(images, return_tensors="pt").pixel_values
    same_pixels = torch.equal(pixels, ours["pixel_values"])
    print("pixel values equal:", same_pixels)
    length = ours["logits"].shape[1]
    sequences = ours["sequences"]
    with torch.no_grad():
        logits = model(
            pixel_values=ours["pixel_values"], input_ids=sequences[:, :length]
        ).logits[:, -length:]
    difference = ((logits - ours["logits"]).abs().max() / logits.abs().max()).item()
    print("logits: largest difference, as a share of the largest", difference)
    theirs = model.generate(pixel_values=ours["pixel_values"], max_length=40, do_sample=False)
    width = max(theirs.shape[1], sequences.shape[1])
    pad = model.config.pad_token_id
    fill = lambda ids: torch.nn.functional.pad(ids, (0, width - ids.shape[1]), value=pad)
    same = torch.equal(fill(theirs), fill(sequences))
    print("token ids equal:", same)
    for text in processor.batch_decode(theirs, skip_special_tokens=True):
        print(" ", text)
    if not same or not same_pixels or difference > 2e-5:
        raise SystemExit("the checkpoint computes something else in Python")


if __name__ == "__main__":
    main()
