"""Has transformers, PEFT and TensorBoard read the folder of a run.

    python tools/reference/read_run.py RUN [--base MODEL]

Reads with transformers 5.23.0, PEFT 0.21.2 and tensorboard 2.21.0: each `trainer_state.json`
(`TrainerState.load_from_json`), the settings in `training_args.json` (`TrainingArguments` takes those
that it knows), each checkpoint's model (`GitForCausalLM.from_pretrained`) and adapter (`PeftModel`, over
the checkpoint's own model, or `--base`), and the event files (`EventAccumulator`), which must hold
every number of the log. Prints what it found, and fails on anything wrong.
"""

import argparse
import dataclasses
import json
import math
import re
import struct
import sys
import tempfile
from pathlib import Path

import torch
from peft import PeftModel
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from transformers import GitForCausalLM, TrainerState, TrainingArguments
from transformers.integrations.integration_utils import rewrite_logs

NUMBER = (int, float)
#: The types of a state's values as transformers writes them; None is allowed where it stands.
TYPES = dict(
    best_global_step=(int, type(None)),
    best_metric=(*NUMBER, type(None)),
    best_model_checkpoint=(str, type(None)),
    epoch=NUMBER,
    eval_steps=int,
    global_step=int,
    is_hyper_param_search=bool,
    is_local_process_zero=bool,
    is_world_process_zero=bool,
    log_history=list,
    logging_steps=int,
    max_steps=int,
    num_input_tokens_seen=int,
    num_train_epochs=int,
    save_steps=int,
    stateful_callbacks=dict,
    total_flos=NUMBER,
    train_batch_size=(int, type(None)),
    trial_name=(str, type(None)),
    trial_params=(dict, type(None)),
)
problems = []


def wrong(problem):
    problems.append(problem)
    print("WRONG", problem)


def read_state(path):
    """A state as transformers loads it, with its keys, types and log entries looked at."""
    try:
        state = TrainerState.load_from_json(str(path))
    except (TypeError, ValueError) as error:
        return wrong(f"{path}: {error}")
    raw = json.loads(path.read_text())
    missing = {field.name for field in dataclasses.fields(TrainerState)} - raw.keys()
    if missing:
        wrong(f"{path}: without {sorted(missing)}")
    for key, types in TYPES.items():
        if not isinstance(raw.get(key), types):
            wrong(f"{path}: {key} is {raw.get(key)!r}")
    kinds = check_history(path, state)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        state.save_to_json(file.name)
        same = Path(file.name).read_text() == path.read_text()
    entries = ", ".join(f"{count} of {kind}" for kind, count in kinds.items())
    print(f"{path}: step {state.global_step} of {state.max_steps}; entries: {entries}; as transformers writes it: {same}")
    return state


def check_history(path, state):
    """The kinds of log entries and how many there are of each."""
    kinds, last = {}, 0
    for entry in state.log_history:
        if not all(isinstance(entry.get(key), NUMBER) for key in ("step", "epoch")):
            wrong(f"{path}: an entry without step or epoch: {entry}")
        if any(not isinstance(value, NUMBER) for value in entry.values()):
            wrong(f"{path}: a value that is no number: {entry}")
        if entry["step"] < last or entry["step"] > state.global_step:
            wrong(f"{path}: an entry of step {entry['step']} after one of step {last}")
        last = entry["step"]
        kind = "training" if "loss" in entry else "evaluation" if any(k.startswith("eval_") for k in entry) else "other"
        kind = "the end" if "train_runtime" in entry and "loss" not in entry else kind
        if kind == "training" and not {"grad_norm", "learning_rate"} <= entry.keys():
            wrong(f"{path}: without norm or rate: {entry}")
        if kind == "evaluation" and not {"eval_runtime", "eval_samples_per_second", "eval_steps_per_second"} <= entry.keys():
            wrong(f"{path}: without runtime: {entry}")
        kinds[kind] = kinds.get(kind, 0) + 1
    best = state.best_global_step
    evaluations = [entry for entry in state.log_history if entry["step"] == best and "eval_runtime" in entry]
    if best is not None and not any(state.best_metric in entry.values() for entry in evaluations):
        wrong(f"{path}: no evaluation of step {best} gave the best value {state.best_metric}")
    return kinds


def read_arguments(path):
    settings = json.loads(path.read_text())
    known = {field.name for field in dataclasses.fields(TrainingArguments) if field.init}
    own = sorted(settings.keys() - known)
    theirs = {key: value for key, value in settings.items() if key in known}
    # These say where and how loud, of this machine and not of the run.
    for key in ("report_to", "push_to_hub", "bf16", "fp16"):
        theirs.pop(key, None)
    with tempfile.TemporaryDirectory() as output:
        try:
            TrainingArguments(**{**theirs, "output_dir": output, "use_cpu": True, "report_to": "none"})
        except (TypeError, ValueError) as error:
            wrong(f"{path}: TrainingArguments: {error}")
    print(f"{path}: {len(theirs)} settings of transformers; of our own: {', '.join(own)}")


def read_model(folder):
    model, info = GitForCausalLM.from_pretrained(folder, output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info.get(kind):
            wrong(f"{folder}: {kind} {sorted(map(str, info[kind]))[:5]}")
    if not all(torch.isfinite(parameter).all() for parameter in model.parameters()):
        wrong(f"{folder}: weights that are not finite")
    print(f"{folder}: {type(model).__name__}, {sum(p.numel() for p in model.parameters())} parameters")
    return model


def read_adapter(folder, base):
    if base is None:
        return wrong(f"{folder}: an adapter without a base; give one with --base")
    model = PeftModel.from_pretrained(base, folder)
    config = model.peft_config["default"]
    named = set(model.state_dict())
    count = sum("lora_" in name for name in named)
    if not count:
        wrong(f"{folder}: no layer took the adapter")
    print(f"{folder}: adapter of rank {config.r}, {count} tensors")


def read_checkpoint(folder, base):
    """A folder with a model, an adapter or both."""
    model = None
    if (folder / "config.json").is_file():
        model = read_model(folder)
    for adapter in (folder, folder / "adapter"):
        if (adapter / "adapter_config.json").is_file():
            own = GitForCausalLM.from_pretrained(base) if base else model
            read_adapter(adapter, own)
            return
    if model is None:
        wrong(f"{folder}: neither a model nor an adapter")


def read_events(run, history):
    """The event files of a run, all starts of it together."""
    found = {}
    for folder in sorted({path.parent for path in run.glob("runs/**/events.out.tfevents.*")}):
        events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
        events.Reload()
        tags = events.Tags()
        for tag in tags["scalars"]:
            for event in events.Scalars(tag):
                found.setdefault((tag, event.step), []).append(event.value)
        for tag in tags["tensors"]:
            plugin = events.SummaryMetadata(tag).plugin_data.plugin_name
            if plugin != "text":
                wrong(f"{folder}: {tag} is of the plugin {plugin}")
        if not re.fullmatch(r"[A-Z][a-z]{2}\d\d_\d\d-\d\d-\d\d_.+", folder.name):
            wrong(f"{folder}: not a name of the form Nov27_11-52-03_host")
        print(f"{folder}: scalars {', '.join(tags['scalars'])}; texts {', '.join(tags['tensors'])}")
    if not found:
        return print(f"{run}: no event files")
    lacking = 0
    for entry in history:
        values = rewrite_logs({key: value for key, value in entry.items() if key != "step"})
        for tag, value in values.items():
            written = found.get((tag, entry["step"]), [])
            if not any(same(value, other) for other in written):
                lacking += 1
                if lacking <= 3:
                    wrong(f"{run}: the events have {written} for {tag} of step {entry['step']}, not {value}")
    print(f"{run}: {sum(map(len, found.values()))} points, {lacking} logged values without one")


def same(value, other):
    """Equal in 32 bits."""
    return math.isnan(value) and math.isnan(other) or struct.pack("f", value) == struct.pack("f", other)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--base", help="the model that adapters are of")
    options = parser.parse_args()
    run = options.run
    checkpoints = [path for path in run.glob("checkpoint-*") if re.fullmatch(r"checkpoint-\d+", path.name)]
    checkpoints.sort(key=lambda path: int(path.name.split("-")[1]))
    if not checkpoints and not (run / "trainer_state.json").is_file():
        wrong(f"{run}: neither a checkpoint nor a state")
    state = None
    for checkpoint in checkpoints:
        state = read_state(checkpoint / "trainer_state.json")
        if state and state.global_step != int(checkpoint.name.split("-")[1]):
            wrong(f"{checkpoint}: its state is of step {state.global_step}")
        read_checkpoint(checkpoint, options.base)
    for folder in (run / "model", run / "adapter"):
        if folder.is_dir():
            read_checkpoint(folder, options.base)
    if (run / "trainer_state.json").is_file():
        state = read_state(run / "trainer_state.json")
    for path in sorted(run.glob("**/training_args.json")):
        read_arguments(path)
    read_events(run, state.log_history if state else [])
    if problems:
        sys.exit(f"{len(problems)} wrong")
    print("nothing wrong")


if __name__ == "__main__":
    main()
