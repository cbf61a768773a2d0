#!/usr/bin/env python3
"""A stand-in for a training program, by which the harness itself is tested (`self_test.py`).

It "trains" by hashing, takes the flags that the harness gives, and saves checkpoints as the trainer
does: into a scratch folder, flushed, moved into place in one step. `FAKE_BUG` has it do one thing
wrong: save in place, forget to flush, leave scratch behind, resume unchecked, or lose the state on resuming.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
import zlib
from pathlib import Path

BUG = os.environ.get("FAKE_BUG", "")


def flush(path):
    if BUG == "no flush":
        return
    opened = os.open(path, os.O_RDONLY)
    os.fsync(opened)
    os.close(opened)


def write(folder, name, contents):
    with open(folder / name, "wb") as file:
        for start in range(0, len(contents), 512):
            file.write(contents[start : start + 512])
            file.flush()


def save(output, step, state, history):
    target = output / f"checkpoint-{step}"
    scratch = output / f".{target.name}.captioner-{os.getpid()}-{time.time_ns()}-0"
    fresh = target if BUG == "in place" else scratch / "new"
    fresh.mkdir(parents=True, exist_ok=True)
    log = dict(global_step=step, log_history=history, best_model_checkpoint=None)
    files = {"model.safetensors": state * 64, "optimizer.safetensors": state[::-1] * 64}
    files["trainer_state.json"] = json.dumps(log).encode()
    entries = {name: dict(bytes=len(data), crc32=f"{zlib.crc32(data):08x}") for name, data in files.items()}
    for name, contents in [*files.items(), ("manifest.json", json.dumps(dict(files=entries)).encode())]:
        write(fresh, name, contents)
        flush(fresh / name)
    flush(fresh)
    if BUG != "in place":
        if target.exists():
            shutil.rmtree(target)
        os.rename(fresh, target)
        flush(output)
        scratch.rmdir()


def load(checkpoint):
    try:
        files = json.loads((checkpoint / "manifest.json").read_bytes())["files"]
    except (UnicodeDecodeError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"manifest.json: {error}") from error
    for name, entry in files.items():
        data = (checkpoint / name).read_bytes()
        if BUG != "unchecked" and entry != dict(bytes=len(data), crc32=f"{zlib.crc32(data):08x}"):
            raise ValueError(f"{name} is damaged")
    if BUG != "unchecked" and len(files) != 3:
        raise ValueError("manifest.json does not list all files")
    log = json.loads((checkpoint / "trainer_state.json").read_text())
    state = (checkpoint / "model.safetensors").read_bytes()[:32]
    return log["global_step"], b"\0" * 32 if BUG == "lost state" else state, log["log_history"]


def resume(output):
    found = sorted(output.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    for checkpoint in reversed(found):
        try:
            return load(checkpoint)
        except (OSError, ValueError, KeyError) as error:
            print(f"{checkpoint} is broken: {error}", file=sys.stderr)
            if checkpoint == found[0]:
                raise SystemExit("no checkpoint is whole")
    return 0, b"\1" * 32, []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output-dir", type=Path)
    parser.add_argument("--max-steps", type=int, default=20)
    parser.add_argument("--save-steps", type=int, default=5)
    parser.add_argument("--resume-from-checkpoint")
    parser.add_argument("--lora-r", default="")
    parser.add_argument("--ema-decay", default="")
    parser.add_argument("--gradient-accumulation-steps", default="")
    options, _ = parser.parse_known_args()
    options.output_dir.mkdir(parents=True, exist_ok=True)
    for old in options.output_dir.glob(".checkpoint-*.captioner-*") if BUG != "unclean" else []:
        shutil.rmtree(old)
    flavour = f"{options.lora_r} {options.ema_decay} {options.gradient_accumulation_steps}".encode()
    step, state, history = resume(options.output_dir)
    while step < options.max_steps:
        time.sleep(0.002)
        state = hashlib.sha256(state + flavour).digest()
        step += 1
        history.append(dict(step=step, loss=state[0], train_runtime=time.time()))
        if step % options.save_steps == 0:
            save(options.output_dir, step, state, history)


if __name__ == "__main__":
    main()
