"""Has the transformers that is installed read the settings that captioner-image saves.

    python tools/reference/check_saved.py

Run it with transformers 4 and with transformers 5. It also compares pixels, unless torchvision's backend
is the only one (transformers 5 takes it by default).
"""

from pathlib import Path

import numpy as np
import transformers
from transformers import AutoImageProcessor

SAVED = Path(__file__).parents[2] / "crates/captioner-image/tests/fixtures/saved"
EXPECTED = {
    "clip": ("CLIPImageProcessor", 40, 32, 2, 0.48145466),
    "video_mae": ("VideoMAEImageProcessor", 48, 48, 2, 0.5),
}


def main() -> None:
    for name, (kind, size, crop, resample, mean) in EXPECTED.items():
        processor = AutoImageProcessor.from_pretrained(SAVED / name, use_fast=False)
        assert type(processor).__name__.startswith(kind), type(processor)
        assert processor.size["shortest_edge"] == size, processor.size
        assert (processor.crop_size["height"], processor.crop_size["width"]) == (crop, crop)
        assert int(processor.resample) == resample and processor.image_mean[0] == mean
        picture = np.zeros((60, 50, 3), np.uint8)
        pictures = [[picture] * 2] if name == "video_mae" else picture
        shape = np.asarray(processor(pictures, return_tensors="np")["pixel_values"]).shape
        assert shape[-2:] == (crop, crop), shape
        print(transformers.__version__, type(processor).__name__, shape)


if __name__ == "__main__":
    main()
