"""Starting the program under test."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

#: Long enough for any run of the harness; one that takes longer hangs.
TIMEOUT = 300
#: Flags by the name of a variant.
VARIANTS = {
    "plain": [],
    "lora": ["--lora-r", "4"],
    "ema": ["--ema-decay", "0.9"],
    "accumulation": ["--gradient-accumulation-steps", "2"],
}


@dataclass
class Ended:
    """How a run ended: its exit status (negative: the signal) and what it said."""

    status: int
    said: str

    @property
    def panicked(self) -> bool:
        # A fault may also hit the words of a program, which is of no file.
        return "panicked at" in self.said and "failed printing to" not in self.said


@dataclass
class Program:
    """A command that trains a small model with our flags."""

    command: list[str]
    flags: list[str]
    environment: dict[str, str] = field(default_factory=dict)

    def arguments(self, folder: Path) -> list[str]:
        return [*self.command, *self.flags, "--output-dir", str(folder), "--resume-from-checkpoint", "auto"]

    def run(self, folder: Path, before: list[str] = ()) -> Ended:
        """Runs to the end, below another command (strace) where one is given."""
        done = subprocess.run(
            [*before, *self.arguments(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT,
            env={**os.environ, **self.environment},
        )
        return Ended(done.returncode, done.stdout.decode(errors="replace"))

    def start(self, folder: Path, said) -> subprocess.Popen:
        """Starts a run whose words go to the file `said`."""
        return subprocess.Popen(
            self.arguments(folder),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, **self.environment},
        )

    def finish(self, folder: Path) -> Ended:
        """Runs to the end, which it must reach."""
        ended = self.run(folder)
        if ended.status != 0:
            raise Broken(f"{' '.join(self.arguments(folder))} ended with {ended.status}:\n{ended.said}")
        return ended


class Broken(Exception):
    """The program did what it must never do."""


def work_folder(keep_at: str | None) -> Path:
    """A folder for the runs: a given one, or a fresh one."""
    if keep_at is None:
        return Path(tempfile.mkdtemp(prefix="reliability-")).resolve()
    folder = Path(keep_at).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def finish(name: str, folder: Path, failures: list[str], given: bool) -> None:
    """Says how a check went, and ends the script: with 1 where something failed, the runs kept."""
    for failure in failures:
        print(f"FAILED {failure}")
    if failures:
        print(f"{name}: {len(failures)} failures; the runs are in {folder}")
        sys.exit(1)
    if not given:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{name}: nothing failed")


def guarded(main) -> None:
    """Runs a script; what the program must never do ends it with 1."""
    try:
        main()
    except Broken as broken:
        sys.exit(f"FAILED {broken}")
