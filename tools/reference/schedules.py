"""Prints the learning rates of transformers' schedules, and of PyTorch's plateau, as JSON:

python schedules.py > ../../crates/captioner-train/tests/fixtures/schedules.json

Written with transformers 5.23.0 and torch 2.15.0.
"""

import json

import torch
from transformers import get_scheduler

# Warm-up and all steps: ordinary, without a warm-up, a single step, all warm-up, more warm-up than
# steps.
RUNS = [(3, 10), (0, 7), (0, 1), (1, 1), (4, 4), (6, 4)]
# The name of each type, and the settings to try.
TYPES = [
    ("linear", [{}]),
    ("cosine", [{}, {"num_cycles": 1.25}]),
    ("cosine_with_restarts", [{}, {"num_cycles": 3}]),
    ("polynomial", [{}, {"lr_end": 1e-5, "power": 2.5}]),
    ("constant", [{}]),
    ("constant_with_warmup", [{}]),
    ("inverse_sqrt", [{}, {"timescale": 5}]),
    ("cosine_with_min_lr", [{"min_lr": 1e-4}, {"min_lr_rate": 0.25, "num_cycles": 0.75}]),
    ("cosine_warmup_with_min_lr", [{"min_lr_rate": 0.1}, {"min_lr": 1e-5, "warmup_lr_rate": 0.2}]),
    (
        "warmup_stable_decay",
        [
            {"num_decay_steps": 4},
            {"num_decay_steps": 2, "num_stable_steps": 3, "decay_type": "linear", "min_lr_ratio": 0.1},
            {"num_decay_steps": 3, "warmup_type": "cosine", "decay_type": "1-sqrt"},
            {"num_decay_steps": 3, "warmup_type": "1-sqrt", "num_cycles": 1.5},
        ],
    ),
]
PEAK = 3e-3


def optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)


def rates(name, kwargs, warmup, total):
    """Of each step of the run, and of two after it."""
    sgd = optimizer()
    schedule = get_scheduler(name, sgd, warmup, total, dict(kwargs))
    of_step = []
    for _ in range(total + 2):
        of_step.append(sgd.param_groups[0]["lr"])
        sgd.step()
        try:
            schedule.step()
        except ZeroDivisionError:  # polynomial, after a run that was all warm-up
            break
    return of_step


def plateau(kwargs, values):
    """After each evaluation."""
    sgd = optimizer()
    schedule = get_scheduler("reduce_lr_on_plateau", sgd, scheduler_specific_kwargs=dict(kwargs))
    after = []
    for value in values:
        schedule.step(value)
        after.append(sgd.param_groups[0]["lr"])
    return after


FALLING = [3.0, 2.0, 2.0, 1.9999, 1.5, 1.6, 1.7, 1.5, 1.49999, 1.8, 1.2, 1.3, 1.4, 1.3, 1.25, 1.3]
RISING = [0.1, 0.3, 0.2, 0.30001, 0.3, 0.5, 0.4, 0.4, 0.4, 0.4, 0.6, 0.5, 0.5, 0.5]
PLATEAUS = [
    ({}, [1.0] * 24),
    ({"patience": 1}, FALLING),
    ({"patience": 1, "factor": 0.5, "cooldown": 2}, FALLING),
    ({"patience": 0, "factor": 0.3, "min_lr": 1e-4}, FALLING),
    ({"patience": 0, "threshold": 0.2, "threshold_mode": "abs"}, FALLING),
    ({"patience": 0, "eps": 1e-3}, FALLING),
    ({"patience": 1, "mode": "max"}, RISING),
    ({"patience": 1, "mode": "max", "threshold": 0.15, "threshold_mode": "abs"}, RISING),
    ({"patience": 1, "factor": 0.5}, [float("nan"), 2.0, float("nan"), float("nan"), 1.0]),
]


def main():
    runs = [
        {
            "type": name,
            "kwargs": kwargs,
            "warmup": warmup,
            "total": total,
            "rates": rates(name, kwargs, warmup, total),
        }
        for name, settings in TYPES
        for kwargs in settings
        for warmup, total in RUNS
    ]
    plateaus = [
        {
            "kwargs": kwargs,
            # JSON has no NaN.
            "values": [None if value != value else value for value in values],
            "rates": plateau(kwargs, values),
        }
        for kwargs, values in PLATEAUS
    ]
    lines = lambda rows: "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]"
    print(f'{{"peak": {PEAK}, "runs": {lines(runs)}, "plateaus": {lines(plateaus)}}}')


if __name__ == "__main__":
    main()
