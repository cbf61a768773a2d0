"""Reads model cards with huggingface_hub and compares what it finds with what was to be said.

    cargo run -p captioner-hub --example write_cards -- /tmp/cards
    python tools/reference/check_card.py /tmp/cards

Each folder below the given one holds README.md and, where its values are to be compared,
expected.json. Needs huggingface_hub and PyYAML.

    python tools/reference/check_card.py RUN/hub --picture FILE [--base FOLDER]

also runs the Python that the card shows, on that picture, with the card's folder in place of the
model's name and FOLDER in place of an adapter's base model. Needs transformers, and peft.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import yaml
from huggingface_hub import ModelCard, ModelCardData
from huggingface_hub.repocard import metadata_load
from huggingface_hub.repocard_data import model_index_to_eval_results


def same(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: found {found!r}, expected {expected!r}")


def head_of(card):
    """The head as plain values, with `ModelCardData` in agreement."""
    assert isinstance(card.data, ModelCardData)
    head = metadata_load(Path(card.path))
    index = head.get("model-index")
    if index:
        name, results = model_index_to_eval_results(index)
        same("model name", card.data.model_name, name)
        same("results", card.data.eval_results, results)
    return head


def check_valid(folder, head, card):
    """What holds for every card of ours."""
    same(f"{folder} task", head["pipeline_tag"], "image-to-text")
    assert head["library_name"] in ("transformers", "peft"), head["library_name"]
    base = head.get("base_model")
    if base is not None:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", base), base
        assert head["base_model_relation"] in ("finetune", "adapter")
    for name in head.get("datasets", []):
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", name), name
    for result in card.data.eval_results or []:
        assert isinstance(result.metric_value, float), result
        same("task", result.task_type, "image-to-text")
    # A second writing and reading changes nothing.
    again = ModelCard(card.content)
    same(f"{folder} again", again.data.to_dict(), card.data.to_dict())
    # What huggingface_hub writes of it says the same.
    rewritten = yaml.safe_load(card.data.to_yaml())
    same(f"{folder} rewritten", rewritten["pipeline_tag"], head["pipeline_tag"])
    same(f"{folder} rewritten", rewritten.get("datasets"), head.get("datasets"))
    return len(card.data.eval_results or [])


def check_expected(folder, head, card, expected):
    same(f"{folder} library", head["library_name"], "peft" if expected["adapter"] else "transformers")
    same(f"{folder} base model", head.get("base_model"), expected["base_model"])
    relation = "adapter" if expected["adapter"] else "finetune"
    same(f"{folder} relation", head.get("base_model_relation"), relation if expected["base_model"] else None)
    same(f"{folder} license", head.get("license"), expected["license"])
    same(f"{folder} language", head.get("language"), expected["language"] and [expected["language"]])
    wanted = expected["dataset"]
    same(f"{folder} data set", head.get("datasets"), wanted["id"] and [wanted["id"]])
    same(f"{folder} name", card.data.model_name, expected["name"])
    found = [
        {"type": r.metric_type, "name": r.metric_name, "value": r.metric_value}
        for r in card.data.eval_results
    ]
    same(f"{folder} results", found, expected["results"])
    for result in card.data.eval_results:
        same(f"{folder} set", result.dataset_name, wanted["name"])
        same(f"{folder} set's type", result.dataset_type, wanted["id"] or wanted["name"])
        same(f"{folder} config", result.dataset_config, wanted["config"])
        same(f"{folder} split", result.dataset_split, wanted["split"])
        same(f"{folder} revision", result.dataset_revision, wanted["revision"])
    # The name neither ends its line nor opens a heading, and its table keeps its columns.
    headings = [line for line in card.text.splitlines() if line.startswith("# ")]
    same(f"{folder} headings", len(headings), 1)
    table = [line for line in card.text.splitlines() if line.startswith("| Step")]
    same(f"{folder} tables", len(table), 1)
    columns = len(re.findall(r"(?<!\\)\|", table[0]))
    rows = [line for line in card.text.splitlines() if line.startswith("| **50** ")]
    same(f"{folder} rows", len(rows), expected["rows"])
    same(f"{folder} columns", len(re.findall(r"(?<!\\)\|", rows[0])), columns)


def run_shown(folder, card, head, picture, base):
    """Runs the Python of a card."""
    code = re.search(r"```python\n(.*?)```", card.text, re.DOTALL)[1]
    code = code.replace('"picture.png"', repr(picture))
    model = re.search(r'AutoModelForCausalLM.from_pretrained\((".*?")\)', code)[1]
    adapter = re.search(r'PeftModel.from_pretrained\(model, (".*?")\)', code)
    same(f"{folder} loads an adapter", bool(adapter), head["library_name"] == "peft")
    if adapter:
        code = code.replace(adapter[1], repr(str(folder))).replace(model, repr(base))
    else:
        code = code.replace(model, repr(str(folder)))
    print(f"{folder} as its card uses it:")
    exec(compile(code, f"{folder}/README.md", "exec"), {})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--picture")
    parser.add_argument("--base")
    flags = parser.parse_args()
    folders = sorted(path.parent for path in Path(flags.folder).glob("**/README.md"))
    results = 0
    for folder in folders:
        card = ModelCard.load(folder / "README.md")
        card.path = str(folder / "README.md")
        head = head_of(card)
        results += check_valid(folder, head, card)
        expected = folder / "expected.json"
        if expected.is_file():
            check_expected(folder, head, card, json.loads(expected.read_text(encoding="utf-8")))
        if flags.picture:
            run_shown(folder, card, head, flags.picture, flags.base)
    print(f"{len(folders)} cards with {results} results read as they were written")
    if not folders:
        sys.exit("there is no README.md in it")


if __name__ == "__main__":
    main()
