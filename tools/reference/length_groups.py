"""Writes what transformers 5.23.0 makes of rows' lengths, for crates/captioner-train/src/sampler/grouped.rs.

    python tools/reference/length_groups.py
"""

import json
from pathlib import Path

import torch
from transformers.trainer_pt_utils import get_length_grouped_indices

FIXTURE = Path(__file__).parents[2] / "crates/captioner-train/tests/fixtures/length_groups.json"


def case(rows, batch_size, seed):
    """Lengths from 3 to 20, so that many are equal; the permutation is that of the same generator."""
    lengths = torch.randint(3, 21, (rows,), generator=torch.Generator().manual_seed(seed)).tolist()
    order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed)).tolist()
    grouped = get_length_grouped_indices(
        lengths, batch_size, generator=torch.Generator().manual_seed(seed)
    )
    return {"batch_size": batch_size, "lengths": lengths, "shuffled": order, "grouped": grouped}


def main():
    # One batch, fewer than four, several groups, and groups of the full 50 batches.
    cases = [case(1, 8, 0), case(5, 8, 1), case(13, 4, 2), case(130, 4, 3), case(450, 2, 4)]
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases)
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text(f"[\n{lines}\n]\n")


main()
