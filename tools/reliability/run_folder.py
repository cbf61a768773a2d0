"""What a run leaves in its folder: which checkpoints are whole, and what two runs must have alike."""

import hashlib
import json
import re
import zlib
from pathlib import Path

CHECKPOINT = re.compile(r"checkpoint-(\d+)")
#: What a killed process leaves while it writes NAME: `.NAME.captioner-PROCESS-TIME-CALL`.
SCRATCH = re.compile(r"\..+\.captioner-\d+-\d+-\d+")
#: Settings that name a place, and so differ between two folders.
PLACES = {"output_dir", "logging_dir", "resume_from_checkpoint", "overwrite_output_dir"}
#: Written with times in them, or listing files that are compared themselves.
NOT_COMPARED = {"manifest.json"}


def checkpoints(folder: Path) -> list[Path]:
    """The folders `checkpoint-N`, the newest last."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if CHECKPOINT.fullmatch(path.name) and path.is_dir()]
    return sorted(found, key=step)


def step(checkpoint: Path) -> int:
    return int(CHECKPOINT.fullmatch(checkpoint.name).group(1))


def scratch(folder: Path) -> list[str]:
    """Names of what is being written, or was when its process was killed."""
    try:
        return sorted(path.name for path in folder.iterdir() if SCRATCH.fullmatch(path.name))
    except FileNotFoundError:
        return []


def damage(checkpoint: Path) -> str | None:
    """What keeps a checkpoint from being whole by its manifest; None where nothing does."""
    try:
        files = json.loads((checkpoint / "manifest.json").read_text())["files"]
        for name, entry in files.items():
            contents = (checkpoint / name).read_bytes()
            if len(contents) != entry["bytes"]:
                return f"{checkpoint.name}/{name}: {len(contents)} bytes, listed are {entry['bytes']}"
            if f"{zlib.crc32(contents):08x}" != entry["crc32"]:
                return f"{checkpoint.name}/{name}: another checksum than listed"
    except (OSError, ValueError, KeyError) as error:
        return f"{checkpoint.name}: {error}"
    present = {str(path.relative_to(checkpoint)) for path in checkpoint.rglob("*") if path.is_file()}
    for name in present - set(files) - {"manifest.json"}:
        return f"{checkpoint.name}/{name}: not listed"
    return None


def damages(folder: Path) -> list[str]:
    """Checkpoints that are in place and not whole. There must never be one."""
    return [problem for problem in map(damage, checkpoints(folder)) if problem]


def results(folder: Path) -> dict[str, str]:
    """All that two runs with the same settings must have alike: by name, a hash of each file of the
    last checkpoint, of the files of the model at the end, and of what was logged."""
    last = checkpoints(folder)[-1:]
    if not last:
        return {"checkpoint": "there is none"}
    found = {"steps": " ".join(str(step(checkpoint)) for checkpoint in checkpoints(folder))}
    for path in sorted(last[0].rglob("*")):
        if path.is_file() and path.name not in NOT_COMPARED:
            found[str(path.relative_to(folder))] = digest(path)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        inside = CHECKPOINT.fullmatch(name.parts[0]) or SCRATCH.fullmatch(name.parts[0])
        if path.is_file() and not inside and (path.suffix == ".safetensors" or path.name == "trainer_state.json"):
            found[str(name)] = digest(path)
    return found


def digest(path: Path) -> str:
    contents = path.read_bytes()
    if path.name == "trainer_state.json":
        contents = text(without_times(json.loads(contents)))
    elif path.name == "training_args.json":
        settings = json.loads(contents)
        contents = text({key: value for key, value in settings.items() if key not in PLACES})
    elif path.name == "adapter_config.json":
        config = json.loads(contents)
        contents = text({**config, "base_model_name_or_path": Path(config["base_model_name_or_path"]).name})
    return hashlib.sha256(contents).hexdigest()


def text(value) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def without_times(state: dict) -> dict:
    """A state whose log entries have no durations, and whose best checkpoint has no folder."""
    best = state.get("best_model_checkpoint")
    history = [
        {key: value for key, value in entry.items() if not key.endswith(("_runtime", "_per_second"))}
        for entry in state.get("log_history", [])
    ]
    return {**state, "log_history": history, "best_model_checkpoint": best and Path(best).name}


def differences(got: dict[str, str], want: dict[str, str]) -> list[str]:
    """Names whose contents differ, or that only one run has."""
    return [name for name in sorted(got.keys() | want.keys()) if got.get(name) != want.get(name)]
