"""Makes the adapter fixture of captioner-git: a LoRA adapter that PEFT writes for the base-like
model, and the logits with it.

    python tools/reference/adapter_fixture.py

PEFT 0.21.2, transformers 5.23.0. Run git_fixtures.py first.
"""

from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import GitForCausalLM

ROOT = Path("crates/captioner-git/tests/fixtures")


def main():
    torch.manual_seed(11)
    model = GitForCausalLM.from_pretrained(ROOT / "base-like").eval()
    targets = ["query", "value", "q_proj", "fc1"]
    config = LoraConfig(r=2, lora_alpha=3, target_modules=targets, task_type="CAUSAL_LM")
    model = get_peft_model(model, config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.3)
    expected = load_file(ROOT / "base-like" / "expected.safetensors")
    ids = expected["input_ids"]
    with torch.no_grad():
        logits = model(pixel_values=expected["pixel_values"], input_ids=ids).logits
    folder = ROOT / "adapter"
    model.save_pretrained(folder)
    # What older versions wrote.
    model.save_pretrained(folder, safe_serialization=False)
    (folder / "README.md").unlink(missing_ok=True)
    save_file({"logits": logits[:, -ids.shape[1] :].contiguous()}, folder / "expected.safetensors")


if __name__ == "__main__":
    main()
