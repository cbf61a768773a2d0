"""Damages the files of the newest checkpoint, and resumes.

    python tools/reliability/damage.py PROGRAM [--percent 1] [-- FLAGS]

Each file is cut, and has one bit flipped, at every so many percent of it, and is removed once. Where an
older checkpoint is there, the resume must name the broken one, go on from the one before, and end with
the bits of a run without damage. Where there is no other, it must end with an error that names the file.
Never may a run end well with other bits.
"""

import argparse
import random
import shutil
from collections import Counter
from pathlib import Path

from program import VARIANTS, Broken, Program, finish, guarded, work_folder
from run_folder import checkpoints, damage, damages, differences, results
from sweep import STEPS, killed_before_save


def harm(path: Path, kind: str, percent: int, chance: random.Random) -> str:
    """Damages a file; returns what was done."""
    contents = bytearray(path.read_bytes())
    if kind == "removed":
        path.unlink()
        return "removed"
    place = len(contents) * percent // 100
    if kind == "cut":
        path.write_bytes(contents[:place])
        return f"cut to {place} of {len(contents)} bytes"
    bit = chance.randrange(8)
    contents[place] ^= 1 << bit
    path.write_bytes(contents)
    return f"bit {bit} of byte {place} flipped"


class Damages:
    def __init__(self, program: Program, work: Path, seed: int):
        self.program, self.work, self.chance = program, work, random.Random(seed)
        self.counts, self.failures = Counter(), []
        program.finish(work / "unbroken")
        self.want = results(work / "unbroken")
        self.prepared = killed_before_save(program, work, 3 * STEPS)
        whole = work / "whole"
        shutil.copytree(self.prepared, whole)
        self.usual = set(program.finish(whole).said.replace(str(whole), "FOLDER").splitlines())
        if different := differences(results(whole), self.want):
            raise Broken(f"a resumed run has other bits than the unbroken one: {different}")
        self.newest = checkpoints(self.prepared)[-1].name

    def one(self, file: str, kind: str, percent: int, alone: bool) -> None:
        folder = self.work / "damaged"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.prepared, folder)
        if alone:
            for checkpoint in checkpoints(folder)[:-1]:
                shutil.rmtree(checkpoint)
        done = harm(folder / self.newest / file, kind, percent, self.chance)
        # A bit of a manifest may mean nothing, such as one of white space.
        harmless = damage(folder / self.newest) is None
        ended = self.program.run(folder)
        new = [line for line in ended.said.replace(str(folder), "FOLDER").splitlines() if line not in self.usual]
        problems = ["it panicked"] if ended.panicked else []
        problems += self.alone(ended, new, file, harmless) if alone else self.older(ended, new, folder, harmless)
        self.counts["alone" if alone else "with an older one"] += 1
        self.counts["harmless"] += harmless
        told = f"{self.newest}/{file} {done}{', alone' if alone else ''}"
        for problem in problems:
            kept = self.work / f"failed-{len(self.failures)}"
            shutil.copytree(folder, kept, dirs_exist_ok=True)
            self.failures.append(f"{told} ({kept}): {problem}; it ended with {ended.status} and said {new}")

    def older(self, ended, new: list[str], folder: Path, harmless: bool) -> list[str]:
        if ended.status != 0:
            return ["the resume did not go on from the checkpoint before"]
        problems = []
        if not harmless and not any(self.newest in line for line in new):
            problems.append("the broken checkpoint is not named")
        if different := differences(results(folder), self.want):
            problems.append(f"other bits than the unbroken run: {different}")
        return problems + [f"broken afterwards: {broken}" for broken in damages(folder)]

    def alone(self, ended, new: list[str], file: str, harmless: bool) -> list[str]:
        if ended.status == 0:
            return [] if harmless else ["the run ended well"]
        # A changed checksum in the manifest looks like another file's damage.
        name = self.newest if file == "manifest.json" else Path(file).name
        return [] if any(name in line for line in new) else ["the error does not name the file"]

    def all(self, percent: int) -> None:
        folder = self.prepared / self.newest
        files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        for file in files:
            cases = [("removed", 0)]
            if (folder / file).stat().st_size:
                cases += [(kind, at) for kind in ["cut", "flip"] for at in range(0, 100, percent)]
            for kind, at in cases:
                for alone in [False, True]:
                    self.one(file, kind, at, alone)
                    if len(self.failures) >= 5:
                        return
        counted = ", ".join(f"{count} {name}" for name, count in sorted(self.counts.items()))
        print(f"{len(files)} files damaged: {counted}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--percent", type=int, default=1, help="from one damage of a file to the next")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variant", choices=VARIANTS, default="plain")
    parser.add_argument("--work", help="folder for the runs; a temporary one where it isn't given")
    parser.add_argument("flags", nargs="*", help="after --: flags of the program")
    options = parser.parse_args()
    work = work_folder(options.work)
    flags = ["--max-steps", str(3 * STEPS), "--save-steps", str(STEPS), "--dataloader-num-workers", "0"]
    program = Program(
        [options.program], flags + VARIANTS[options.variant] + options.flags, {"RAYON_NUM_THREADS": "1"}
    )
    damaged = Damages(program, work, options.seed)
    damaged.all(options.percent)
    finish("damage", work, damaged.failures, options.work is not None)


if __name__ == "__main__":
    guarded(main)
