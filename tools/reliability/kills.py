"""Kills a training program again and again, resumes it, and compares with a run that nobody killed.

    python tools/reliability/kills.py PROGRAM --kills 1000 [--variant all] [--seed 1] [-- FLAGS]

Each run is killed (SIGKILL) 5 to 20 times and then let finish. A kill comes at a random moment of the
whole run, in its start, or within a save. Whatever the moment: no checkpoint in place may be broken,
and in the end the last checkpoint's files, the model's and all that was logged must have the bits of
the unbroken run. Durations are left out.
"""

import argparse
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

from program import TIMEOUT, VARIANTS, Broken, Program, finish, guarded, work_folder
from run_folder import checkpoints, damages, differences, results, scratch, step

#: How often the folder is looked at while waiting for a save, in seconds.
LOOK = 0.0003


class Unbroken:
    """The reference: what a run gives, and how long its parts take."""

    def __init__(self, program: Program, folder: Path):
        begin = time.monotonic()
        with open(folder.with_suffix(".txt"), "w") as said:
            process = program.start(folder, said)
            self.start, saves = None, []
            while process.poll() is None:
                saving = bool(scratch(folder))
                now = time.monotonic()
                if self.start is None and folder.is_dir():
                    self.start = now - begin
                if saving and (not saves or saves[-1][1] is not None):
                    saves.append((now, None))
                elif not saving and saves and saves[-1][1] is None:
                    saves[-1] = (saves[-1][0], now)
                time.sleep(LOOK)
        self.seconds = time.monotonic() - begin
        if process.returncode != 0:
            raise Broken(f"the unbroken run ended with {process.returncode}: {folder.with_suffix('.txt')}")
        ended = [end - start for start, end in saves if end is not None]
        self.save = sum(ended) / len(ended) if ended else 0.01
        self.start = self.start or self.seconds / 4
        if broken := damages(folder):
            raise Broken(f"the unbroken run left {broken}")
        self.results = results(folder)
        self.steps = step(checkpoints(folder)[-1]) if checkpoints(folder) else 0
        if self.steps == 0:
            raise Broken("the unbroken run left no checkpoint: give it --save-steps")


class Killer:
    """Kills runs of one variant, and counts."""

    def __init__(self, program: Program, unbroken: Unbroken, chance: random.Random):
        self.program, self.unbroken, self.chance = program, unbroken, chance
        self.phases, self.counts, self.failures = Counter(), Counter(), []

    def moment(self, folder: Path):
        """Waits for the moment of the kill; returns early where the run ends before."""
        done = max(map(step, checkpoints(folder)), default=0)
        rest = self.unbroken.seconds - self.unbroken.start
        rest = self.unbroken.start + rest * (1 - done / self.unbroken.steps)
        kind = self.chance.random()
        if kind < 0.45:
            return self.in_save
        longest = self.unbroken.start if kind < 0.55 else rest
        delay = self.chance.uniform(0, longest)
        return lambda process, folder: self.after(process, delay)

    @staticmethod
    def after(process: subprocess.Popen, delay: float) -> None:
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            pass

    def in_save(self, process: subprocess.Popen, folder: Path) -> None:
        """Within one of the next saves; what an earlier kill left is not taken for it."""
        old = set(scratch(folder))
        skipped, seen = self.chance.choice([0, 0, 0, 1, 1, 2]), set()
        while process.poll() is None:
            seen |= set(scratch(folder)) - old
            if len(seen) > skipped:
                return self.after(process, self.chance.uniform(0, self.unbroken.save))
            time.sleep(LOOK)

    def kill_once(self, folder: Path, said: Path) -> bool:
        """Starts a run and kills it; False where it ended before."""
        present, old = checkpoints(folder), set(scratch(folder))
        self.counts["starts"] += 1
        with open(said, "a") as words:
            wait = self.moment(folder)
            begin = time.monotonic()
            process = self.program.start(folder, words)
            wait(process, folder)
            process.send_signal(signal.SIGKILL)
            status = process.wait(TIMEOUT)
        self.counts["resumes"] += bool(present)
        if status == -signal.SIGKILL:
            self.counts["kills"] += 1
            within = set(scratch(folder)) - old
            early = time.monotonic() - begin < self.unbroken.start
            self.phases["save" if within else "start" if early else "step or evaluation"] += 1
        elif status != 0:
            self.failures.append(f"{folder}: a resumed run ended with {status}: {said}")
        for broken in damages(folder):
            self.counts["broken checkpoints"] += 1
            self.failures.append(f"{folder}: broken after a kill: {broken}")
        return status == -signal.SIGKILL

    def run(self, folder: Path) -> None:
        """A run that is killed 5 to 20 times, and then compared."""
        said = folder.with_suffix(".txt")
        for _ in range(self.chance.randint(5, 20)):
            if not self.kill_once(folder, said):
                break
        present = checkpoints(folder)
        ended = self.program.run(folder)
        self.counts["resumes"] += bool(present)
        self.counts["runs"] += 1
        failed = len(self.failures)
        if ended.status != 0:
            self.failures.append(f"{folder}: the last run ended with {ended.status}: {ended.said}")
        if different := differences(results(folder), self.unbroken.results):
            self.counts["mismatches"] += 1
            self.failures.append(f"{folder}: other bits than the unbroken run: {different}")
        if left := scratch(folder):
            self.failures.append(f"{folder}: left behind: {left}")
        if len(self.failures) == failed:
            shutil.rmtree(folder, ignore_errors=True)
            said.unlink(missing_ok=True)


def check(variant: str, kills: int, options: argparse.Namespace, work: Path) -> list[str]:
    program = Program([options.program], options.flags + VARIANTS[variant])
    unbroken = Unbroken(program, work / f"{variant}-unbroken")
    again = Unbroken(program, work / f"{variant}-again")
    if different := differences(again.results, unbroken.results):
        return [f"{variant}: two unbroken runs differ: {different}"]
    killer = Killer(program, unbroken, random.Random(f"{options.seed} {variant}"))
    while killer.counts["kills"] < kills and len(killer.failures) < 5:
        killer.run(work / f"{variant}-{killer.counts['runs']}")
    counts = killer.counts
    phases = ", ".join(f"{phase} {count}" for phase, count in sorted(killer.phases.items()))
    print(
        f"{variant}: {counts['kills']} kills ({phases}) in {counts['runs']} runs, {counts['resumes']} resumes, "
        f"{counts['mismatches']} mismatches, {counts['broken checkpoints']} broken checkpoints; "
        f"a run takes {unbroken.seconds:.2f} s, a save {1000 * unbroken.save:.1f} ms",
        flush=True,
    )
    return [f"{variant}: {failure}" for failure in killer.failures]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=1000, help="in all variants together")
    parser.add_argument("--variant", choices=[*VARIANTS, "all"], default="all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", help="folder for the runs; a temporary one where it isn't given")
    parser.add_argument("flags", nargs="*", help="after --: flags of the program")
    options = parser.parse_args()
    work = work_folder(options.work)
    variants = list(VARIANTS) if options.variant == "all" else [options.variant]
    failures = []
    for variant in variants:
        failures += check(variant, -(-options.kills // len(variants)), options, work)
    finish("kills", work, failures, options.work is not None)


if __name__ == "__main__":
    guarded(main)
