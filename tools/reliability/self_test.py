"""Checks that the harness finds what it is there to find.

    python tools/reliability/self_test.py

Each script is run on a stand-in for a training program (`fake_run.py`): it must find nothing wrong with
the right one, and fail on each that does one thing wrong.
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
#: Script and flags, what the program does wrong, and what the script then says; None: it finds nothing.
CASES = [
    ("kills.py", ["--kills", "40"], "", None),
    ("kills.py", ["--kills", "40", "--variant", "plain"], "in place", "broken after a kill"),
    ("kills.py", ["--kills", "40", "--variant", "plain"], "lost state", "other bits"),
    ("sweep.py", ["--every", "5"], "", None),
    ("sweep.py", ["--every", "3", "--kind", "EIO"], "lost state", "other bits"),
    ("sweep.py", ["--every", "3", "--kind", "kill"], "unclean", "left behind"),
    ("order.py", [], "", None),
    ("order.py", [], "no flush", "was flushed"),
    ("order.py", [], "in place", "no checkpoint was put in place"),
    ("damage.py", ["--percent", "50"], "", None),
    ("damage.py", ["--percent", "50"], "unchecked", "other bits"),
]


def main() -> None:
    wrong = 0
    for script, flags, bug, told in CASES:
        command = [sys.executable, str(HERE / script), str(HERE / "fake_run.py"), *flags]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "FAKE_BUG": bug})
        said = done.stdout + done.stderr
        right = done.returncode == 0 if told is None else done.returncode == 1 and told in said
        wrong += not right
        print("ok" if right else "WRONG", script, *flags, f"({bug or 'no bug'})", "" if right else said, flush=True)
    sys.exit(wrong)


if __name__ == "__main__":
    main()
