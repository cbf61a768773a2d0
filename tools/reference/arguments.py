"""Prints training arguments as transformers writes them: the defaults, and some that are set.

python arguments.py > ../../crates/captioner-train/tests/fixtures/arguments_5.json

arguments_5.json is of transformers 5.23.0, arguments_4.json of 4.57.1.
"""

import json

import transformers
from transformers import GenerationConfig, Seq2SeqTrainingArguments

BOTH = {
    "output_dir": "run",
    "max_steps": 300,
    "learning_rate": 2e-4,
    "lr_scheduler_type": "cosine_with_restarts",
    "lr_scheduler_kwargs": {"num_cycles": 2},
    "weight_decay": 0.01,
    "optim": "sgd",
    "eval_strategy": "steps",
    "eval_steps": 0.1,
    "save_strategy": "best",
    "save_total_limit": 2,
    "save_only_model": True,
    "load_best_model_at_end": True,
    "metric_for_best_model": "wer",
    "logging_strategy": "epoch",
    "logging_first_step": True,
    "predict_with_generate": True,
    "generation_max_length": 30,
    "generation_config": GenerationConfig(num_beams=3, max_new_tokens=12),
    "data_seed": 7,
    "dataloader_drop_last": True,
    "resume_from_checkpoint": "run/checkpoint-5",
    "run_name": "second",
    "hub_token": "hf_secret",
    "hub_strategy": "checkpoint",
}
BY_VERSION = {
    "5": {"warmup_steps": 0.05, "train_sampling_strategy": "group_by_length"},
    "4": {"warmup_ratio": 0.05, "group_by_length": True, "per_gpu_train_batch_size": 4},
}


def main():
    own = BY_VERSION[transformers.__version__[0]]
    defaults = Seq2SeqTrainingArguments(report_to="none")
    changed = Seq2SeqTrainingArguments(report_to="none", **BOTH, **own)
    written = {"defaults": defaults, "set": changed}
    of = {name: json.loads(arguments.to_json_string()) for name, arguments in written.items()}
    print(json.dumps(of, indent=1))


if __name__ == "__main__":
    main()
