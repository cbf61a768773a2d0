"""Has the transformers that is installed read the settings that captioner-image saves.

    python tools/reference/check_saved.py

Run it with transformers 4 and with transformers 5. Every setting must come out as it stands in the
file, and the processor must make of a picture what one makes that got the same settings by hand.
"""

import json
from pathlib import Path

import numpy as np
import transformers
from transformers import AutoImageProcessor

SAVED = Path(__file__).parents[2] / "crates/captioner-image/tests/fixtures/saved"
#: Which class reads them, without the ending of the backend.
CLASSES = {"clip": "CLIPImageProcessor", "video_mae": "VideoMAEImageProcessor"}
#: What no version keeps: they say which class to take.
KINDS = ("image_processor_type", "feature_extractor_type")


def plain(value):
    """A setting as JSON has it, whatever class a version wraps it in."""
    if hasattr(value, "items"):
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return int(value) if hasattr(value, "value") else value


def main() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (60, 50, 3), np.uint8)
    for name, kind in CLASSES.items():
        settings = json.loads((SAVED / name / "preprocessor_config.json").read_text())
        processor = AutoImageProcessor.from_pretrained(SAVED / name, use_fast=False)
        assert type(processor).__name__.startswith(kind), type(processor)
        by_hand = {key: value for key, value in settings.items() if key not in KINDS}
        # VideoMAE's processor of transformers 4 takes frames as RGB and has no such setting.
        known = [key for key in by_hand if key != "do_convert_rgb" or hasattr(processor, key)]
        for key in known:
            read = plain(getattr(processor, key))
            assert read == by_hand[key], (name, key, read, by_hand[key])
        pictures = [[picture] * 2] if name == "video_mae" else picture
        pixels = [
            np.asarray(one(pictures, return_tensors="np")["pixel_values"])
            for one in (processor, type(processor)(**by_hand))
        ]
        crop = by_hand["crop_size"]
        assert pixels[0].shape[-2:] == (crop["height"], crop["width"]), pixels[0].shape
        assert np.array_equal(*pixels)
        print(transformers.__version__, type(processor).__name__, len(known), "settings", pixels[0].shape)


if __name__ == "__main__":
    main()
