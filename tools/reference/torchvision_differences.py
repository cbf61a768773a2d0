"""How far transformers' torchvision backend is from its Pillow backend, on the fixtures' pictures.

    python tools/reference/torchvision_differences.py

Prints the shares of values, as bytes, that are equal, within 1 and the largest difference, for each
filter, for shrinking and growing; then the same of JPEGs that torchvision decodes itself.
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.io import decode_jpeg
from transformers.models.clip.image_processing_clip import CLIPImageProcessor
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

FOLDER = Path(__file__).parents[2] / "crates/captioner-image/tests/fixtures"
FILTERS = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"]


def values(processor, image, **config) -> np.ndarray:
    made = processor(do_rescale=False, do_normalize=False, **config)(image, return_tensors="np")
    return np.asarray(made["pixel_values"][0], dtype=np.float64)


def summary(differences: list[np.ndarray]) -> str:
    all_of_them = np.concatenate([difference.ravel() for difference in differences])
    equal, near = (all_of_them == 0).mean(), (all_of_them <= 1).mean()
    return f"equal {equal:8.2%}  within 1 {near:8.2%}  largest {all_of_them.max():5.0f}"


def main() -> None:
    pictures = [Image.open(FOLDER / name).convert("RGB") for name in ("rgb.png", "large.png", "lossless.webp")]
    for number, name in enumerate(FILTERS):
        for word, size in [("shrink", 16), ("grow", 130)]:
            config = {"resample": number, "size": {"shortest_edge": size}, "crop_size": size}
            try:
                found = [abs(values(CLIPImageProcessorPil, p, **config) - values(CLIPImageProcessor, p, **config)) for p in pictures]
                print(f"{name:9} {word:7} {summary(found)}")
            except Exception as error:
                print(f"{name:9} {word:7} torchvision: {type(error).__name__}: {str(error)[:60]}")
    plain = {"do_resize": False, "do_center_crop": False}
    for kind in ("444", "422", "420"):
        path = FOLDER / f"jpeg_{kind}.jpg"
        theirs = decode_jpeg(torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.uint8)).numpy()
        found = abs(values(CLIPImageProcessorPil, Image.open(path), **plain) - theirs)
        print(f"JPEG {kind} decoded by torchvision: {summary([found])}")


if __name__ == "__main__":
    main()
