"""Fetches what the published numbers of GIT are about: two pictures and six frames of a video.

    pip install av numpy pillow huggingface_hub
    python tools/reference/published_inputs.py FOLDER

The frames are those that transformers' conversion script draws (numpy's seed 0, six frames, each
fourth): src/transformers/models/git/convert_git_to_pytorch.py, transformers 4.57. Needs the
internet.
"""

import sys
import urllib.request
from pathlib import Path

import av
import numpy as np
from huggingface_hub import hf_hub_download
from PIL import Image

CATS = "http://images.cocodataset.org/val2017/000000039769.jpg"
FRAMES, RATE = 6, 4


def frame_indices(length):
    np.random.seed(0)
    span = FRAMES * RATE
    end = np.random.randint(span, length)
    indices = np.linspace(end - span, end, num=FRAMES)
    return np.clip(indices, end - span, end - 1).astype(np.int64)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    urllib.request.urlretrieve(CATS, folder / "000000039769.jpg")
    bus = hf_hub_download("nielsr/textvqa-sample", "bus.png", repo_type="dataset")
    Image.open(bus).convert("RGB").save(folder / "bus.png")
    video = hf_hub_download("nielsr/video-demo", "eating_spaghetti.mp4", repo_type="dataset")
    with av.open(video) as container:
        pictures = [frame.to_image() for frame in container.decode(video=0)]
    for number, index in enumerate(frame_indices(len(pictures))):
        pictures[index].convert("RGB").save(folder / f"frame{number}.png")
    print(folder)


if __name__ == "__main__":
    main()
