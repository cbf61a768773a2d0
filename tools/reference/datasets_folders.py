"""What `datasets.load_dataset("imagefolder", data_dir=...)` reads from picture folders.

    datasets_folders.py make FOLDER    draws small sets in several layouts, one a sub folder
    datasets_folders.py dump FOLDER    prints what `datasets` reads from a set, as JSON lines
    datasets_folders.py compare FOLDER DUMP_ROWS
                                       compares each set with what the program DUMP_ROWS (the
                                       example `dump_rows` of captioner-data) prints

A line is {"split", "row", "file", "crc32", "captions"}, as `dump_rows` prints it. The order of
several metadata files is not defined in `datasets` (it keeps them in a set), so lines are
compared sorted by split and file.
"""

import json
import os
import subprocess
import sys
import tempfile
import zlib

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

CAPTION_COLUMNS = ("text", "caption", "captions")


def write_picture(path, number):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Image.new("RGB", (5, 4), (number * 37 % 256, number * 91 % 256, number)).save(path)


def write_metadata(path, rows):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    extension = os.path.splitext(path)[1]
    if extension == ".jsonl":
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    elif extension == ".csv":
        import pandas

        pandas.DataFrame(rows).to_csv(path, index=False)
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)


def rows(names, key="file_name", text="text"):
    words = ["a cat, asleep", 'the "big" dog', "chien d'été", "犬と猫", "two\nlines"]
    return [{key: name, text: words[i % len(words)], "id": i} for i, name in enumerate(names)]


def make(folder):
    names = [f"p{i}.png" for i in range(5)]

    def layout(name, pictures, files):
        for i, picture in enumerate(pictures):
            write_picture(os.path.join(folder, name, picture), i)
        for file, lines in files.items():
            write_metadata(os.path.join(folder, name, file), lines)

    for kind in ("jsonl", "csv", "parquet"):
        metadata = f"metadata.{kind}"
        layout(f"{kind}_flat", names, {metadata: rows(names)})
        below = [f"pics/{name}" for name in names]
        layout(f"{kind}_below", below, {metadata: rows(below)})
        layout(
            f"{kind}_each_folder",
            [f"{part}/{name}" for part in ("x", "y/z") for name in names],
            {f"{part}/{metadata}": rows(names) for part in ("x", "y/z")},
        )
        splits = ("train", "my-val_1", "data/testing", "x/eval 2")
        layout(
            f"{kind}_splits",
            [f"{split}/{name}" for split in splits for name in names],
            {f"{split}/{metadata}": rows(names) for split in splits},
        )
        layout(f"{kind}_other_file_name", names, {metadata: rows(names, "image_file_name")})
        layout(f"{kind}_backslash", below, {metadata: rows([n.replace("/", "\\") for n in below])})
        layout(f"{kind}_dots", below, {metadata: rows([f".//{n}" for n in below])})
        layout(f"{kind}_captions", names, {metadata: rows(names, text="caption")})
    lists = [{"file_name": name, "captions": [f"a {i}", f"{i}, again"]} for i, name in enumerate(names)]
    layout("jsonl_lists", names, {"metadata.jsonl": lists})
    layout("parquet_lists", names, {"metadata.parquet": lists})
    layout("jsonl_file_names", names, {"metadata.jsonl": [{"file_names": [n], "text": n} for n in names]})
    layout("jsonl_ignored", names + ["._p.png", "__MACOSX/p.png", "more.png"], {"metadata.jsonl": rows(names)})
    write_metadata(os.path.join(folder, "jsonl_ignored/.hidden/metadata.jsonl"), rows(names))
    write_metadata(os.path.join(folder, "jsonl_ignored/__MACOSX/metadata.jsonl"), rows(names))
    layout("jsonl_outside_of_splits", ["train/p0.png", "p1.png"], {
        "metadata.jsonl": rows(["p1.png"]), "train/metadata.jsonl": rows(["p0.png"])})
    large = pa.table({
        "file_name": pa.array(names, pa.large_string()),
        "text": pa.array(["a", "b", "a", "a", "b"]).dictionary_encode(),
    })
    layout("parquet_large_and_dictionary", names, {})
    pq.write_table(large, os.path.join(folder, "parquet_large_and_dictionary/metadata.parquet"))
    layout("csv_bom_crlf", names, {})
    with open(os.path.join(folder, "csv_bom_crlf/metadata.csv"), "wb") as file:
        file.write(b"\xef\xbb\xbffile_name,text\r\n" + b"".join(f'{n},"a, {n}"\r\n\r\n'.encode() for n in names))


def paths(value):
    """The pictures of an undecoded value: one, or those of a list."""
    return [value] if isinstance(value, dict) else list(value)


def dump(folder):
    with tempfile.TemporaryDirectory() as cache:
        splits = datasets.load_dataset("imagefolder", data_dir=folder, cache_dir=cache)
        lines = []
        for split, data in splits.items():
            columns = [n for n, f in data.features.items() if "Image(" in repr(f)]
            (image,) = columns
            feature = data.features[image]
            one = datasets.Image(decode=False)
            data = data.cast_column(image, one if isinstance(feature, datasets.Image) else datasets.List(one))
            text = next(name for name in CAPTION_COLUMNS if name in data.features)
            for row, sample in enumerate(data):
                (picture,) = paths(sample[image])
                with open(picture["path"], "rb") as file:
                    crc32 = zlib.crc32(file.read())
                captions = sample[text] if isinstance(sample[text], list) else [sample[text]]
                file = os.path.relpath(os.path.realpath(picture["path"]), os.path.realpath(folder))
                lines.append({"split": split, "row": row, "file": file, "crc32": crc32, "captions": captions})
        return lines


def comparable(lines):
    keys = ("split", "file", "crc32", "captions")
    return sorted(tuple(json.dumps(line[key], ensure_ascii=False) for key in keys) for line in lines)


def compare(folder, dump_rows):
    equal = total = 0
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        theirs = dump(path)
        run = subprocess.run([dump_rows, path], capture_output=True, text=True)
        ours = [json.loads(line) for line in run.stdout.splitlines()]
        same = comparable(theirs) == comparable(ours)
        one_file = len({os.path.dirname(line["file"]) for line in theirs if line["split"] == theirs[0]["split"]}) == 1
        in_order = "same order" if [l["file"] for l in theirs] == [l["file"] for l in ours] else "other order"
        total, equal = total + 1, equal + same
        print(f"{name}: {len(theirs)} rows, {'equal' if same else 'DIFFERENT'}, {in_order}{'' if one_file else ' (several files)'} {run.stderr.strip()}")
    print(f"{equal} of {total} sets are equal")
    return equal == total


if __name__ == "__main__":
    datasets.disable_progress_bars()
    command, folder, *rest = sys.argv[1:]
    if command == "make":
        make(folder)
    elif command == "dump":
        for line in dump(folder):
            print(json.dumps(line, ensure_ascii=False))
    else:
        sys.exit(0 if compare(folder, *rest) else 1)
