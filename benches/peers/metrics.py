"""Times the Python packages on captions from a file; prints seconds and scores as JSON.

    python benches/peers/metrics.py ROWS.jsonl RUNS

The medians of RUNS runs. Called by `cargo bench -p captioner-metrics --bench against_python`.
"""

import contextlib
import io
import json
import os
import statistics
import sys
import time

import jiwer
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU

TYPES = ["rouge1", "rouge2", "rougeL", "rougeLsum"]


def main(path: str, runs: int) -> None:
    with open(path) as file:
        rows = [json.loads(line) for line in file]
    predictions = [row["prediction"] for row in rows]
    references = [row["references"] for row in rows]
    firsts = [row[0] for row in references]
    gts, res = tokenize(predictions, references)
    bleu_4 = lambda gts, res: Bleu(4).compute_score(gts, res, verbose=0)[0][3]
    cider_d = lambda gts, res: float(Cider().compute_score(gts, res)[0])
    work = {
        "wer": lambda: jiwer.wer(firsts, predictions),
        "cer": lambda: jiwer.cer(firsts, predictions),
        "rouge": lambda: rouge(firsts, predictions, False),
        "rouge_stemmed": lambda: rouge(firsts, predictions, True),
        "sacrebleu": lambda: BLEU().corpus_score(predictions, list(zip(*references))).score,
        "ptb_tokenize (Java)": lambda: count_tokens(*tokenize(predictions, references)),
        "bleu": lambda: bleu_4(gts, res),
        "rouge_l": lambda: float(Rouge().compute_score(gts, res)[0]),
        "cider_d": lambda: cider_d(gts, res),
        "bleu with tokenizer": lambda: bleu_4(*tokenize(predictions, references)),
        "cider_d with tokenizer": lambda: cider_d(*tokenize(predictions, references)),
    }
    print(json.dumps({name: median(runs, run) for name, run in work.items()}))


def tokenize(predictions: list[str], references: list[list[str]]) -> tuple[dict, dict]:
    tokenizer = PTBTokenizer()
    gts = {key: [{"caption": caption} for caption in row] for key, row in enumerate(references)}
    res = {key: [{"caption": caption}] for key, caption in enumerate(predictions)}
    return tokenizer.tokenize(gts), tokenizer.tokenize(res)


def count_tokens(gts: dict, res: dict) -> int:
    captions = [caption for group in (gts, res) for row in group.values() for caption in row]
    return sum(len(caption.split()) for caption in captions)


def rouge(references: list[str], predictions: list[str], stem: bool) -> float:
    scorer = RougeScorer(TYPES, use_stemmer=stem)
    scores = [scorer.score(r, p)["rougeLsum"].fmeasure for r, p in zip(references, predictions)]
    return sum(scores) / len(scores)


def median(runs: int, run) -> tuple[float, float, float]:
    """Wall clock, processor time (of Java too), score."""
    wall, processor = [], []
    with contextlib.redirect_stdout(io.StringIO()):
        for _ in range(runs):
            start, before = time.perf_counter(), sum(os.times()[:4])
            score = run()
            wall.append(time.perf_counter() - start)
            processor.append(sum(os.times()[:4]) - before)
    return statistics.median(wall), statistics.median(processor), score


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
