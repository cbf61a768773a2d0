"""Makes the fixtures of captioner-train's `trainer_log` test: what transformers' Trainer and a plain
PyTorch loop log, step by step.

    python tools/reference/trainer_log.py [crates/captioner-train/tests/fixtures/trainer_log]

transformers 5.23.0, torch, CPU, f32, dropout 0. The folder is a checkpoint of a small GIT with random
weights, its tokenizer and its picture settings; `pictures.u8` has the pictures, `log.json` their
captions and token ids, the settings, and the logs of each way of padding:

- `ignored`: padded to the longest caption of a batch, pads left out of the loss (labels of -100);
- `counted`: padded to `max_length`, labels that are the token ids, as in transformers' guide.

Batches of 4 of 18 rows in their own order, two of which make a step: the last step of an epoch has one
batch of 2 rows. Beside the Trainer's log stand those of the loop, in f32 and, for how far rounding goes, in
f64. `grad_norm_f64` is the norm of the loop's f32 gradients summed in f64.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from git_fixtures import is_norm
from PIL import Image
from transformers import (
    AutoImageProcessor,
    BertTokenizer,
    GitConfig,
    GitForCausalLM,
    Trainer,
    TrainingArguments,
    get_linear_schedule_with_warmup,
    set_seed,
)

HEIGHT, WIDTH, SIDE, MAX_LENGTH = 20, 24, 16, 12
ROWS, EVAL_ROWS, BATCH, ACCUMULATED = 18, 10, 4, 2
STEPS, WARMUP, EVAL_EVERY = 30, 5, 10
LEARNING_RATE, WEIGHT_DECAY, MAX_GRAD_NORM = 1e-3, 0.01, 2.0
WORDS = "a the red green blue small big round cat dog bird fish sits runs swims on in under grass water sky".split()
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]


def configuration():
    return GitConfig(
        vision_config=dict(
            hidden_size=16,
            num_attention_heads=2,
            intermediate_size=32,
            num_hidden_layers=1,
            image_size=SIDE,
            patch_size=8,
            attention_dropout=0.0,
            initializer_range=0.2,
        ),
        vocab_size=len(VOCABULARY),
        hidden_size=16,
        num_attention_heads=2,
        intermediate_size=32,
        num_hidden_layers=2,
        max_position_embeddings=32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.2,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
    )


def save_checkpoint(folder):
    """Weights, tokenizer and picture settings."""
    set_seed(7)
    model = GitForCausalLM(configuration())
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter += 0.2 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true}\n')
    settings = dict(
        image_processor_type="CLIPImageProcessor",
        do_resize=True,
        size={"shortest_edge": SIDE},
        resample=3,
        do_center_crop=True,
        crop_size={"height": SIDE, "width": SIDE},
        do_rescale=True,
        rescale_factor=1 / 255,
        do_normalize=True,
        image_mean=[0.48145466, 0.4578275, 0.40821073],
        image_std=[0.26862954, 0.26130258, 0.27577711],
        do_convert_rgb=True,
    )
    (folder / "preprocessor_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def examples(folder):
    """Pictures, captions of different lengths, and what the processor makes of them."""
    random = np.random.default_rng(3)
    pictures = random.integers(0, 256, (ROWS + EVAL_ROWS, HEIGHT, WIDTH, 3), np.uint8)
    lengths = random.integers(1, MAX_LENGTH - 1, ROWS + EVAL_ROWS)
    captions = [" ".join(random.choice(WORDS, length)) for length in lengths]
    (folder / "pictures.u8").write_bytes(pictures.tobytes())
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    images = [Image.fromarray(picture) for picture in pictures]
    pixels = processor(images, return_tensors="pt")["pixel_values"]
    tokenizer = BertTokenizer(str(folder / "vocab.txt"))
    ids = tokenizer(captions)["input_ids"]
    rows = [dict(pixel_values=values, ids=row) for values, row in zip(pixels, ids)]
    return captions, rows


def collate(rows, counted):
    length = MAX_LENGTH if counted else max(len(row["ids"]) for row in rows)
    padded = torch.tensor([row["ids"] + [0] * (length - len(row["ids"])) for row in rows])
    mask = torch.tensor([[1] * len(row["ids"]) + [0] * (length - len(row["ids"])) for row in rows])
    return dict(
        pixel_values=torch.stack([row["pixel_values"] for row in rows]),
        input_ids=padded,
        attention_mask=mask,
        labels=padded if counted else padded.masked_fill(mask == 0, -100),
    )


def trainer_log(folder, train, test, counted, compute_loss=None):
    """Loss, norm, rate of each step and evaluations, as the Trainer logs them."""
    with tempfile.TemporaryDirectory() as output:
        arguments = TrainingArguments(
            output,
            max_steps=STEPS,
            per_device_train_batch_size=BATCH,
            per_device_eval_batch_size=EVAL_ROWS,
            gradient_accumulation_steps=ACCUMULATED,
            train_sampling_strategy="sequential",
            learning_rate=LEARNING_RATE,
            weight_decay=WEIGHT_DECAY,
            max_grad_norm=MAX_GRAD_NORM,
            warmup_steps=WARMUP,
            lr_scheduler_type="linear",
            optim="adamw_torch",
            logging_steps=1,
            eval_strategy="steps",
            eval_steps=EVAL_EVERY,
            save_strategy="no",
            remove_unused_columns=False,
            use_cpu=True,
            report_to="none",
            disable_tqdm=True,
            log_level="error",
        )
        trainer = Trainer(
            GitForCausalLM.from_pretrained(folder),
            arguments,
            data_collator=lambda rows: collate(rows, counted),
            train_dataset=train,
            eval_dataset=test,
            compute_loss_func=compute_loss,
        )
        accepts = trainer.model_accepts_loss_kwargs
        # The printer's lines would only bury this script's.
        trainer.callback_handler.callbacks = trainer.callback_handler.callbacks[:1]
        trainer.train()
    entries = trainer.state.log_history
    steps = [entry for entry in entries if "loss" in entry]
    evaluations = [entry["eval_loss"] for entry in entries if "eval_loss" in entry]
    keys = ["loss", "grad_norm", "learning_rate", "epoch"]
    return {key: [entry[key] for entry in steps] for key in keys} | {"eval_loss": evaluations}, accepts


def by_token(outputs, labels, num_items_in_batch):
    """The documented way to weight by tokens: a sum over the accumulated step's number of tokens."""
    logits = outputs.logits[:, -labels.shape[1] : -1]
    loss = torch.nn.functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1), ignore_index=-100, reduction="sum"
    )
    return loss / num_items_in_batch


def token_losses(model, batch):
    """The sum of the counted tokens' losses, and their number."""
    labels = batch["labels"]
    inputs = {key: value for key, value in batch.items() if key != "labels"}
    inputs["pixel_values"] = inputs["pixel_values"].to(model.dtype)
    sum_ = by_token(model(**inputs), labels, 1)
    return sum_, int(labels[:, 1:].ne(-100).sum())


def plain_log(folder, train, test, counted, dtype=torch.float32):
    """The same run as a plain loop, each token of an accumulated step weighing the same."""
    model = GitForCausalLM.from_pretrained(folder).to(dtype).train()
    bare = [p for name, p in model.named_parameters() if name.endswith("bias") or is_norm(model, name)]
    rest = [p for p in model.parameters() if not any(p is q for q in bare)]
    groups = [dict(params=rest, weight_decay=WEIGHT_DECAY), dict(params=bare, weight_decay=0.0)]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8)
    schedule = get_linear_schedule_with_warmup(optimizer, WARMUP, STEPS)
    log = {key: [] for key in ["loss", "grad_norm", "grad_norm_f64", "learning_rate", "eval_loss"]}
    batches = [train[start : start + BATCH] for start in range(0, ROWS, BATCH)]
    steps = [batches[start : start + ACCUMULATED] for start in range(0, len(batches), ACCUMULATED)]
    for step in range(STEPS):
        micro = [collate(rows, counted) for rows in steps[step % len(steps)]]
        tokens = sum(int(batch["labels"][:, 1:].ne(-100).sum()) for batch in micro)
        loss = 0.0
        for batch in micro:
            part = token_losses(model, batch)[0] / tokens
            part.backward()
            loss += part.item()
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        exact = torch.sqrt(sum((gradient.double() ** 2).sum() for gradient in gradients))
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRAD_NORM)
        log["loss"].append(loss)
        log["grad_norm"].append(norm.item())
        log["grad_norm_f64"].append(exact.item())
        log["learning_rate"].append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if (step + 1) % EVAL_EVERY == 0:
            log["eval_loss"].append(evaluate(model, test, counted))
    return log


def evaluate(model, rows, counted):
    """The mean over all tokens of the set, in batches."""
    model.eval()
    total, tokens = 0.0, 0
    with torch.no_grad():
        for start in range(0, len(rows), BATCH):
            loss, count = token_losses(model, collate(rows[start : start + BATCH], counted))
            total, tokens = total + loss.item(), tokens + count
    model.train()
    return total / tokens


def largest(one, other, key):
    return max(abs(a - b) / abs(b) if b else abs(a - b) for a, b in zip(one[key], other[key], strict=True))


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "crates/captioner-train/tests/fixtures/trainer_log")
    folder.mkdir(parents=True, exist_ok=True)
    save_checkpoint(folder)
    captions, rows = examples(folder)
    train, test = rows[:ROWS], rows[ROWS:]
    logs = {}
    for name, counted in [("ignored", False), ("counted", True)]:
        own, accepts = trainer_log(folder, train, test, counted)
        custom, _ = trainer_log(folder, train, test, counted, by_token)
        plain = plain_log(folder, train, test, counted)
        double = plain_log(folder, train, test, counted, torch.float64)
        clipped = sum(norm > MAX_GRAD_NORM for norm in plain["grad_norm"])
        print(f"{name}: model_accepts_loss_kwargs {accepts}, clipped {clipped} of {STEPS}")
        print("  loss", plain["loss"][0], plain["loss"][-1], "eval", plain["eval_loss"])
        for key in ["loss", "grad_norm", "learning_rate", "eval_loss"]:
            differences = [largest(log, plain, key) for log in (own, custom, double)]
            print(f"  {key}: from the f32 loop, Trainer %.1e, compute_loss_func %.1e, f64 loop %.1e" % tuple(differences))
        print("  norm summed in f64: %.1e" % largest(plain, {"grad_norm": plain["grad_norm_f64"]}, "grad_norm"))
        logs[name] = dict(trainer=own, trainer_compute_loss=custom, loop=plain, loop_f64=double)
    settings = dict(
        height=HEIGHT,
        width=WIDTH,
        rows=ROWS,
        max_length=MAX_LENGTH,
        per_device_train_batch_size=BATCH,
        gradient_accumulation_steps=ACCUMULATED,
        max_steps=STEPS,
        warmup_steps=WARMUP,
        eval_steps=EVAL_EVERY,
        learning_rate=LEARNING_RATE,
        weight_decay=WEIGHT_DECAY,
        max_grad_norm=MAX_GRAD_NORM,
    )
    contents = dict(settings=settings, captions=captions, input_ids=[row["ids"] for row in rows], logs=logs)
    (folder / "log.json").write_text(json.dumps(contents) + "\n")


if __name__ == "__main__":
    main()
