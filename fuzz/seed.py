"""Writes fuzz/corpus: the fixtures of the crates, and small files made here.

    python3 fuzz/seed.py [path/to/data]
"""

import io
import json
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).parent
CRATES = HERE.parent / "crates"


def put(target: str, name: str, data: bytes) -> None:
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def tokenizer_json(**changed) -> dict:
    words = "[PAD] [UNK] [CLS] [SEP] [MASK] a c ##a ##t cat dog , ##s".split()
    special = lambda token: {"SpecialToken": {"id": token, "type_id": 0}}
    whole = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": n, "content": word, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True}
            for n, word in enumerate(words[:5])
        ],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [special("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, special("[SEP]")],
            "pair": [special("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, special("[SEP]"),
                     {"Sequence": {"id": "B", "type_id": 1}}, special("[SEP]")],
            "special_tokens": {t: {"id": t, "ids": [n], "tokens": [t]} for n, t in [(2, "[CLS]"), (3, "[SEP]")]},
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": {word: n for n, word in enumerate(words)}},
    }
    return whole | changed


def tokenizers() -> None:
    sequence = {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}, {"type": "Lowercase"}]}
    bert = {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}
    files = [
        tokenizer_json(),
        tokenizer_json(normalizer=sequence),
        tokenizer_json(post_processor=bert, decoder=None),
        tokenizer_json(pre_tokenizer={"type": "Whitespace"}, normalizer=None, added_tokens=[]),
        tokenizer_json(model=tokenizer_json()["model"] | {"max_input_chars_per_word": 10**9}),
        tokenizer_json(truncation={"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0}),
        tokenizer_json(padding={"strategy": {"Fixed": 9}, "direction": "Left", "pad_to_multiple_of": 4,
                                "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"}),
    ]
    captions = ["A cat, cats [SEP] d\u00f6g\t\u732b", "plain dog", ""]
    for n, file in enumerate(files):
        for m, caption in enumerate(captions):
            put("tokenizer", f"{n}_{m}", json.dumps(file, ensure_ascii=False).encode() + b"\0" + caption.encode())


def configs() -> None:
    cases = json.loads((CRATES / "captioner-image/tests/fixtures/cases.json").read_text())
    files = [case["config"] for case in cases[:12]]
    files += [
        {},
        {"feature_extractor_type": "CLIPFeatureExtractor", "size": 30, "crop_size": 20, "resample": 3},
        {"image_processor_type": "VideoMAEImageProcessor", "image_mean": 0.5, "image_std": [0.5, 0.5, 0.5]},
        {"size": {"height": 20, "width": 30}, "crop_size": [9, 8], "rescale_factor": 0.00392, "resample": "box"},
        {"size": {"shortest_edge": 30, "longest_edge": None}, "do_resize": False, "extra": {"a": [1, "b"]}},
    ]
    for n, file in enumerate(files):
        put("preprocessor_config", str(n), json.dumps(file).encode())


def pictures(data: Path | None) -> None:
    """The fixtures, and what the data folder has of hostile PNGs and rotated photographs."""
    folders = [(CRATES / "captioner-image/tests/fixtures", 8192)]
    if data:
        folders += [(data / "pngsuite", 8192), (data / "exif-orientation", 65536)]
    for folder, most in folders:
        for path in sorted(folder.iterdir()):
            if path.suffix[1:] in ("png", "jpg", "gif", "webp", "bmp", "tiff"):
                if path.stat().st_size <= most:
                    put("picture", path.name, path.read_bytes())


def metadata() -> None:
    """One byte of options, then the file: 1 is CSV, 2 skips bad rows."""
    lines = ['{"file_name": "a.png", "text": "a cat"}', '{"file_name": "sub/b.jpg", "captions": ["a", "b"]}',
             '{"file_name": "../a.png", "text": "x"}', '{"image_file_name": "sub\\\\b.jpg", "text": ""}', "", "{"]
    tables = ['file_name,text\na.png,a cat\n"sub/b.jpg","a ""dog"", asleep"\n', "file_name;text\na.png;x\n",
              "\ufefffile_name,caption\r\na.png,\r\n\r\nsub\\b.jpg,b\r\n"]
    for bits in (0, 2):
        for n in range(len(lines)):
            put("metadata", f"jsonl_{bits}_{n}", bytes([bits]) + "\n".join(lines[: n + 1]).encode())
        for n, table in enumerate(tables):
            put("metadata", f"csv_{bits}_{n}", bytes([bits | 1]) + table.encode())


def tars() -> None:
    """One byte of options, then the shard: 1 skips bad rows, 2 corrects checksums."""
    members = [("x/1.jpg", b"one"), ("x/1.txt", b"a cat"), ("x/2.image.png", b"two"),
               ("x/2.json", b'{"caption": ["a", "b"]}'), ("3.jpg", b"three"), ("k" * 120 + ".txt", b"long")]
    kinds = [tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.GNUTYPE_SPARSE, tarfile.DIRTYPE, tarfile.CHRTYPE]
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        for kind in kinds:
            file = io.BytesIO()
            with tarfile.open(fileobj=file, mode="w", format=form) as tar:
                for n, (name, data) in enumerate(members):
                    info = tarfile.TarInfo(name)
                    if form == tarfile.USTAR_FORMAT and len(name) > 100:
                        continue
                    info.type = kind if n == 4 else tarfile.REGTYPE
                    info.size = len(data) if info.type == tarfile.REGTYPE else 0
                    info.pax_headers = {"comment": "a\nb"} if n == 2 else {}
                    tar.addfile(info, io.BytesIO(data))
            for bits in (0, 3):
                put("tar_index", f"{form}_{kind.decode()}_{bits}", bytes([bits]) + file.getvalue().rstrip(b"\0") + bytes(512))
    # Two fields, two samples with two parts each, no fault.
    index = b"\x02\x03jpg\x03txt" + b"\x02\x04" + b"\x00\x02\x00\x01\x03\x01\x01\x05" * 2 + b"\x00"
    for bits in (4, 5):
        put("tar_index", f"index_{bits}", bytes([bits]) + index)


def parquets() -> None:
    """One byte of options, then the file. Needs pyarrow."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        print("no pyarrow: no corpus for parquet", file=sys.stderr)
        return
    rows = 12
    picture = pa.array([{"bytes": b"picture" * 9, "path": "a.png"}] * rows)
    texts = {
        "string": pa.array([f"caption {n % 3}" for n in range(rows)]),
        "list": pa.array([["a", "b"]] * rows),
        "dictionary": pa.array(["a", "b", "a"] * 4).dictionary_encode(),
    }
    for name, text in texts.items():
        for codec in ("none", "snappy", "zstd", "lz4", "gzip"):
            for index in (False, True):
                file = io.BytesIO()
                table = pa.table({"image": picture, "text": text})
                pq.write_table(table, file, compression=codec, write_page_index=index, row_group_size=5)
                put("parquet", f"{name}_{codec}_{index}", b"\0" + file.getvalue())


if __name__ == "__main__":
    metadata()
    tars()
    parquets()
    tokenizers()
    configs()
    pictures(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
