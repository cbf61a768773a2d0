"""Writes crates/captioner-jpeg/tests/fixtures/decoded.json: what Pillow decodes of the JPEGs there.

Needs Pillow 13, which decodes with libjpeg-turbo. The JPEGs are some of those that image_fixtures.py made.

    python tools/reference/jpeg_fixtures.py
"""

import json
from pathlib import Path

from PIL import Image, features

FOLDER = Path(__file__).parents[2] / "crates/captioner-jpeg/tests/fixtures"


def fnv(data: bytes) -> str:
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def main() -> None:
    assert features.check("libjpeg_turbo")
    table = {}
    for path in sorted(FOLDER.glob("*.jpg")):
        picture = Image.open(path).convert("RGB")
        table[path.name] = [*picture.size, fnv(picture.tobytes())]
    rows = ",\n".join(f" {json.dumps(name)}: {json.dumps(row)}" for name, row in table.items())
    (FOLDER / "decoded.json").write_text("{\n" + rows + "\n}\n")


if __name__ == "__main__":
    main()
