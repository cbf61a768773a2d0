"""Makes the storage fixtures of captioner-git: one small model in every form that a checkpoint's
weights and settings are stored in.

    python tools/reference/storage_fixtures.py     # transformers 5.23.0: the new forms
    python tools/reference/storage_fixtures.py     # then transformers 4.57.3: the old ones

PyTorch 2.15, CPU. `new` and `old` are whole checkpoint folders, with the processor's files, as that
version of transformers writes them; the other folders hold a model alone.
"""

import json
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import GitConfig, GitForCausalLM, GitProcessor, set_seed

ROOT = Path(__file__).parents[2] / "crates/captioner-git/tests/fixtures/storage"
TINY = Path(__file__).parents[2] / "crates/captioner-text/tests/fixtures/tiny"
IS_OLD = transformers.__version__.startswith("4.")
TEXTS = ["a drawing of a cat", "a Drawing of a PINK dog, with long ears!"]
SIDE, SHARD = 16, "12KB"


def build():
    common = dict(hidden_size=16, num_attention_heads=2, intermediate_size=32, initializer_range=0.2)
    config = GitConfig(
        vision_config=dict(image_size=SIDE, patch_size=8, num_hidden_layers=1, **common),
        num_hidden_layers=2,
        vocab_size=len((TINY / "vocab.txt").read_text().splitlines()),
        max_position_embeddings=32,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
        **common,
    )
    set_seed(21)
    model = GitForCausalLM(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter += 0.2 * torch.randn_like(parameter)
    return model


def processor_parts():
    """Picture settings and tokenizer; Pillow's backend, which transformers 4 has under the plain name."""
    kind = "CLIPImageProcessor" if IS_OLD else "CLIPImageProcessorPil"
    size = dict(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    # The one without "Fast" writes vocab.txt and no tokenizer.json in transformers 4.
    tokenizer = transformers.BertTokenizer.from_pretrained(TINY)
    return getattr(transformers, kind)(**size), tokenizer


def logits(folder, inputs):
    """What the folder's model computes in 32 bits, whatever it is stored in."""
    dtype = {"torch_dtype" if IS_OLD else "dtype": torch.float32}
    model = GitForCausalLM.from_pretrained(folder, **dtype).eval()
    ids = inputs["input_ids"]
    with torch.no_grad():
        output = model(pixel_values=inputs["pixel_values"], input_ids=ids)
    return output.logits[:, -ids.shape[1] :].contiguous()


def inputs_of(image_processor, tokenizer):
    picture = Image.open(ROOT / "picture.png")
    pixels = image_processor(picture, return_tensors="pt")["pixel_values"]
    # Pads are left in: nothing here depends on a mask.
    ids = tokenizer(TEXTS, padding=True, return_tensors="pt")["input_ids"]
    return dict(pixel_values=pixels.repeat(len(TEXTS), 1, 1, 1), input_ids=ids)


def write_new():
    ROOT.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(3).integers(0, 256, (19, 23, 3), dtype=np.uint8)
    Image.fromarray(values).save(ROOT / "picture.png")
    image_processor, tokenizer = processor_parts()
    model = build()
    model.save_pretrained(ROOT / "new")
    GitProcessor(image_processor, tokenizer).save_pretrained(ROOT / "new")
    model.save_pretrained(ROOT / "sharded", max_shard_size=SHARD)
    expected = inputs_of(image_processor, tokenizer)
    for name, dtype in [("f16", torch.float16), ("bf16", torch.bfloat16)]:
        build().to(dtype).save_pretrained(ROOT / name)
        expected[f"logits.{name}"] = logits(ROOT / name, expected)
    expected["logits"] = logits(ROOT / "new", expected)
    pixels = expected["pixel_values"]
    expected["sequences"] = model.generate(pixel_values=pixels, max_new_tokens=6, do_sample=False)
    save_file(expected, ROOT / "expected.safetensors")


def old_config(config):
    """Every key, nested ones too, as transformers before 4.30 wrote them."""
    late = dict(torch_dtype="float32", transformers_version=None, _name_or_path="")
    vision = config.vision_config.to_dict() | dict(torch_dtype=None)
    keys = config.to_dict() | late | dict(vision_config=vision, position_embedding_type="absolute")
    del keys["dtype"], vision["dtype"]
    return keys


def write_old():
    expected = load_file(ROOT / "expected.safetensors")
    model = GitForCausalLM.from_pretrained(ROOT / "new").eval()
    # Constants that old checkpoints hold.
    buffers = {
        "git.embeddings.position_ids": torch.arange(32)[None],
        "git.image_encoder.vision_model.embeddings.position_ids": torch.arange(5)[None],
    }
    bins = dict(safe_serialization=False)
    model.save_pretrained(ROOT / "old", state_dict=model.state_dict() | buffers, **bins)
    (ROOT / "old/config.json").write_text(json.dumps(old_config(model.config), indent=2) + "\n")
    image_processor, tokenizer = processor_parts()
    GitProcessor(image_processor, tokenizer).save_pretrained(ROOT / "old")
    model.save_pretrained(ROOT / "bin-sharded", max_shard_size=SHARD, **bins)
    for name, dtype in [("bin-f16", torch.float16), ("bin-bf16", torch.bfloat16)]:
        half = GitForCausalLM.from_pretrained(ROOT / "new", torch_dtype=dtype)
        half.save_pretrained(ROOT / name, **bins)
    write_legacy(model)
    check_old(expected, inputs_of(image_processor, tokenizer))


def write_legacy(model):
    """The format before PyTorch 1.6, with a tensor whose values lie column by column."""
    model.config.save_pretrained(ROOT / "bin-legacy")
    state = model.state_dict()
    state["output.weight"] = state["output.weight"].t().contiguous().t()
    file = ROOT / "bin-legacy/pytorch_model.bin"
    torch.save(state, file, _use_new_zipfile_serialization=False)


def check_old(expected, inputs):
    for name, value in inputs.items():
        print(name, "the same in transformers 4:", torch.equal(value, expected[name]))
    for name in ["old", "bin-sharded", "bin-legacy", "bin-f16", "bin-bf16"]:
        key = "logits" + (name[3:].replace("-", ".") if name.endswith("16") else "")
        difference = (logits(ROOT / name, expected) - expected[key]).abs().max().item()
        print(name, "largest difference of transformers 4's logits:", difference)


if __name__ == "__main__":
    write_old() if IS_OLD else write_new()
