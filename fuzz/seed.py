"""Writes fuzz/corpus: the fixtures of the crates, and small files made here.

    python3 fuzz/seed.py [path/to/data]
"""

import json
import sys
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


if __name__ == "__main__":
    tokenizers()
    configs()
    pictures(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
