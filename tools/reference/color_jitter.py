"""Writes what torchvision's ColorJitter makes of a Pillow picture, for
crates/captioner-train/src/augment/color_jitter.rs.

    python tools/reference/color_jitter.py

The four functions are torchvision's own (torchvision/transforms/_functional_pil.py): `ImageEnhance`,
and for the hue Pillow's HSV with NumPy's wrap-around.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

FIXTURE = Path(__file__).parents[2] / "crates/captioner-train/tests/fixtures/color_jitter.json"
FACTORS = {
    "brightness": [0.0, 0.37, 1.0, 1.61],
    "contrast": [0.0, 0.73, 1.9],
    "saturation": [0.0, 0.41, 1.55, 3.0],
    "hue": [-0.5, -0.123, 0.0, 0.04, 0.33, 0.5],
}


def adjust_hue(picture, factor):
    h, s, v = picture.convert("HSV").split()
    hue = np.array(h, dtype=np.uint8)
    with np.errstate(over="ignore"):
        hue += np.int32(factor * 255).astype(np.uint8)
    return Image.merge("HSV", (Image.fromarray(hue, "L"), s, v)).convert("RGB")


CHANGES = {
    "brightness": lambda picture, factor: ImageEnhance.Brightness(picture).enhance(factor),
    "contrast": lambda picture, factor: ImageEnhance.Contrast(picture).enhance(factor),
    "saturation": lambda picture, factor: ImageEnhance.Color(picture).enhance(factor),
    "hue": adjust_hue,
}


def planes(picture):
    return np.asarray(picture).transpose(2, 0, 1).reshape(-1).tolist()


def main():
    pixels = np.random.default_rng(7).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    # Greys, pure colours, black, white and near-greys, where the conversions have their edges.
    pixels[0, :8] = [[0, 0, 0], [255] * 3, [128] * 3, [255, 0, 0], [0, 255, 0], [0, 0, 255], [1, 0, 0], [200, 201, 200]]
    picture = Image.fromarray(pixels, "RGB")
    cases = [
        {"change": name, "factor": factor, "planes": planes(CHANGES[name](picture, factor))}
        for name, factors in FACTORS.items()
        for factor in factors
    ]
    fixture = {"planes": planes(picture), "cases": cases}
    FIXTURE.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
