"""Writes crates/captioner-metrics/tests/fixtures: synthetic captions and what the packages that
papers use make of them.

Needs jiwer 4.0.0, rouge_score 0.1.2, sacrebleu 2.6.0, pycocoevalcap 1.2 and, for the last, Java.

    python tools/reference/metric_fixtures.py

- rows.jsonl.gz: a row with its values on each line;
- corpus.json: values over all rows;
- transforms.json.gz: jiwer's transforms over some captions;
- bootstrap.json: google's aggregate with the rows it drew.
"""

import gzip
import json
import os
import subprocess
import threading
from collections import defaultdict
from pathlib import Path

import jiwer
import numpy as np
from metric_captions import rows
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider_scorer import CiderScorer
from pycocoevalcap.meteor import meteor
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer
from rouge_score import scoring
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU

FOLDER = Path(__file__).parents[2] / "crates/captioner-metrics/tests/fixtures"
ROWS = 2400
TYPES = ["rouge1", "rouge2", "rougeL", "rougeLsum"]


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    data = rows(ROWS, seed=20)
    corpus = {}
    predictions = [row["prediction"] for row in data]
    firsts = [row["references"][0] for row in data]
    add_jiwer(data, corpus, predictions, firsts)
    add_rouge(data)
    add_sacrebleu(data, corpus, predictions)
    add_coco(data, corpus)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in data)
    write_gzip("rows.jsonl.gz", lines)
    write("corpus.json", corpus)
    write_gzip("transforms.json.gz", json.dumps(transforms(firsts[:150] + predictions[:150]), ensure_ascii=False))
    write("bootstrap.json", bootstrap(data[:40]))


def write(name: str, value: dict) -> None:
    (FOLDER / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def write_gzip(name: str, text: str) -> None:
    with open(FOLDER / name, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(text.encode())


def rates(output) -> dict:
    names = ["hits", "substitutions", "deletions", "insertions"]
    result = {name: getattr(output, name) for name in names}
    if isinstance(output, jiwer.WordOutput):
        return result | {name: getattr(output, name) for name in ["wer", "mer", "wil", "wip"]}
    return result | {"cer": output.cer}


def add_jiwer(data, corpus, predictions, firsts) -> None:
    words = jiwer.process_words(firsts, predictions)
    chars = jiwer.process_characters(firsts, predictions)
    corpus["words"], corpus["chars"] = rates(words), rates(chars)
    for place, row in enumerate(data):
        chunks = words.alignments[place]
        row["alignment"] = [
            [c.type[0], c.ref_start_idx, c.ref_end_idx, c.hyp_start_idx, c.hyp_end_idx] for c in chunks
        ]
        one = rates(jiwer.process_characters(firsts[place], predictions[place]))
        row["chars"] = [one[name] for name in ["hits", "substitutions", "deletions", "insertions"]]
    empty = {"silence": ([""], [" "]), "invented": (["", ""], ["a cat", "dog"]), "missed": (["a cat"], [""]),
             "some": (["", "a cat"], ["dog", "a cat"])}
    corpus["empty"] = {
        name: {"references": r, "predictions": p, **rates(jiwer.process_words(r, p))} for name, (r, p) in empty.items()
    }
    # Long captions take another way through the library: tables above 1 MiB are split.
    text = [" ".join(firsts[i : i + 200]) for i in (0, 200)]
    heard = [" ".join(predictions[i : i + 200]) for i in (0, 200)]
    corpus["long"] = {"rows": 200, "words": rates(jiwer.process_words(text, heard)),
                      "chars": rates(jiwer.process_characters(text, heard))}


def add_rouge(data) -> None:
    for name, stem in [("rouge", False), ("rouge_stemmed", True)]:
        scorer = RougeScorer(TYPES, use_stemmer=stem)
        for row in data:
            scores = scorer.score_multi(row["references"], row["prediction"])
            row[name] = [[getattr(scores[t], part) for part in ("precision", "recall", "fmeasure")] for t in TYPES]


def add_sacrebleu(data, corpus, predictions) -> None:
    most = max(len(row["references"]) for row in data)
    streams = [[row["references"][i] if i < len(row["references"]) else None for row in data] for i in range(most)]
    settings = {
        "default": {},
        "lowercase": {"lowercase": True},
        "intl": {"tokenize": "intl"},
        "char": {"tokenize": "char"},
        "none": {"tokenize": "none"},
        "floor": {"smooth_method": "floor", "smooth_value": 0.1},
        "add_k": {"smooth_method": "add-k", "smooth_value": 1},
        "unsmoothed": {"smooth_method": "none"},
    }
    corpus["sacrebleu"] = {}
    for name, setting in settings.items():
        result = BLEU(**setting).corpus_score(predictions, streams)
        corpus["sacrebleu"][name] = {"score": result.score, "precisions": result.precisions, "bp": result.bp}
    for method in ["exp", "floor", "add-k", "none"]:
        sentence = BLEU(effective_order=True, smooth_method=method)
        for row in data:
            score = sentence.sentence_score(row["prediction"], row["references"]).score
            row.setdefault("sentence_bleu", []).append(score)


class StemMeteor(meteor.Meteor):
    """Java's METEOR with the stages that need no table."""

    def __init__(self, *options: str):
        command = ["java", "-jar", "-Xmx2G", meteor.METEOR_JAR, "-", "-", "-stdio", "-l", "en", "-norm", *options]
        self.meteor_p = subprocess.Popen(command, cwd=os.path.dirname(os.path.abspath(meteor.__file__)),
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.lock = threading.Lock()


class OriginalCider(CiderScorer):
    """The first CIDEr: the cosine without clipping and without a penalty for length."""

    def compute_cider(self):
        documents = np.log(float(len(self.crefs)))

        def vectors(counts):
            result = [defaultdict(float) for _ in range(self.n)]
            for gram, count in counts.items():
                idf = documents - np.log(max(1.0, self.document_frequency[gram]))
                result[len(gram) - 1][gram] = count * idf
            return result

        def cosine(a, b):
            norm = np.sqrt(sum(x * x for x in a.values())) * np.sqrt(sum(x * x for x in b.values()))
            product = sum(value * b.get(gram, 0.0) for gram, value in a.items())
            return product / norm if norm else product

        scores = []
        for test, refs in zip(self.ctest, self.crefs):
            hyp = vectors(test)
            sims = [np.mean([cosine(h, r) for h, r in zip(hyp, vectors(ref))]) for ref in refs]
            scores.append(10.0 * np.mean(sims))
        return scores


def cider_scores(scorer, gts, res) -> tuple[float, list[float]]:
    for key in gts:
        scorer += (res[key][0], gts[key])
    mean, scores = scorer.compute_score()
    return float(mean), [float(score) for score in scores]


def add_coco(data, corpus) -> None:
    gts, res = tokenized(data)
    for key, row in enumerate(data):
        row["tokens"] = [res[key][0], *gts[key]]
    bleu, _ = Bleu(4).compute_score(gts, res, verbose=0)
    rouge, rouge_rows = Rouge().compute_score(gts, res)
    cider, cider_rows = cider_scores(CiderScorer(), gts, res)
    original, original_rows = cider_scores(OriginalCider(), gts, res)
    own_df, own_df_rows = cider_from_other_half(gts, res)
    stem, stem_rows = StemMeteor("-m", "exact stem", "-w", "1.0 0.6").compute_score(gts, res)
    synonym, _ = StemMeteor("-m", "exact stem synonym", "-w", "1.0 0.6 0.8").compute_score(gts, res)
    full, full_rows = StemMeteor().compute_score(gts, res)
    corpus["coco"] = {"bleu": bleu, "rouge_l": float(rouge), "cider_d": cider, "cider": original,
                      "cider_d_other_frequencies": own_df, "meteor_exact_stem": stem,
                      "meteor_exact_stem_synonym": synonym, "meteor_full": full}
    for key, row in enumerate(data):
        row["coco"] = [float(rouge_rows[key]), cider_rows[key], original_rows[key], stem_rows[key], full_rows[key]]
        if key >= ROWS // 2:
            row["cider_d_other_frequencies"] = own_df_rows[key - ROWS // 2]


def tokenized(data) -> tuple[dict, dict]:
    """Tokens of coco-caption's tokenizer. A filler between captions keeps each from seeing the next."""
    captions = [caption for row in data for caption in [row["prediction"], *row["references"]]]
    filled = {i: [{"caption": captions[i // 2] if i % 2 == 0 else "zebra"}] for i in range(2 * len(captions))}
    tokens = PTBTokenizer().tokenize(filled)
    assert all(tokens[i] == ["zebra"] for i in filled if i % 2), "a caption broke its line"
    lines = iter(tokens[2 * i][0] for i in range(len(captions)))
    gts, res = {}, {}
    for key, row in enumerate(data):
        res[key] = [next(lines)]
        gts[key] = [next(lines) for _ in row["references"]]
    return gts, res


def cider_from_other_half(gts, res) -> tuple[float, list[float]]:
    """The second half of the rows with the document frequencies of the first half."""
    half = ROWS // 2
    first = CiderScorer()
    for key in range(half):
        first += (res[key][0], gts[key])
    first.compute_doc_freq()

    class Other(CiderScorer):
        def compute_doc_freq(self):
            self.document_frequency = first.document_frequency

    return cider_scores(Other(), {k: gts[k] for k in range(half, ROWS)}, {k: res[k] for k in range(half, ROWS)})


def transforms(captions: list[str]) -> dict:
    captions = captions + ["won't can't let's I'm he'd <unk> [laugh] the_cat cat's", "a\tb \n c", "  ", ""]
    steps = {
        "remove_multiple_spaces": jiwer.RemoveMultipleSpaces(),
        "strip": jiwer.Strip(),
        "lower": jiwer.ToLowerCase(),
        "upper": jiwer.ToUpperCase(),
        "remove_punctuation": jiwer.RemovePunctuation(),
        "remove_white_space": jiwer.RemoveWhiteSpace(replace_by_space=False),
        "white_space_to_space": jiwer.RemoveWhiteSpace(replace_by_space=True),
        "remove_kaldi_non_words": jiwer.RemoveKaldiNonWords(),
        "expand_contractions": jiwer.ExpandCommonEnglishContractions(),
        "substitute_words": jiwer.SubstituteWords({"a": "one", "is": "was", "dog's": "dog"}),
        "remove_specific_words": jiwer.RemoveSpecificWords(["a", "the", "on"]),
        "substitute_regexes": jiwer.SubstituteRegexes({r"\bthe\b": "a", r"(\w+)ing\b": r"\1ed"}),
        "remove_empty_strings": jiwer.RemoveEmptyStrings(),
    }
    chains = {
        "wer_default": jiwer.wer_default,
        "wer_contiguous": jiwer.wer_contiguous,
        "wer_standardize": jiwer.wer_standardize,
        "wer_standardize_contiguous": jiwer.wer_standardize_contiguous,
        "cer_default": jiwer.cer_default,
        "cer_contiguous": jiwer.cer_contiguous,
    }
    words = jiwer.ReduceToListOfListOfWords()
    return {
        "captions": captions,
        "steps": {name: jiwer.Compose([step, words])(captions) for name, step in steps.items()},
        "chains": {name: chain(captions) for name, chain in chains.items()},
    }


def bootstrap(data) -> dict:
    """google's aggregate over few rows and samples, with the rows that numpy drew."""
    draws = []
    original = np.random.choice

    def choice(*arguments, **options):
        drawn = original(*arguments, **options)
        draws.extend(int(row) for row in drawn)
        return drawn

    np.random.seed(5)
    np.random.choice = choice
    aggregator = scoring.BootstrapAggregator(n_samples=60)
    scorer = RougeScorer(["rouge1"], use_stemmer=False)
    scores = [scorer.score_multi(row["references"], row["prediction"]) for row in data]
    for score in scores:
        aggregator.add_scores(score)
    aggregate = aggregator.aggregate()["rouge1"]
    np.random.choice = original
    f = lambda score: float(score.fmeasure)
    return {"values": [f(score["rouge1"]) for score in scores], "draws": draws, "samples": 60,
            "low": f(aggregate.low), "mid": f(aggregate.mid), "high": f(aggregate.high)}


if __name__ == "__main__":
    main()
