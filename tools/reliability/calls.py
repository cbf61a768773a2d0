"""The system calls by which a program changes files, as strace sees them."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from program import Broken, Program

#: Calls that change what is on the disk, or open what will be. A `?` has strace pass over those that
#: this machine does not have.
NAMES = (
    "openat write writev pwrite64 copy_file_range ftruncate fsync fdatasync rename renameat renameat2 link "
    "linkat unlink unlinkat rmdir mkdir mkdirat chmod fchmod fchmodat"
).split()
SET = ",".join(f"?{name}" for name in NAMES)

LINE = re.compile(r"(?P<thread>\d+) +(?:<\.\.\. )?(?P<name>\w+)(?P<again> resumed>)?(?P<rest>.*)")
#: A descriptor with its path, as `-y` shows it, or a path in quotes.
PATHS = re.compile(r'(?:(?:AT_FDCWD|\d+)<(?P<opened>[^>]*)>)|"(?P<given>(?:[^"\\]|\\.)*)"(?!\.\.\.)')
RENAMES = {"rename", "renameat", "renameat2", "link", "linkat"}


@dataclass
class Call:
    """One call: its thread, its name, and the how-manieth of that name it is in that thread."""

    thread: str
    name: str
    number: int
    text: str

    @property
    def worked(self) -> bool:
        return " = -1 " not in self.text

    @property
    def paths(self) -> list[str]:
        """The paths it is about, in their order; for a new descriptor only the name it was opened by."""
        paths, folder = [], ""
        for match in PATHS.finditer(self.text.rsplit(" = ", 1)[0]):
            opened, given = match.group("opened"), match.group("given")
            if given is not None:
                paths.append(str(Path(folder) / given))
                folder = ""
            elif opened.startswith("/"):
                folder = opened
                if self.name not in RENAMES | {"openat", "unlinkat", "mkdirat", "fchmodat"}:
                    paths.append(opened)
        return paths


def traced(program: Program, folder: Path, log: Path) -> list[Call]:
    """Runs the program to its end; its calls in the order in which they began."""
    ended = program.run(folder, strace(log))
    if ended.status != 0:
        raise Broken(f"traced, the program ended with {ended.status}:\n{ended.said}")
    return read(log)


def strace(log: Path, inject: list[str] = ()) -> list[str]:
    """The command that traces another, and makes calls of it fail."""
    before = ["strace", "-f", "-qq", "-y", "-s", "0", "-o", str(log), "-e", f"trace={SET}"]
    for fault in inject:
        before += ["-e", f"inject={fault}"]
    return before


def read(log: Path) -> list[Call]:
    calls, counts, open_calls = [], Counter(), {}
    for line in log.read_text(errors="replace").splitlines():
        match = LINE.match(line)
        if match is None or match.group("name") not in NAMES:
            continue
        thread, name, rest = match.group("thread"), match.group("name"), match.group("rest")
        if match.group("again"):
            if call := open_calls.pop((thread, name), None):
                call.text += rest
            continue
        counts[thread, name] += 1
        call = Call(thread, name, counts[thread, name], rest.replace(" <unfinished ...>", ""))
        if rest.endswith("<unfinished ...>"):
            open_calls[thread, name] = call
        calls.append(call)
    return calls
