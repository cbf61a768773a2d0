"""Checks that a save reaches the disk before its folder is put in place.

    python tools/reliability/order.py PROGRAM [-- FLAGS]

Traces a run and follows the files of each checkpoint through its calls. When the folder is moved into
place, each file in it must have been flushed (fsync or fdatasync) after its last write, and each
folder after its last new entry; afterwards the folder above must be flushed. Prints the last save.
"""

import argparse
import re
from pathlib import Path

from calls import Call, traced
from program import Broken, Program, finish, guarded, work_folder

FLUSHES = {"fsync", "fdatasync"}
WRITES = {"write", "writev", "pwrite64", "ftruncate", "copy_file_range"}
ENTRIES = {"mkdir", "mkdirat", "unlink", "unlinkat", "rmdir"}


class Disk:
    """What of the files written so far may not be on the disk yet."""

    def __init__(self):
        self.unflushed: dict[str, str] = {}
        self.known: set[str] = set()

    def follow(self, call: Call) -> None:
        paths = call.paths
        if not call.worked or not paths:  # a pipe or an event has no path
            return
        if call.name in FLUSHES:
            self.unflushed.pop(paths[0], None)
        elif call.name in WRITES:
            self.note(paths[-1] if call.name == "copy_file_range" else paths[0], "written")
        elif call.name == "openat" and "O_CREAT" in call.text:
            self.note(paths[0], "created")
            self.note(parent(paths[0]), "has a new entry")
        elif call.name in ENTRIES:
            self.note(parent(paths[0]), "has another entry")
            if call.name.startswith("mkdir"):
                self.note(paths[0], "created")
            else:
                self.forget(paths[0])
        elif call.name.startswith("link"):
            self.note(paths[1], "") if paths[0] in self.unflushed else self.known.add(paths[1])
            self.note(parent(paths[1]), "has a new entry")
        elif call.name.startswith("rename"):
            self.rename(*paths[:2], exchange="RENAME_EXCHANGE" in call.text)

    def note(self, path: str, what: str) -> None:
        self.known.add(path)
        self.unflushed[path] = what

    def forget(self, path: str) -> None:
        for inside in self.below(path):
            self.known.discard(inside)
            self.unflushed.pop(inside, None)

    def below(self, path: str) -> list[str]:
        return [name for name in self.known if name == path or name.startswith(path + "/")]

    def rename(self, old: str, new: str, exchange: bool) -> None:
        former = self.below(new) if exchange else self.forget(new) or []
        moves = [(name, new + name[len(old) :]) for name in self.below(old)]
        moves += [(name, old + name[len(new) :]) for name in former]
        states = [(target, self.unflushed.pop(name, None)) for name, target in moves]
        self.known -= {name for name, _ in moves}
        for target, state in states:
            self.known.add(target)
            if state is not None:
                self.unflushed[target] = state
        self.note(parent(new), "has another entry")
        self.note(parent(old), "has another entry")


def parent(path: str) -> str:
    return str(Path(path).parent)


def put_in_place(call: Call, output: Path) -> str | None:
    """The checkpoint's name where a call moves one into its place."""
    if not call.name.startswith("rename") or not call.worked:
        return None
    source, target = call.paths[:2]
    name = re.fullmatch(rf"{re.escape(str(output))}/(checkpoint-\d+)", target)
    return name.group(1) if name and ".captioner-" in source else None


def check(calls: list[Call], output: Path) -> tuple[list[str], dict[str, int]]:
    """What is wrong, and the place of each checkpoint's move among the calls."""
    disk, problems, moves = Disk(), [], {}
    for index, call in enumerate(calls):
        if name := put_in_place(call, output):
            source = call.paths[0]
            moves[name] = index
            files = [path for path in disk.below(source) if path != source]
            if not files:
                problems.append(f"{name}: no file was seen to be written below {source}")
            for path in disk.below(source):
                if path in disk.unflushed:
                    problems.append(f"{name}: put in place before {path} was flushed ({disk.unflushed[path]})")
            after = [later for later in calls[index + 1 :] if later.name in FLUSHES and later.paths == [str(output)]]
            if not after:
                problems.append(f"{name}: the folder above was never flushed after it was put in place")
        disk.follow(call)
    return problems, moves


def show(calls: list[Call], output: Path, name: str, move: int) -> None:
    """The calls of one save, repeated writes of a file as one."""
    mark = f"/.{name}.captioner-"
    flushed = [i for i in range(move, len(calls)) if calls[i].name in FLUSHES and calls[i].paths == [str(output)]]
    last = max([move, *flushed[:1]])
    lines = []
    for call in calls[: last + 1]:
        paths = [path.replace(str(output), "").replace(str(output.parent), "") or "/" for path in call.paths]
        if not any(mark in path for path in call.paths) and call is not calls[last]:
            continue
        line = f"{call.name} {' -> '.join(paths)}"
        if not (lines and call.name in WRITES and lines[-1] == line):
            lines.append(line)
    print("\n".join(re.sub(r"\.captioner-[\d-]+", ".captioner-…", line) for line in lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--work", help="folder for the run; a temporary one where it isn't given")
    parser.add_argument("flags", nargs="*", help="after --: flags of the program")
    options = parser.parse_args()
    work = work_folder(options.work)
    output = work / "traced"
    flags = options.flags or ["--max-steps", "4", "--save-steps", "2"]
    calls = traced(Program([options.program], flags), output, work / "traced.log")
    problems, moves = check(calls, output)
    if not moves:
        raise Broken("no checkpoint was put in place by a rename")
    name, move = list(moves.items())[-1]
    show(calls, output, name, move)
    print(f"{len(moves)} checkpoints were put in place: {', '.join(moves)}")
    finish("order", work, problems, options.work is not None)


if __name__ == "__main__":
    guarded(main)
