"""Writes captioned sets as Parquet files and Arrow files with Python's `datasets` and pyarrow, and
prints what `datasets` reads from such files.

    python tools/reference/datasets_parquet.py fixtures
        writes the fixtures of captioner-data: crates/captioner-data/tests/fixtures/columnar
    python tools/reference/datasets_parquet.py write FOLDER [--rows 2000]
        writes larger sets of the same forms into FOLDER
    python tools/reference/datasets_parquet.py dump FILE...
        prints a JSON line for each row of Parquet files, as `datasets` reads them:
        {"row": 0, "name": "p0.png", "captions": ["..."], "crc32": 123}
    python tools/reference/datasets_parquet.py dump-arrow FOLDER_OR_FILE
        the same for a `save_to_disk` folder or an Arrow file
    python tools/reference/datasets_parquet.py million FOLDER [--old]
        writes 1,000,000 rows of a caption and a small picture, in 4 Parquet files, in a
        `save_to_disk` folder, or with --old in groups of 100 rows without a page index
    python tools/reference/datasets_parquet.py open FOLDER
        time and memory of opening those with `datasets` and with pyarrow, each in a process of
        its own, and of reading random rows

datasets 5.2.0, pyarrow 26.0.1, Pillow.
"""

import argparse
import io
import json
import random
import resource
import shutil
import subprocess
import sys
import time
import zlib
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict, Features, Image, List, Value
from PIL import Image as Pillow

FIXTURES = Path(__file__).parents[2] / "crates/captioner-data/tests/fixtures/columnar"
WORDS = "a the red green small big cat dog house tree sleeps runs on under café 猫 🐈".split()


def picture(row, side=4):
    """A small PNG, another for each row."""
    draw = random.Random(row)
    pixels = bytes(draw.randrange(256) for _ in range(side * side * 3))
    file = io.BytesIO()
    Pillow.frombytes("RGB", (side, side), pixels).save(file, "PNG")
    return file.getvalue()


def caption(row, number=0):
    draw = random.Random(1_000_003 * number + row)
    return " ".join(draw.choices(WORDS, k=draw.randint(2, 9)))


def captions(row):
    return [caption(row, number) for number in range(row % 4 + 1)]


def struct_of(rows, bytes_type=pa.binary(), side=4):
    cells = [{"bytes": picture(row, side), "path": f"p{row}.png"} for row in rows]
    return pa.array(cells, pa.struct([("bytes", bytes_type), ("path", pa.string())]))


def table(rows, image=None, text=None, text_type=pa.string(), name="text", extra=True):
    columns = {"image": struct_of(rows) if image is None else image}
    columns[name] = pa.array([caption(row) for row in rows], text_type) if text is None else text
    if extra:
        columns = {"id": pa.array(rows, pa.int64()), **columns, "score": pa.array([row / 7 for row in rows])}
    return pa.table(columns)


def dataset(rows, side=4, lists=False):
    features = Features({"image": Image(), "text": List(Value("string")) if lists else Value("string"), "id": Value("int64")})
    data = {
        "image": [{"bytes": picture(row, side), "path": f"p{row}.png"} for row in rows],
        "text": [captions(row) if lists else caption(row) for row in rows],
        "id": list(rows),
    }
    return Dataset.from_dict(data, features=features)


def shards(set_, folder, count, **how):
    folder.mkdir(parents=True)
    for number in range(count):
        shard = set_.shard(count, number, contiguous=True)
        shard.to_parquet(folder / f"train-{number:05d}-of-{count:05d}.parquet", **how)


def write_parquet(folder, rows, side):
    """Every form; a folder is a set."""
    shards(dataset(range(rows), side), folder / "datasets", 3)
    shards(dataset(range(rows), side, lists=True), folder / "datasets_lists", 2)
    shards(dataset(range(rows), side), folder / "no_index", 1, write_page_index=False)
    shards(dataset(range(rows), side, lists=True), folder / "no_index_lists", 1, write_page_index=False)
    shards(dataset(range(rows), side), folder / "old_groups", 1, batch_size=max(rows // 3, 1), write_page_index=False)

    def write(name, what, **how):
        (folder / name).mkdir(parents=True)
        pq.write_table(what, folder / name / "data.parquet", **how)

    all_ = list(range(rows))
    lists = [captions(row) for row in all_]
    write("dictionary", table(all_, text_type=pa.dictionary(pa.int32(), pa.string())))
    write("large", table(all_, struct_of(all_, pa.large_binary(), side), text_type=pa.large_string()))
    write("views", table(all_, struct_of(all_, pa.binary_view(), side), text_type=pa.string_view()))
    write("large_lists", table(all_, text=pa.array(lists, pa.large_list(pa.large_string())), name="captions"))
    write("list_of_dictionary", table(all_, text=pa.array(lists, pa.list_(pa.string())), name="captions"), use_dictionary=True)
    write("bare_binary", table(all_, pa.array([picture(row, side) for row in all_], pa.binary()), name="caption"))
    small_pages = dict(data_page_size=256, write_batch_size=2, write_page_index=True)
    write("v2_snappy", table(all_), data_page_version="2.0", compression="snappy", **small_pages)
    write("v2_lists", table(all_, text=pa.array(lists, pa.list_(pa.string()))), data_page_version="2.0", data_page_size=64, write_batch_size=1)
    for codec in ["snappy", "zstd", "lz4", "gzip", "none"]:
        write(f"codec_{codec}", table(all_), compression=codec, row_group_size=max(rows // 2, 1))
    write("dictionary_images", table([row % 3 for row in all_]), use_dictionary=True)
    write("delta_length", table(all_), use_dictionary=False, column_encoding={"text": "DELTA_LENGTH_BYTE_ARRAY", "image.bytes": "DELTA_LENGTH_BYTE_ARRAY"})
    nulls = [None if row % 3 == 1 else caption(row) for row in all_]
    images = [None if row % 4 == 3 else {"bytes": picture(row, side), "path": None} for row in all_]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    write("nulls", table(all_, pa.array(images, kind), text=pa.array(nulls)))
    lists = [[None, [], [None, "x"], ["a", "b"]][row % 4] for row in all_]
    write("null_lists", table(all_, text=pa.array(lists, pa.list_(pa.string()))))
    paths = [f"pics/p{row}.png" for row in all_]
    write("paths", table(all_, pa.array(paths), name="text"))
    (folder / "paths/pics").mkdir()
    for row in all_:
        (folder / f"paths/pics/p{row}.png").write_bytes(picture(row, side))


def write_refused(folder, rows):
    def write(name, what, **how):
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(what, folder / name, **how)

    all_ = list(range(rows))
    write("brotli.parquet", table(all_), compression="brotli")
    write("other_columns.parquet", table(all_, text=pa.array(all_)))
    write("delta_byte_array.parquet", table(all_), use_dictionary=False, column_encoding={"text": "DELTA_BYTE_ARRAY"})
    write("no_rows.parquet", table(all_).slice(0, 0))


def write_arrow(folder, rows, side):
    set_ = dataset(range(rows), side)
    set_.save_to_disk(folder / "saved", num_shards=2)
    dataset(range(rows), side, lists=True).save_to_disk(folder / "saved_lists")
    half = rows // 2
    splits = {"train": set_.select(range(half)), "test": set_.select(range(half, rows))}
    DatasetDict(splits).save_to_disk(folder / "dict")
    set_.select(range(rows - 1, 0, -2)).save_to_disk(folder / "selected")

    def write(name, what, batch, file_format=False, **options):
        sink = str(folder / name)
        new = pa.ipc.new_file if file_format else pa.ipc.new_stream
        with new(sink, what.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
            writer.write_table(what, max_chunksize=batch)

    all_ = list(range(rows))
    lists = [captions(row) for row in all_]
    write("stream.arrow", table(all_), 3)
    write("file.arrow", table(all_), 3, file_format=True)
    write("dictionary.arrow", table(all_, text_type=pa.dictionary(pa.int32(), pa.string())), rows)
    write("large.arrow", table(all_, struct_of(all_, pa.large_binary(), side), text_type=pa.large_string()), 4)
    write("views.arrow", table(all_, struct_of(all_, pa.binary_view(), side), text_type=pa.string_view()), 4)
    write("large_lists.arrow", table(all_, text=pa.array(lists, pa.large_list(pa.large_string())), name="captions"), 4)
    write("bare_binary.arrow", table(all_, pa.array([picture(row, side) for row in all_], pa.binary())), 4)
    nulls = [None if row % 3 == 1 else caption(row) for row in all_]
    images = [None if row % 4 == 3 else {"bytes": picture(row, side), "path": None} for row in all_]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    write("nulls.arrow", table(all_, pa.array(images, kind), text=pa.array(nulls)), 5)
    # A slice: its offsets don't begin at 0.
    write("slice.arrow", table(list(range(2, rows + 4))).slice(1, rows), 5)
    write("zstd.arrow", table(all_), 5, compression="zstd")


def cells(column):
    """The cells of a picture column as Python has them: bytes and path."""
    for cell in column:
        if isinstance(cell, dict):
            yield cell.get("bytes"), cell.get("path")
        elif isinstance(cell, str):
            yield None, cell
        else:
            yield cell, None


def lines(tables, folder):
    """What a reader of these tables must find, row by row."""
    row = 0
    for part in tables:
        names = part.column_names
        name = next(name for name in ["text", "caption", "captions"] if name in names)
        texts = part[name].to_pylist()
        for (data, path), text in zip(cells(part["image"].to_pylist()), texts):
            if data is None and path is not None:
                data = (folder / path).read_bytes()
            line = {
                "row": row,
                "name": path or f"row-{row}",
                "captions": None if text is None else [text] if isinstance(text, str) else text,
                "crc32": None if data is None else zlib.crc32(data),
            }
            yield line
            row += 1


def parquet_lines(files):
    """The rows of Parquet files, read by `datasets`, its pictures left as they are."""
    files = [Path(file) for file in files]
    try:
        set_ = datasets.load_dataset(
            "parquet", data_files=[str(file) for file in files], split="train", cache_dir="/tmp/datasets_parquet_cache"
        )
    except Exception as error:  # types that `datasets` itself doesn't read
        print(f"{files[0]}: read by pyarrow, as datasets can't ({type(error).__name__})", file=sys.stderr)
        return lines([pq.read_table(file) for file in files], files[0].parent)
    return lines([set_.data.table if set_._indices is None else set_.flatten_indices().data.table], files[0].parent)


def arrow_tables(path):
    path = Path(path)
    if path.is_dir():
        return [datasets.load_from_disk(str(path)).data.table]
    try:
        return [pa.ipc.open_file(str(path)).read_all()]
    except pa.ArrowInvalid:
        return [pa.ipc.open_stream(str(path)).read_all()]


def fixtures(rows=7):
    if FIXTURES.exists():
        shutil.rmtree(FIXTURES)
    write_parquet(FIXTURES / "parquet", rows, 4)
    write_refused(FIXTURES / "refused", 3)
    (FIXTURES / "arrow").mkdir(parents=True)
    write_arrow(FIXTURES / "arrow", rows, 4)
    expected = {}
    for folder in sorted((FIXTURES / "parquet").iterdir()):
        expected[f"parquet/{folder.name}"] = list(parquet_lines(sorted(folder.glob("*.parquet"))))
    for path in sorted((FIXTURES / "arrow").iterdir()):
        for part in sorted(path.iterdir()) if path.name == "dict" else [path]:
            if part.name not in ["dataset_dict.json", "zstd.arrow"]:
                name = part.relative_to(FIXTURES).as_posix()
                expected[name] = list(lines(arrow_tables(part), FIXTURES))
    text = json.dumps(expected, ensure_ascii=False, indent=0, sort_keys=True)
    (FIXTURES / "expected.json").write_text(text + "\n", encoding="utf-8")


def million(folder, old, rows=1_000_000):
    """A caption and a picture of 70 bytes or so: what opening costs depends on rows, not on bytes."""
    folder = Path(folder)
    cells = [{"bytes": picture(row, 1), "path": f"{row}.png"} for row in range(1000)]

    def batches():
        for start in range(0, rows, 1000):
            yield {"image": cells, "text": [f"{caption(row)} {start}" for row in range(1000)]}

    def examples():
        for batch in batches():
            for image, text in zip(batch["image"], batch["text"]):
                yield {"image": image, "text": text}

    features = Features({"image": Image(), "text": Value("string")})
    set_ = Dataset.from_generator(examples, features=features, cache_dir=str(folder / "cache"))
    if old:
        shards(set_, folder / "old", 4, batch_size=100, write_page_index=False)
        return
    shards(set_, folder / "parquet", 4)
    set_.save_to_disk(folder / "saved", num_shards=4)


OPENERS = {
    "pyarrow, footers": """
import glob, pyarrow.parquet as pq
files = sorted(glob.glob(FOLDER + "/*.parquet"))
opened = [pq.ParquetFile(file) for file in files]
rows = sum(file.metadata.num_rows for file in opened)
""",
    "datasets, load_dataset": """
import datasets, tempfile
cache = tempfile.mkdtemp(dir=FOLDER + "/..")
set_ = datasets.load_dataset("parquet", data_files=FOLDER + "/*.parquet", split="train", cache_dir=cache)
rows = len(set_)
""",
    "datasets, load_from_disk": """
import datasets
set_ = datasets.load_from_disk(FOLDER)
rows = len(set_)
""",
}


def open_all(folder):
    folder = Path(folder)
    cases = [(name, place) for place in ["parquet", "old"] for name in list(OPENERS)[:2]]
    cases.append(("datasets, load_from_disk", "saved"))
    for name, place in cases:
        if not (folder / place).exists():
            continue
        code = f"""
import json, resource, time
FOLDER = {str(folder / place)!r}
import datasets, pyarrow
start = time.perf_counter()
{OPENERS[name]}
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps(dict(rows=rows, seconds=round(seconds, 3), peak_mib=peak)))
"""
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        last = run.stdout.strip().splitlines()[-1:] or [run.stderr[-300:]]
        print(f"{place:8} {name:26} {last[0]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["fixtures", "write", "dump", "dump-arrow", "million", "open"])
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--old", action="store_true")
    args = parser.parse_args()
    datasets.disable_progress_bars()
    if args.what == "fixtures":
        fixtures()
    elif args.what == "write":
        folder = Path(args.paths[0])
        write_parquet(folder / "parquet", args.rows, 24)
        (folder / "arrow").mkdir(parents=True)
        write_arrow(folder / "arrow", args.rows, 24)
    elif args.what == "million":
        million(args.paths[0], args.old)
    elif args.what == "open":
        open_all(args.paths[0])
    else:
        found = parquet_lines(args.paths) if args.what == "dump" else lines(arrow_tables(args.paths[0]), Path("."))
        for line in found:
            print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()
