"""Writes what transformers 5.23.0 makes of strings, for crates/captioner-text/tests/reference.rs.

    python tools/reference/text_fixtures.py path/to/data

`path/to/data` holds bert-base-uncased/ and emoji-captions/. The tiny vocabulary lies in tests/fixtures/tiny;
the real one is not kept here.
"""

import gzip
import json
import random
import sys
import tempfile
import unicodedata
from pathlib import Path

from transformers import BertTokenizerFast

FIXTURES = Path(__file__).parents[2] / "crates/captioner-text/tests/fixtures"

STRINGS = [
    "a drawing of a pink and blue creature with long ears and a smile",
    "A Drawing, of a CAT!",
    "it's a dog's life; don't you think?",
    "naïve café, Ångström, İstanbul, straße, ﬁsh",
    "猫と犬 and 한국어",
    "emoji 🦊🏳️‍🌈 and ☃",
    "tabs\tand\nlines\r\nand\u00a0no-break\u2003spaces",
    "zero\u200bwidth\u0000null\ufffdreplaced\u00adsoft",
    "[CLS] a [MASK] of [SEP] [PAD] [UNK] [cls]",
    "x" * 101 + " " + "a" * 100,
    "1,234.5 + 67% = $89 @home #tag http://a.b/c?d=e&f",
    "##ing a##b ...",
    "",
    "   ",
    "e\u0301e\u0300 \u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u05e9\u05dc\u05d5\u05dd हिन्दी",
    "“quotes” ‘single’ — dash – n… 'm 're do not",
]

TINY = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] a b c d e g h i k l n o p r s t u ##a ##b ##c ##d ##e ##g ##h "
    "##i ##k ##l ##n ##o ##p ##r ##s ##t ##u ##w ##y drawing of cat dog it don , . ! ? ' pink "
    "and blue creature with long ears smile cafe naive 猫 ##ing"
).split(" ")

# Settings of tokenizer_config.json that change the ids.
SETTINGS = [{}, {"do_lower_case": False}, {"strip_accents": False, "tokenize_chinese_chars": False}]

SUBJECTS = "cat dog bird woman man child robot dragon hydrangea armadillo pterodactyl saxophonist".split()
PLACES = "beach street kitchen forest stadium laboratory windowsill skatepark Copenhagen Reykjavík".split()
ACTIONS = "sitting running playing jumping meditating photographing unicycling somersaulting".split()
COLOURS = "red blue green pale-yellow dark multicoloured black-and-white".split()


def sentence(rng: random.Random) -> str:
    """A caption as people write them."""
    pick = rng.choice
    text = pick(
        [
            "a {c} {s} {a} in the {p}",
            "A {s} and a {c} {s2} are {a} near a {p}.",
            "close-up of the {s}'s {n} {c} toys, {a}; isn't it nice?",
            "{n} people {a} at {p} ({c} sky) #{s}",
            'Photo: "{s} {a}", {p}, {n}/{n2}/2019 - ©{s2}',
            "there is a {s} {a} with its {s2} on the {p} , it does n't look {c} !",
        ]
    )
    return text.format(
        s=pick(SUBJECTS), s2=pick(SUBJECTS), a=pick(ACTIONS), p=pick(PLACES), c=pick(COLOURS),
        n=rng.randrange(2000), n2=rng.randrange(13),
    )


def hostile(rng: random.Random) -> str:
    """Characters of all scripts, controls, marks and special tokens in any order."""
    def character() -> str:
        kind = rng.randrange(8)
        if kind < 3:
            return chr(rng.randrange(0x20, 0x7F))
        if kind == 3:
            return chr(rng.randrange(0x100))
        if kind == 4:
            return chr(rng.choice([0x300, 0x400, 0x590, 0x600, 0x900, 0xE00, 0x1100, 0x2000, 0x3040, 0xAC00, 0xFF00]) + rng.randrange(0x80))
        if kind == 5:
            return chr(rng.choice([0x4E00, 0x3400, 0x20000, 0xF900, 0x1F300, 0x1D400, 0xE0000]) + rng.randrange(0x100))
        if kind == 6:
            return rng.choice([" ", "  ", "\t", "\n", "\u00a0", "\u3000", "\u200b", "\u200d", "\ufe0f", "\ufffd", "\x00", "\x7f", "\u0085", "\u2028"])
        return rng.choice(["[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]", "[unused1]", "[mask]", "##s", "##", "[", "'s", " ' ", "n't", "İ", "ß", "ﬃ", "Σ", "ς"])
    return "".join(character() for _ in range(rng.randrange(1, 40)))


def words(rng: random.Random, vocabulary: list[str]) -> str:
    """Pieces of the vocabulary run together or apart."""
    return rng.choice(["", " "]).join(rng.choice(vocabulary) for _ in range(rng.randrange(1, 9)))


def scalar(text: str) -> str:
    """Without characters that this Python's and the library's tables of Unicode may disagree on."""
    return "".join(c for c in text if unicodedata.category(c) not in ("Cn", "Cs"))


def many_strings(data: Path) -> list[str]:
    rng = random.Random(4)
    vocabulary = (data / "bert-base-uncased/vocab.txt").read_text().splitlines()
    rows = (data / "emoji-captions/metadata.jsonl").read_text().splitlines()
    captions = [json.loads(row)["text"] for row in rows]
    strings = STRINGS + captions
    strings += [sentence(rng) for _ in range(4200)]
    strings += [words(rng, vocabulary) for _ in range(2500)]
    strings += [scalar(hostile(rng)) for _ in range(2500)]
    strings += [scalar(hostile(rng)) + "y" * rng.randrange(80, 120) + sentence(rng) for _ in range(100)]
    return strings


def fnv(words: list[int]) -> int:
    """FNV-1a over 32-bit words, cut to 32 bits at the end."""
    value = 0xCBF29CE484222325
    for word in words:
        value = ((value ^ word) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return (value ^ value >> 32) & 0xFFFFFFFF


def settled(folder: Path, settings: dict) -> BertTokenizerFast:
    """The tokenizer of a vocab.txt with these settings, or of the whole folder without any."""
    if not settings:
        return BertTokenizerFast.from_pretrained(folder)
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "vocab.txt").write_bytes((folder / "vocab.txt").read_bytes())
        (Path(scratch) / "tokenizer_config.json").write_text(json.dumps(settings))
        return BertTokenizerFast.from_pretrained(scratch)


def write_many(data: Path) -> None:
    strings = many_strings(data)
    hashes = []
    for settings in SETTINGS:
        tokenizer = settled(data / "bert-base-uncased", settings)
        for text in strings:
            ids = tokenizer(text)["input_ids"]
            texts = [
                tokenizer.decode(ids),
                tokenizer.decode(ids, skip_special_tokens=True),
                tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=True),
            ]
            hashes += [fnv(ids), fnv([ord(c) for c in "\0".join(texts)])]
    raw = b"".join(value.to_bytes(4, "little") for value in hashes)
    (FIXTURES / "many_hashes.u32").write_bytes(raw)
    with gzip.GzipFile(FIXTURES / "many_strings.json.gz", "wb", mtime=0) as file:
        file.write(json.dumps(strings, ensure_ascii=False).encode())
    print(len(strings), "strings")


def case(tokenizer: BertTokenizerFast, text: str) -> dict:
    ids = tokenizer(text)["input_ids"]
    return {
        "text": text,
        "ids": ids,
        "decoded": tokenizer.decode(ids),
        "skipped": tokenizer.decode(ids, skip_special_tokens=True),
        "cleaned": tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=True),
    }


def batches(tokenizer: BertTokenizerFast) -> list[dict]:
    """Every way to pad and truncate, over captions of several lengths."""
    captions = [STRINGS[0], "a cat", "", "it's a dog's life; don't you think?"]
    ways = [
        {"padding": "longest"},
        {"padding": "longest", "pad_to_multiple_of": 8},
        {"padding": "max_length", "max_length": 20, "truncation": True},
        {"padding": "max_length", "max_length": 8, "truncation": True, "pad_to_multiple_of": 4},
        # Refused together with truncation; captions longer than 12 tokens would stay so.
        {"padding": "max_length", "max_length": 10, "pad_to_multiple_of": 4},
        {"padding": "longest", "max_length": 6, "truncation": True},
        {"padding": "longest", "max_length": 6, "truncation": True, "add_special_tokens": False},
    ]
    cases = []
    for way in ways:
        for pad_side, cut_side in [("right", "right"), ("left", "right"), ("right", "left"), ("left", "left")]:
            tokenizer.padding_side, tokenizer.truncation_side = pad_side, cut_side
            taken = captions if way.get("max_length") != 10 else captions[1:3]
            encoded = tokenizer(taken, **way)
            cases.append(
                {
                    **way,
                    "padding_side": pad_side,
                    "truncation_side": cut_side,
                    "input_ids": encoded["input_ids"],
                    "attention_mask": encoded["attention_mask"],
                }
            )
    return [{"captions": captions}, *cases]


def write_lines(name: str, cases: list[dict]) -> None:
    lines = ",\n".join(json.dumps(case) for case in cases)
    (FIXTURES / name).write_text(f"[\n{lines}\n]\n")


def main() -> None:
    data = Path(sys.argv[1])
    (FIXTURES / "tiny").mkdir(parents=True, exist_ok=True)
    (FIXTURES / "tiny/vocab.txt").write_text("".join(f"{token}\n" for token in TINY))
    (FIXTURES / "tiny/tokenizer_config.json").write_text('{"do_lower_case": true}\n')
    folders = [("tiny", FIXTURES / "tiny"), ("bert_base_uncased", data / "bert-base-uncased")]
    for name, folder in folders:
        tokenizer = BertTokenizerFast.from_pretrained(folder)
        write_lines(f"{name}.json", [case(tokenizer, text) for text in STRINGS])
    write_lines("tiny_batches.json", batches(BertTokenizerFast.from_pretrained(FIXTURES / "tiny")))
    write_many(data)


if __name__ == "__main__":
    main()
