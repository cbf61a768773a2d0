"""Writes crates/captioner-image/tests/fixtures: small pictures and what Pillow makes of them.

Needs transformers 5.23.0 and Pillow 13 (the order of the two resizing passes changed there).

    python tools/reference/image_fixtures.py
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

FOLDER = Path(__file__).parents[2] / "crates/captioner-image/tests/fixtures"


def picture(height: int, width: int, channels: int) -> np.ndarray:
    """Waves with some noise: smooth enough to be typical, rough enough to show any rounding."""
    rng = np.random.default_rng(height * width + channels)
    y, x = np.mgrid[0:height, 0:width]
    waves = [127 + 120 * np.sin(x / (5 + 3 * c) + y / (9 - c)) for c in range(channels)]
    noisy = np.stack(waves, -1) + rng.normal(0, 12, (height, width, channels))
    return noisy.clip(0, 255).astype(np.uint8)


def pictures() -> dict[str, tuple[Image.Image, dict]]:
    """Name to picture and how it is saved."""
    rgb = Image.fromarray(picture(31, 23, 3))
    palette = Image.fromarray(picture(20, 30, 3)).quantize(16)
    return {
        "rgb.png": (rgb, {}),
        "wide.png": (Image.fromarray(picture(5, 70, 3)), {}),
        "one_pixel.png": (Image.fromarray(picture(1, 1, 3)), {}),
        "rgba.png": (Image.fromarray(picture(19, 14, 4)), {}),
        "grey_alpha.png": (Image.fromarray(picture(19, 14, 2), "LA"), {}),
        "grey.png": (Image.fromarray(picture(19, 14, 1)[..., 0]), {}),
        "palette.png": (palette, {"transparency": bytes(range(0, 256, 16))}),
        "animation.gif": (palette, {"save_all": True, "append_images": [palette.rotate(180)]}),
        "lossless.webp": (rgb, {"lossless": True}),
        "plain.bmp": (rgb, {}),
        "plain.tiff": (rgb, {}),
    }


def settings() -> list[dict]:
    """One for each filter and each shape of result, crop smaller and larger than the picture."""
    filters = [{"resample": n, "size": {"shortest_edge": 16}} for n in range(6)]
    stretch = {"resample": 3, "size": {"height": 9, "width": 40}, "do_center_crop": False}
    return [{"crop_size": {"height": 16, "width": 17}, **f} for f in filters] + [
        stretch,
        {"size": {"shortest_edge": 9}, "crop_size": {"height": 14, "width": 21}},
        {"do_resize": False, "crop_size": {"height": 10, "width": 11}},
        {"do_resize": False, "do_center_crop": False},
    ]


def processed(image: Image.Image, config: dict) -> np.ndarray:
    return np.asarray(CLIPImageProcessorPil(**config)(image)["pixel_values"][0])


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    cases, pixels = [], []
    for name, (image, options) in pictures().items():
        image.save(FOLDER / name, **options)
        image = Image.open(FOLDER / name)
        # Only the first picture goes through every setting: the rest shows decoding.
        for config in settings() if name == "rgb.png" else settings()[3:4]:
            # Without these two steps the values are whole numbers: one byte each.
            config = {**config, "do_rescale": False, "do_normalize": False}
            values = processed(image, config)
            pixels.append(values.astype(np.uint8).tobytes())
            cases.append({"file": name, "config": config, "output": values.shape[1:]})
    (FOLDER / "expected.u8").write_bytes(b"".join(pixels))
    (FOLDER / "cases.json").write_text(
        "[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n"
    )
    normalised = processed(Image.open(FOLDER / "rgb.png"), settings()[3])
    normalised.astype("<f4").tofile(FOLDER / "normalised.f32")


if __name__ == "__main__":
    main()
