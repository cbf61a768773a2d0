"""Makes the optimizer fixture of captioner-train: parameters, ten gradients of each, and what the
optimizers of transformers' Trainer make of them.

    python tools/reference/optimizers.py

transformers 5.23.0, PyTorch 2.15.
"""

import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from transformers import Trainer, TrainingArguments

FILE = Path("crates/captioner-train/tests/fixtures/optimizers.safetensors")
STEPS = 10
WEIGHT_DECAY = 0.1


class Net(nn.Module):
    """One of each: a matrix and a bias, a norm, a table, four axes, a parameter without gradients at
    first."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(5, 7)
        self.norm = nn.LayerNorm(6)
        self.table = nn.Embedding(9, 4)
        self.patch = nn.Parameter(torch.randn(3, 2, 4, 5))
        self.late = nn.Parameter(torch.randn(8))


def learning_rate(step):
    return 1e-2 * (STEPS - step) / STEPS


def train(name, start, grads):
    net = Net()
    net.load_state_dict(start)
    with tempfile.TemporaryDirectory() as folder:
        args = TrainingArguments(
            output_dir=folder, optim=name, learning_rate=1e-2, weight_decay=WEIGHT_DECAY,
            use_cpu=True, report_to=[],
        )
        optimizer = Trainer(net, args).create_optimizer()
    # The trainer's wrapper of the optimizer is for many devices; the optimizer is within.
    optimizer = getattr(optimizer, "optimizer", optimizer)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        for key, parameter in net.named_parameters():
            grad = grads.get(f"grad.{step}.{key}")
            parameter.grad = None if grad is None else grad.clone()
        optimizer.step()
    return net.state_dict()


def main():
    torch.manual_seed(23)
    start = {key: torch.randn_like(value) for key, value in Net().state_dict().items()}
    grads = {}
    for step in range(STEPS):
        for key, value in start.items():
            if key == "late" and step < 3:
                continue
            # Gradients of very different sizes, as a model's are.
            grads[f"grad.{step}.{key}"] = torch.randn_like(value) * 10.0 ** (step % 4 - 2)
    tensors = {f"start.{key}": value for key, value in start.items()} | grads
    for name in ["adamw_torch", "sgd", "adafactor"]:
        for key, value in train(name, start, grads).items():
            tensors[f"{name}.{key}"] = value
    FILE.parent.mkdir(exist_ok=True)
    save_file({key: value.contiguous() for key, value in tensors.items()}, FILE)


if __name__ == "__main__":
    main()
