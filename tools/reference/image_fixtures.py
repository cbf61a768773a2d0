"""Writes crates/captioner-image/tests/fixtures: small pictures and what Pillow makes of them.

Needs transformers 5.23.0 and Pillow 13 (the order of the two resizing passes changed there).

    python tools/reference/image_fixtures.py [path/to/data]

With a data folder, the tables of PngSuite and of the EXIF set are written too: a hash of each picture's
RGB pixels.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from transformers.image_transforms import convert_to_rgb
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.videomae.image_processing_pil_videomae import VideoMAEImageProcessorPil

FOLDER = Path(__file__).parents[2] / "crates/captioner-image/tests/fixtures"


def picture(height: int, width: int, channels: int) -> np.ndarray:
    """Waves with some noise: smooth enough to be typical, rough enough to show any rounding."""
    rng = np.random.default_rng(height * width + channels)
    y, x = np.mgrid[0:height, 0:width]
    waves = [127 + 120 * np.sin(x / (5 + 3 * c) + y / (9 - c)) for c in range(channels)]
    noisy = np.stack(waves, -1) + rng.normal(0, 12, (height, width, channels))
    return noisy.clip(0, 255).astype(np.uint8)


def rgb(height: int, width: int) -> Image.Image:
    return Image.fromarray(picture(height, width, 3))


def jpegs() -> dict[str, tuple[Image.Image, dict]]:
    """Every sampling, sizes that fill no whole block, grey and CMYK, progressive or not."""
    made = {}
    for name, sampling in [("444", 0), ("422", 1), ("420", 2)]:
        made[f"jpeg_{name}.jpg"] = (rgb(37, 53), {"subsampling": sampling, "quality": 90})
        made[f"jpeg_{name}_progressive.jpg"] = (
            rgb(45, 33), {"subsampling": sampling, "progressive": True},
        )
    made["jpeg_restarts.jpg"] = (rgb(40, 70), {"restart_marker_blocks": 2})
    made["jpeg_tiny.jpg"] = (rgb(1, 1), {})
    made["jpeg_three_wide.jpg"] = (rgb(9, 3), {})
    made["jpeg_rgb.jpg"] = (rgb(20, 21), {"keep_rgb": True})
    made["jpeg_grey.jpg"] = (rgb(29, 31).convert("L"), {})
    made["jpeg_coarse.jpg"] = (rgb(30, 40), {"quality": 5})
    for progressive in (False, True):
        cmyk = Image.fromarray(picture(26, 35, 4), "CMYK")
        made[f"jpeg_cmyk_{progressive}.jpg"] = (cmyk, {"progressive": progressive})
    # Long enough that a crop leaves out whole groups of blocks, or rows of units.
    for name, height, width, options in [
        ("wide_420", 45, 700, {"subsampling": 2}),
        ("wide_422", 38, 650, {"subsampling": 1, "restart_marker_rows": 1}),
        ("wide_444", 130, 300, {"subsampling": 0, "quality": 92}),  # more than 1000 blocks
        ("high_420", 600, 50, {"subsampling": 2}),
        ("high_grey", 410, 70, {}),
    ]:
        image = rgb(height, width)
        image = image.convert("L") if name.endswith("grey") else image
        made[f"jpeg_{name}.jpg"] = (image, {"quality": 30, **options})
    made["jpeg_ycck.jpg"] = (Image.fromarray(picture(27, 34, 4), "CMYK"), {})
    return made


def save(name: str, image: Image.Image, options: dict) -> None:
    path = FOLDER / name
    image.save(path, **options)
    if name == "jpeg_ycck.jpg":
        # Pillow writes no YCCK, but reads it: the last byte of Adobe's segment says how inks are kept.
        data = bytearray(path.read_bytes())
        data[data.index(b"Adobe") + 11] = 2
        path.write_bytes(data)


def pictures() -> dict[str, tuple[Image.Image, dict]]:
    """Name to picture and how it is saved."""
    palette = rgb(20, 30).quantize(16)
    sixteen = Image.fromarray(picture(18, 22, 1)[..., 0].astype(np.uint16) * 4)
    plain = rgb(31, 23)
    # Transparent in part, changed in part, opaque, and the first one again.
    clear = Image.fromarray(picture(24, 28, 4))
    changed = clear.copy()
    changed.paste(Image.fromarray(picture(9, 12, 4)), (5, 7))
    later = [changed, rgb(24, 28), clear]
    made = {
        "rgb.png": (plain, {}),
        "wide.png": (rgb(5, 70), {}),
        "strip.png": (rgb(20, 2000).quantize(8).convert("RGB"), {}),
        "pillar.png": (rgb(700, 7).quantize(8).convert("RGB"), {}),
        "one_pixel.png": (rgb(1, 1), {}),
        "two_pixels.png": (rgb(1, 2), {}),
        "large.png": (rgb(90, 120), {}),
        "rgba.png": (Image.fromarray(picture(19, 14, 4)), {}),
        "rgba_large.png": (Image.fromarray(picture(60, 41, 4)), {}),
        "grey_alpha.png": (Image.fromarray(picture(19, 14, 2), "LA"), {}),
        "grey.png": (Image.fromarray(picture(19, 14, 1)[..., 0]), {}),
        "one_bit.png": (Image.fromarray(picture(24, 17, 1)[..., 0]).convert("1"), {}),
        "sixteen_bit.png": (sixteen, {}),
        "palette.png": (palette, {"transparency": bytes(range(0, 256, 16))}),
        "palette_opaque.png": (palette, {}),
        "palette_one_clear.png": (palette, {"transparency": 3}),
        "rgb_one_clear.png": (palette.convert("RGB"), {"transparency": palette.convert("RGB").getpixel((3, 3))}),
        "grey_one_clear.png": (palette.convert("L"), {"transparency": palette.convert("L").getpixel((3, 3))}),
        "animation.gif": (palette, {"save_all": True, "append_images": [palette.rotate(180)]}),
        "clear.gif": (palette, {"transparency": 3}),
        "animation.png": (plain, {"save_all": True, "append_images": [plain.rotate(180)]}),
        "lossless.webp": (plain, {"lossless": True}),
        "animation.webp": (plain, {"lossless": True, "save_all": True, "append_images": [plain.rotate(180)]}),
        "animation_alpha.webp": (clear, {"save_all": True, "quality": 80, "append_images": later}),
        "animation_lossless.webp": (clear, {"lossless": True, "save_all": True, "append_images": later}),
        "lossy.webp": (rgb(40, 50), {"quality": 80}),
        "alpha.webp": (Image.fromarray(picture(30, 25, 4)), {"lossless": True}),
        "plain.bmp": (plain, {}),
        "palette.bmp": (palette, {}),
        "plain.tiff": (plain, {}),
        "grey.tiff": (Image.fromarray(picture(19, 14, 1)[..., 0]), {"compression": "tiff_lzw"}),
        "alpha.tiff": (Image.fromarray(picture(17, 13, 4)), {}),
        "cmyk.tiff": (Image.fromarray(picture(21, 16, 4), "CMYK"), {"compression": "tiff_deflate"}),
        "sixteen_bit.tiff": (sixteen, {}),
    }
    return {**made, **jpegs()}


def settings() -> list[dict]:
    """One for each filter and each shape of result, crop smaller and larger than the picture."""
    filters = [{"resample": n, "size": {"shortest_edge": 16}} for n in range(6)]
    larger = [{"resample": n, "size": {"shortest_edge": 40}} for n in range(6)]
    stretch = {"resample": 3, "size": {"height": 9, "width": 40}, "do_center_crop": False}
    return (
        [{"crop_size": {"height": 16, "width": 17}, **f} for f in filters]
        + [{"crop_size": {"height": 20, "width": 21}, **f} for f in larger]
        + [
            stretch,
            {"size": {"shortest_edge": 9}, "crop_size": {"height": 14, "width": 21}},
            {"do_resize": False, "crop_size": {"height": 10, "width": 11}},
            {"do_resize": False, "crop_size": {"height": 35, "width": 30}},
            {"do_resize": False, "do_center_crop": False},
        ]
    )


def shapes(name: str) -> list[dict]:
    """The settings that a picture goes through: the first one all, the others enough to show decoding."""
    both = [{"size": {"shortest_edge": 16}, "crop_size": 16}, {"size": {"shortest_edge": 33}, "crop_size": 31}]
    if name == "rgb.png":
        return settings()
    if name in ("strip.png", "pillar.png", "large.png"):
        return [*settings()[:6], *both]
    if name.startswith(("jpeg_wide", "jpeg_high")):
        # Crops at each place of a block, and the last one off the centre of an odd rest.
        crops = [{"height": n, "width": n} for n in (32, 33, 37)]
        return [*both, *({"do_resize": False, "crop_size": crop} for crop in crops)]
    return [*both, {"do_resize": False, "do_center_crop": False}]


def processed(image: Image.Image, config: dict) -> np.ndarray:
    return np.asarray(CLIPImageProcessorPil(**config)(image)["pixel_values"][0])


def frames(name: str) -> list[np.ndarray]:
    """Each frame of an animation as the VideoMAE processor sees it, whole numbers."""
    config = {"size": {"shortest_edge": 12}, "crop_size": 12, "do_rescale": False, "do_normalize": False}
    image = Image.open(FOLDER / name)
    seen = []
    for n in range(image.n_frames):
        image.seek(n)
        seen.append(convert_to_rgb(image, return_numpy=True))
    return list(np.asarray(VideoMAEImageProcessorPil(**config)([seen])["pixel_values"][0]))


def fnv(data: bytes) -> str:
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def hashes(paths: list[Path], change=lambda image: image) -> dict[str, list]:
    """Width, height and hash of the RGB pixels that transformers sees of each file."""
    table = {}
    for path in sorted(paths):
        pixels = np.asarray(convert_to_rgb(change(Image.open(path)), return_numpy=True))
        table[path.name] = [pixels.shape[1], pixels.shape[0], fnv(pixels.tobytes())]
    return table


def write_table(name: str, table: dict[str, list]) -> None:
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in table.items())
    (FOLDER / name).write_text(f"{{\n{lines}\n}}\n")


def scaled(image: Image.Image) -> Image.Image:
    """The upper 8 bits of 16-bit grey, one value of it laid over white where it is transparent."""
    grey = np.asarray(image)
    upper = (grey >> 8).astype(np.uint8)
    upper[grey == image.info.get("transparency", -1)] = 255
    return Image.fromarray(upper)


def write_hashes(data: Path) -> None:
    suite = [path for path in (data / "pngsuite").glob("*.png") if not path.name.startswith("x")]
    exif = list((data / "exif-orientation").glob("*.jpg"))
    write_table("pngsuite.json", hashes(suite))
    sixteen = [path for path in suite if Image.open(path).mode.startswith("I")]
    write_table("pngsuite_scaled.json", hashes(sixteen, scaled))
    write_table("exif.json", hashes(exif, ImageOps.exif_transpose))
    write_table("exif_ignored.json", hashes(exif))


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    cases, pixels = [], []
    for name, (image, options) in pictures().items():
        save(name, image, options)
        for config in shapes(name):
            # Without these two steps the values are whole numbers: one byte each.
            config = {**config, "do_rescale": False, "do_normalize": False}
            values = processed(Image.open(FOLDER / name), config)
            pixels.append(values.astype(np.uint8).tobytes())
            cases.append({"file": name, "config": config, "output": values.shape[1:]})
    (FOLDER / "expected.u8").write_bytes(b"".join(pixels))
    (FOLDER / "cases.json").write_text(
        "[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n"
    )
    normalised = processed(Image.open(FOLDER / "rgb.png"), settings()[3])
    normalised.astype("<f4").tofile(FOLDER / "normalised.f32")
    animations = [name for name in pictures() if name.startswith("animation")]
    for name in animations:
        values = np.stack(frames(name)).astype(np.uint8)
        values.tofile(FOLDER / f"{name}.frames.u8")
    # transformers 4 leaves transparency out.
    clear = [FOLDER / name for name in pictures() if "A" in Image.open(FOLDER / name).getbands()]
    write_table("alpha_dropped.json", hashes(clear, lambda image: image.convert("RGB")))
    if len(sys.argv) > 1:
        write_hashes(Path(sys.argv[1]))
    print(len(pictures()), "pictures,", len(cases), "cases")


if __name__ == "__main__":
    main()
