"""Reads captioned sets with `datasets` and preprocesses them with transformers, as asked for on stdin.

    python benches/peers/sets.py FOLDER

Writes the same 512 captioned pictures, 640x480 JPEG, as FOLDER/folder (`imagefolder`), FOLDER/parquet
(two shards) and FOLDER/tar (two WebDataset shards); then, for each line "FORM PROCESSOR", reads the
set once with torch's DataLoader on two worker processes, which are running already, in shuffled
batches of 16, and prints the seconds. Called by `cargo bench -p captioner-train --bench loading`.
"""

import io
import json
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
from datasets import Dataset, Features, Image, Value, load_dataset
from PIL import Image as Pillow
from torch.utils.data import DataLoader
from transformers.models.clip.image_processing_clip import CLIPImageProcessor
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

ROWS, DISTINCT, SHARDS, WORKERS, BATCH = 512, 64, 2, 2, 16
PROCESSORS = {"pillow": CLIPImageProcessorPil(), "torchvision": CLIPImageProcessor()}


def photograph(seed: int) -> bytes:
    """Waves of several lengths and some noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:480, 0:640]
    waves = [127 + 100 * np.sin(x / (25 + 9 * c + seed / 9) + y / (31 - 5 * c)) for c in range(3)]
    noisy = np.stack(waves, -1) + rng.normal(0, 6, (480, 640, 3))
    file = io.BytesIO()
    Pillow.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85, subsampling=2)
    return file.getvalue()


def write(folder: Path) -> None:
    pictures = [photograph(seed) for seed in range(DISTINCT)]
    rows = [(f"{row:05}.jpg", pictures[row % DISTINCT], f"a picture of number {row}") for row in range(ROWS)]
    (folder / "folder").mkdir()
    with open(folder / "folder/metadata.jsonl", "w") as metadata:
        for name, picture, text in rows:
            (folder / "folder" / name).write_bytes(picture)
            metadata.write(json.dumps({"file_name": name, "text": text}) + "\n")
    (folder / "parquet").mkdir()
    (folder / "tar").mkdir()
    features = Features({"image": Image(), "text": Value("string")})
    for shard in range(SHARDS):
        part = rows[shard * ROWS // SHARDS : (shard + 1) * ROWS // SHARDS]
        columns = {"image": [{"bytes": p, "path": n} for n, p, _ in part], "text": [t for *_, t in part]}
        name = f"train-{shard:05}-of-{SHARDS:05}.parquet"
        Dataset.from_dict(columns, features=features).to_parquet(folder / "parquet" / name)
        with tarfile.open(folder / "tar" / f"train-{shard:05}.tar", "w") as tar:
            for name, picture, text in part:
                for ending, data in [("jpg", picture), ("txt", text.encode())]:
                    member = tarfile.TarInfo(f"{name.removesuffix('.jpg')}.{ending}")
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))


def opened(folder: Path, form: str):
    """The set and the names of its columns; a tar set is streamed, so that nothing is unpacked."""
    cache = str(folder / "cache")
    if form == "folder":
        return load_dataset("imagefolder", data_dir=str(folder / form), split="train", cache_dir=cache), "image", "text"
    files = sorted(str(path) for path in (folder / form).iterdir() if path.suffix in [".parquet", ".tar"])
    if form == "parquet":
        return load_dataset("parquet", data_files=files, split="train", cache_dir=cache), "image", "text"
    return load_dataset("webdataset", data_files=files, split="train", streaming=True, cache_dir=cache), "jpg", "txt"


def loader(folder: Path, form: str, processor: str) -> DataLoader:
    dataset, image, text = opened(folder, form)

    def collate(rows):
        pictures = [row[image].convert("RGB") for row in rows]
        return PROCESSORS[processor](pictures, return_tensors="pt")["pixel_values"], [row[text] for row in rows]

    shuffle = {} if form == "tar" else {"shuffle": True}
    return DataLoader(
        dataset, batch_size=BATCH, num_workers=WORKERS, collate_fn=collate, persistent_workers=True, **shuffle
    )


def main(folder: Path) -> None:
    write(folder)
    loaders = {}
    print("ready", flush=True)
    for line in sys.stdin:
        form, processor = line.split()
        if (form, processor) not in loaders:
            loaders[form, processor] = loader(folder, form, processor)
            for _ in loaders[form, processor]:
                pass
        start, rows = time.perf_counter(), 0
        for pixels, texts in loaders[form, processor]:
            assert pixels.shape[1:] == (3, 224, 224) and len(texts) == len(pixels)
            rows += len(texts)
        seconds = time.perf_counter() - start
        assert rows == ROWS, rows
        print(seconds, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
