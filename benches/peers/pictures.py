"""Times transformers' two image processors, one piece of work at a time as asked for on stdin.

    python benches/peers/pictures.py FOLDER [PHOTOGRAPH]

Writes FOLDER/640x480.jpg and FOLDER/1280x960.jpg, photograph-like and 4:2:0, FOLDER/photograph.jpg where
there is one, and FOLDER/NAME.f32, the pixel values by Pillow; then, for each line "BACKEND NAME COUNT TIMES", prints the seconds that it takes
to process so many pictures so many times, of the wall clock and of the processor. Called by `cargo bench -p captioner-image --bench against_python`.
"""

import io
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.io import decode_jpeg
from transformers.models.clip.image_processing_clip import CLIPImageProcessor
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

PIL = CLIPImageProcessorPil()
TORCHVISION = CLIPImageProcessor()


def photograph(width: int, height: int) -> bytes:
    """Waves of several lengths and some noise."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:height, 0:width]
    waves = [127 + 100 * np.sin(x / (25 + 9 * c) + y / (31 - 5 * c)) for c in range(3)]
    noisy = np.stack(waves, -1) + rng.normal(0, 6, (height, width, 3))
    file = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85, subsampling=2)
    return file.getvalue()


def by_pillow(jpegs: list[bytes]) -> np.ndarray:
    return PIL([Image.open(io.BytesIO(jpeg)) for jpeg in jpegs], return_tensors="np")["pixel_values"]


def by_torchvision(jpegs: list[torch.Tensor]) -> torch.Tensor:
    return TORCHVISION([decode_jpeg(jpeg) for jpeg in jpegs], return_tensors="pt")["pixel_values"]


def main(folder: Path, *photographs: str) -> None:
    jpegs = {f"{w}x{h}": photograph(w, h) for w, h in [(640, 480), (1280, 960)]}
    jpegs |= {"photograph": Path(path).read_bytes() for path in photographs}
    for name, jpeg in jpegs.items():
        (folder / f"{name}.jpg").write_bytes(jpeg)
        by_pillow([jpeg]).astype("<f4").tofile(folder / f"{name}.f32")
    tensors = {name: torch.frombuffer(bytearray(jpeg), dtype=torch.uint8) for name, jpeg in jpegs.items()}
    print("ready", flush=True)
    for line in sys.stdin:
        backend, name, count, times = line.split()
        work, files = {"pillow": (by_pillow, jpegs), "torchvision": (by_torchvision, tensors)}[backend]
        pictures = [files[name]] * int(count)
        start, processor = time.perf_counter(), time.process_time()
        for _ in range(int(times)):
            work(pictures)
        print(time.perf_counter() - start, time.process_time() - processor, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
