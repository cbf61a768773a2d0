"""Makes the fixture of captioner-train's evaluation: what transformers' `Trainer.evaluate` gives for a
small GIT on seven pictures, with the metrics of the Hugging Face image-captioning guide.

    python tools/reference/evaluation.py     # transformers 5.23.0, torch 2.15, jiwer 4, CPU, f32

The checkpoint is that of storage_fixtures.py. `evaluation.json` holds the captions and the values;
the pictures are a formula, which the test has too.
"""

import json
import math
import tempfile
from pathlib import Path

import jiwer
import numpy as np
import torch
from PIL import Image
from transformers import (
    CLIPImageProcessorPil,
    GitForCausalLM,
    GitProcessor,
    AutoTokenizer,
    Trainer,
    TrainingArguments,
)

ROOT = Path(__file__).parents[2]
CHECKPOINT = ROOT / "crates/captioner-git/tests/fixtures/storage/new"
OUTPUT = ROOT / "crates/captioner-train/tests/fixtures/evaluation.json"
CAPTIONS = [
    "a drawing of a cat",
    "a pink dog with long ears",
    "l l cat l",
    "a drawing of a blue creature with long ears and a smile.",
    "don't!",
    "it is a drawing of a naive dog, a cat and a pink creature",
    "l",
]
SIDE, MAX_LENGTH, BATCH_SIZES = 16, 28, [1, 2, 3, 7]


def picture(row):
    index = np.arange(SIDE * SIDE * 3)
    values = (index * (2 * row + 3) * 31 + (index // 7) * 17 + 40 * row) % 256
    return Image.fromarray(values.astype(np.uint8).reshape(SIDE, SIDE, 3))


def wer(predictions, references):
    """As `evaluate`'s wer 0.0.2 computes it: edits of all rows by words of all references."""
    edits = words = 0
    for prediction, reference in zip(predictions, references):
        measures = jiwer.process_words(reference, prediction)
        edits += measures.substitutions + measures.deletions + measures.insertions
        words += measures.substitutions + measures.deletions + measures.hits
    return edits / words


def trainer(model, batch_size, collate, compute_metrics=None):
    arguments = TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        per_device_eval_batch_size=batch_size,
        remove_unused_columns=False,
        label_names=["labels"],
        report_to=[],
        use_cpu=True,
    )
    return Trainer(
        model=model,
        args=arguments,
        data_collator=collate,
        eval_dataset=list(range(len(CAPTIONS))),
        compute_metrics=compute_metrics,
    )


def main():
    processor = GitProcessor(
        CLIPImageProcessorPil.from_pretrained(CHECKPOINT),
        AutoTokenizer.from_pretrained(CHECKPOINT),
    )
    model = GitForCausalLM.from_pretrained(CHECKPOINT).eval()

    def inputs(rows, **padding):
        images, captions = [picture(row) for row in rows], [CAPTIONS[row] for row in rows]
        return processor(images=images, text=captions, return_tensors="pt", **padding)

    def to_the_longest(rows):
        batch = inputs(rows, padding=True)
        batch["labels"] = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
        return dict(batch)

    def of_the_guide(rows):
        batch = inputs(rows, padding="max_length", max_length=MAX_LENGTH)
        batch["labels"] = batch["input_ids"]
        return dict(batch)

    shapes = set()

    def guide_metrics(eval_pred):
        # The guide's compute_metrics, to the letter.
        logits, labels = eval_pred
        predicted = logits.argmax(-1)
        decoded_labels = processor.batch_decode(labels, skip_special_tokens=True)
        decoded_predictions = processor.batch_decode(predicted, skip_special_tokens=True)
        wer_score = wer(predictions=decoded_predictions, references=decoded_labels)
        # And what it is made of.
        shapes.add((logits.shape[1], labels.shape[1]))
        text = processor.batch_decode(predicted[:, -labels.shape[1] :], skip_special_tokens=True)
        return dict(wer_score=wer_score, wer_score_of_text=wer(text, decoded_labels))

    losses, guide = {}, {}
    for size in BATCH_SIZES:
        losses[size] = trainer(model, size, to_the_longest).evaluate()["eval_loss"]
        values = trainer(model, size, of_the_guide, guide_metrics).evaluate()
        keys = ["loss", "wer_score", "wer_score_of_text"]
        guide[size] = {key: values[f"eval_{key}"] for key in keys}
    print("positions of the guide's logits and labels", shapes)

    loss_sum = count = right = 0
    predictions, targets = [], []
    for row in range(len(CAPTIONS)):
        batch = to_the_longest([row])
        ids = batch["input_ids"]
        with torch.no_grad():
            output = model(**batch)
        logits = output.logits[0, -ids.shape[1] : -1].double()
        expected, best = ids[0, 1:], logits.argmax(-1)
        loss_sum += torch.nn.functional.cross_entropy(logits, expected, reduction="sum").item()
        count += len(expected)
        right += (best == expected).sum().item()
        predictions.append(processor.decode(best, skip_special_tokens=True))
        targets.append(processor.decode(expected, skip_special_tokens=True))
    values = dict(
        captions=CAPTIONS,
        max_length=MAX_LENGTH,
        loss=loss_sum / count,
        perplexity=math.exp(loss_sum / count),
        token_accuracy=right / count,
        wer=wer(predictions, targets),
        teacher_forced=predictions,
        trainer_eval_loss=losses,
        guide=guide,
    )
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n")
    print(OUTPUT.read_text())


if __name__ == "__main__":
    main()
