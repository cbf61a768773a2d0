"""Writes tar shards in the forms that Python writes, and what `datasets` 5.2 reads from them.

    python tools/reference/datasets_webdataset.py write FOLDER     # shards, and expected.jsonl beside them
    python tools/reference/datasets_webdataset.py large FOLDER N   # one shard of N small samples
    python tools/reference/datasets_webdataset.py time SHARD...    # how long `datasets` needs, and how much memory

`crates/captioner-data/tests/fixtures/webdataset` is what `write` gives. A line of expected.jsonl is
{"row", "name", "captions", "crc32"}: the key, the caption field's strings, zlib.crc32 of the picture's bytes.
`cargo run -p captioner-data --example print_tar SHARD...` prints the same lines of ours.
"""

import io
import json
import resource
import sys
import tarfile
import tempfile
import time
import zlib
from pathlib import Path

import datasets
from PIL import Image

datasets.disable_progress_bars()


def picture(n: int, form: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4 + n % 3, 3), (n * 40 % 256, n * 90 % 256, 7)).save(file, form)
    return file.getvalue()


def add(tar: tarfile.TarFile, name: str, data: bytes, **changed) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in changed.items():
        setattr(info, field, value)
    tar.addfile(info, io.BytesIO(data))


def folder(tar: tarfile.TarFile, name: str) -> None:
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE
    tar.addfile(info)


def write(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    long = "sub.folder/" + "k" * 120
    captions = ["a cat", "zwei Hunde", "猫", "A Bird in a café!"]
    with tarfile.open(target / "plain.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
        folder(tar, "train.d")
        for n, caption in enumerate(captions[:3]):
            add(tar, f"train.d/{n:04}.jpg", picture(n, "JPEG"))
            add(tar, f"train.d/{n:04}.txt", caption.encode())
            add(tar, f"train.d/{n:04}.cls", str(n).encode())
            add(tar, f"train.d/._{n:04}.jpg", b"hidden")
        add(tar, "README", b"no sample")
    with tarfile.open(target / "gnu.tar", "w", format=tarfile.GNU_FORMAT) as tar:
        for n, caption in enumerate(captions):
            add(tar, f"./{long}{n}.txt", caption.encode(), mtime=1e10)
            add(tar, f"./{long}{n}.image.png", picture(n, "PNG"), uid=1 << 40)
    with tarfile.open(target / "pax.tar", "w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "of all\nmembers"}) as tar:
        for n, caption in enumerate(captions[1:]):
            records = {"comment": "a line\n12 path=b.jpg\n", "SCHILY.xattr.user.x": "ä\n"}
            add(tar, f"{long}-ü{n}.webp", picture(n, "WEBP"), pax_headers=records, mtime=0.5)
            add(tar, f"{long}-ü{n}.json", json.dumps({"caption": caption, "width": n}).encode())
    with tarfile.open(target / "lists.tar", "w") as tar:
        for n, caption in enumerate(captions):
            add(tar, f"{n}.json", json.dumps({"url": "x", "captions": [caption, caption + " again"]}).encode())
            add(tar, f"{n}.PNG", picture(n, "PNG"))
    with (target / "expected.jsonl").open("w") as out:
        for shard, field, column in [("plain", "txt", None), ("gnu", "txt", None), ("pax", "json", "caption"), ("lists", "json", "captions")]:
            for line in read([str(target / f"{shard}.tar")], field, column):
                out.write(json.dumps({"shard": f"{shard}.tar"} | line, ensure_ascii=False) + "\n")


def read(shards: list[str], field: str, column: str | None):
    """The rows as `datasets` reads them."""
    with tempfile.TemporaryDirectory() as cache:
        rows = datasets.load_dataset("webdataset", data_files={"train": shards}, split="train", cache_dir=cache)
        pictures = [name for name, feature in rows.features.items() if isinstance(feature, datasets.Image)]
        rows = rows.cast_column(pictures[0], datasets.Image(decode=False))
        for n, row in enumerate(rows):
            caption = row[field][column] if column else row[field]
            captions = caption if isinstance(caption, list) else [caption]
            yield {"row": n, "name": row["__key__"], "captions": captions, "crc32": zlib.crc32(row[pictures[0]]["bytes"])}


def large(target: Path, rows: int) -> None:
    target.mkdir(parents=True, exist_ok=True)
    data = picture(1, "JPEG")
    with tarfile.open(target / "large.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
        for n in range(rows):
            add(tar, f"{n:09}.jpg", data)
            add(tar, f"{n:09}.txt", f"caption {n}".encode())
            tar.members = []


def timed(shards: list[str]) -> None:
    with tempfile.TemporaryDirectory() as cache:
        for opening in ("first", "second"):
            start = time.perf_counter()
            rows = datasets.load_dataset("webdataset", data_files={"train": shards}, split="train", cache_dir=cache)
            seconds = time.perf_counter() - start
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(f"{opening} opening: {len(rows)} rows in {seconds:.3f} s, peak {peak} MiB")


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "write":
        write(Path(rest[0]))
    elif command == "large":
        large(Path(rest[0]), int(rest[1]))
    elif command == "time":
        timed(rest)
    else:
        sys.exit(__doc__)
