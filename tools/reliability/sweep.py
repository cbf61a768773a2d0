"""Has every system call of one save fail once, and resumes after each.

    python tools/reliability/sweep.py PROGRAM [--every K] [-- FLAGS]

A run with one good checkpoint is resumed under strace, which makes one call of the next save a fault:
a kill (SIGKILL before the call), no space (ENOSPC) or a broken disk (EIO), the errors once for that
call alone and once for it and all that follow. After each fault every checkpoint must be whole by its
manifest or absent, and the next resume must end with the bits of a run without faults.

strace counts calls for each thread and each name. Runs have one worker (RAYON_NUM_THREADS=1) and load
data in the training thread, and which call is which comes from a traced run. A call is shadowed, and left
out, where another thread reaches the same number of the same name earlier; their count is printed.
"""

import argparse
import shutil
from collections import Counter
from pathlib import Path

from calls import NAMES, Call, strace, traced
from program import VARIANTS, Broken, Program, finish, guarded, work_folder
from run_folder import checkpoints, damages, differences, results, scratch, step

SINGLE = ["kill", "ENOSPC", "EIO"]
ONWARDS = ["ENOSPC onwards", "EIO onwards"]
STEPS = 2


def first_of_save(calls: list[Call], step: int) -> int:
    """The first call that names the scratch of a checkpoint."""
    name = f"/.checkpoint-{step}.captioner-"
    for index, call in enumerate(calls):
        if name in call.text:
            return index
    raise Broken(f"no call of the run names .checkpoint-{step}.captioner-…: does it save after step {step}?")


def shadowed(calls: list[Call], index: int) -> bool:
    call = calls[index]
    same = (call.name, call.number)
    return any(other.thread != call.thread and (other.name, other.number) == same for other in calls[:index])


def faults(calls: list[Call], index: int, kind: str) -> list[str]:
    """strace's words for a fault at a call, or from it on."""
    call = calls[index]
    if kind == "kill":
        return [f"{call.name}:signal=SIGKILL:when={call.number}"]
    error, *onwards = kind.split()
    if not onwards:
        return [f"{call.name}:error={error}:when={call.number}"]
    before = Counter(other.name for other in calls[:index] if other.thread == call.thread)
    # A name that never comes would have strace refuse nothing; all are given.
    return [f"?{name}:error={error}:when={before[name] + 1}+" for name in NAMES]


def killed_before_save(program: Program, work: Path, last: int) -> Path:
    """A run of saves each `STEPS` steps that was killed as the save after step `last` began."""
    calls = traced(program, work / "traced", work / "traced.log")
    index = first_of_save(calls, last)
    folder = work / "prepared"
    program.run(folder, strace(work / "prepared.log", faults(calls, index, "kill")))
    left = [step(checkpoint) for checkpoint in checkpoints(folder)]
    if left != list(range(STEPS, last, STEPS)) or damages(folder):
        raise Broken(f"killed before save {last}, the run left the checkpoints {left}: {damages(folder)}")
    for name in scratch(folder):
        shutil.rmtree(folder / name)
    return folder


class Sweep:
    def __init__(self, program: Program, work: Path):
        self.program, self.work = program, work
        self.counts, self.failures = Counter(), []
        program.finish(work / "unbroken")
        self.want = results(work / "unbroken")
        self.prepared = killed_before_save(program, work, 2 * STEPS)
        shutil.copytree(self.prepared, work / "resumed")
        self.calls = traced(program, work / "resumed", work / "resumed.log")
        if different := differences(results(work / "resumed"), self.want):
            raise Broken(f"a resumed run has other bits than the unbroken one: {different}")
        self.first = first_of_save(self.calls, 2 * STEPS)

    def fault(self, index: int, kind: str) -> None:
        call = self.calls[index]
        name = f"{kind} at {call.name} {call.number}"
        folder, log = self.work / f"{name}".replace(" ", "-"), self.work / "fault.log"
        shutil.copytree(self.prepared, folder)
        ended = self.program.run(folder, strace(log, faults(self.calls, index, kind)))
        hit = ended.status == -9 if kind == "kill" else "(INJECTED)" in log.read_text(errors="replace")
        self.counts[kind if hit else "missed"] += 1
        self.counts["went on"] += hit and ended.status == 0
        problems = damages(folder)
        if ended.panicked:
            problems.append(f"it panicked: {ended.said}")
        after = self.program.run(folder)
        if after.status != 0:
            problems.append(f"the resume ended with {after.status}: {after.said}")
        elif different := differences(results(folder), self.want):
            problems.append(f"other bits than the unbroken run: {different}")
        if left := scratch(folder):
            problems.append(f"left behind: {left}")
        self.failures += [f"{name} ({call.name}{call.text}): {problem}" for problem in problems]
        if not problems:
            shutil.rmtree(folder)

    def all(self, kinds: list[str], every: int) -> None:
        resumed = str(self.work / "resumed")
        window = [index for index in range(self.first, len(self.calls)) if resumed in self.calls[index].text]
        hidden = {index for index in window if shadowed(self.calls, index)}
        chosen = [index for place, index in enumerate(window) if place % every == 0 and index not in hidden]
        for kind in kinds:
            for index in chosen:
                self.fault(index, kind)
                if len(self.failures) >= 5:
                    return
        counted = ", ".join(f"{kind} {self.counts[kind]}" for kind in kinds)
        print(
            f"{len(window)} calls in the run's folder from the save's first to the end, {len(hidden)} shadowed; faults: {counted}; "
            f"{self.counts['missed']} missed, after {self.counts['went on']} the run went on to its end"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--every", type=int, default=1, help="only each K-th call, for a short check")
    parser.add_argument("--kind", choices=SINGLE + ONWARDS, action="append", help="only this kind of fault")
    parser.add_argument("--variant", choices=VARIANTS, default="plain")
    parser.add_argument("--work", help="folder for the runs; a temporary one where it isn't given")
    parser.add_argument("flags", nargs="*", help="after --: flags of the program")
    options = parser.parse_args()
    work = work_folder(options.work)
    flags = ["--max-steps", str(2 * STEPS), "--save-steps", str(STEPS), "--dataloader-num-workers", "0"]
    program = Program(
        [options.program], flags + VARIANTS[options.variant] + options.flags, {"RAYON_NUM_THREADS": "1"}
    )
    sweep = Sweep(program, work)
    sweep.all(options.kind or SINGLE + ONWARDS, options.every)
    missed, hit = sweep.counts["missed"], sum(sweep.counts[kind] for kind in SINGLE + ONWARDS)
    if missed > hit // 20:
        sweep.failures.append(f"{missed} faults were missed: calls come in another order each time")
    finish("sweep", work, sweep.failures, options.work is not None)


if __name__ == "__main__":
    guarded(main)
