"""Python's huggingface_hub and datasets against the local Hub, and against our cache.

    cargo build -p captioner-hub-server --example hub_server
    cargo build -p captioner-hub --features hub --example fetch
    python tools/reference/hub_server.py target/debug/examples/hub_server target/debug/examples/fetch

It shows that the server speaks the Hub's protocol (Python's own client reads from it), that Python
finds what `captioner-hub` fetched, and that `captioner-hub` finds what Python fetched.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

SERVER, FETCH = sys.argv[1:3]
WORK = Path(tempfile.mkdtemp(prefix="hub-server-"))
ROOT = WORK / "repositories"
TOKEN = "hf_write"


def write(path: Path, data: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def make_repositories() -> None:
    random = np.random.default_rng(0)
    model = ROOT / "models/tests/git"
    shards = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    write(model / "config.json", json.dumps({"model_type": "git"}))
    write(model / "vocab.txt", "[PAD]\n[UNK]\n")
    write(model / "model.safetensors.index.json", json.dumps({"weight_map": {"a": shards[0], "b": shards[1]}}))
    for shard in shards:
        write(model / shard, random.bytes(12_000_000))
    write(model / "sub/ä b#1.txt", "odd name")
    import datasets

    pictures = [Image.fromarray(random.integers(0, 255, (8, 8, 3), dtype=np.uint8)) for _ in range(6)]
    rows = {"image": pictures, "text": [f"caption {i}" for i in range(6)]}
    features = datasets.Features({"image": datasets.Image(), "text": datasets.Value("string")})
    whole = datasets.Dataset.from_dict(rows, features=features)
    folder = ROOT / "datasets/tests/set"
    (folder / "data").mkdir(parents=True)
    whole.select(range(4)).to_parquet(folder / "data/train-00000-of-00001.parquet")
    whole.select(range(4, 6)).to_parquet(folder / "data/test-00000-of-00001.parquet")
    write(
        folder / "README.md",
        "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*\n"
        "  - split: test\n    path: data/test-*\n---\n# A set\n",
    )
    write(ROOT / "datasets/tests/lines/captions.jsonl", '{"text": "a"}\n{"text": "b"}\n')
    converted = ROOT / "datasets/tests/lines@refs%2Fconvert%2Fparquet/default/train"
    converted.mkdir(parents=True)
    whole.to_parquet(converted / "0000.parquet")


def fetch(home: Path, *arguments: str, given: str = "", **variables: str) -> str:
    env = {**os.environ, "HF_HOME": str(home), "HF_ENDPOINT": os.environ["HF_ENDPOINT"], **variables}
    for name in ("HF_HUB_CACHE", "HF_TOKEN"):
        env.pop(name, None)
    done = subprocess.run([FETCH, *arguments], env=env, input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def blobs(home: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for path in home.glob("hub/*/blobs/*"):
        stat = path.stat()
        found[str(path)] = (stat.st_mtime_ns, stat.st_size)
    return found


def told(what: str) -> None:
    print(f"ok: {what}", flush=True)


def read_with_python(python_home: Path) -> None:
    import datasets
    from huggingface_hub import HfApi, hf_hub_download, snapshot_download

    api = HfApi(token=TOKEN)
    assert api.whoami()["name"] == "tests"
    info = api.repo_info("tests/git", files_metadata=True)
    assert len(info.siblings) == 6 and info.sha and len(info.sha) == 40
    told(f"whoami, repo_info ({len(info.siblings)} files at {info.sha[:8]})")
    tree = list(api.list_repo_tree("tests/git", recursive=True))
    paths = api.get_paths_info("tests/git", ["config.json", "sub"])
    assert len(tree) == 7 and len(paths) == 2
    refs = api.list_repo_refs("tests/lines", repo_type="dataset")
    assert [ref.ref for ref in refs.converts] == ["refs/convert/parquet"]
    assert len(api.list_repo_commits("tests/git")) == 2
    told("list_repo_tree, get_paths_info, list_repo_refs, list_repo_commits")
    one = hf_hub_download("tests/git", "sub/ä b#1.txt", revision=info.sha)
    assert Path(one).read_text() == "odd name"
    folder = Path(snapshot_download("tests/git"))
    for path in ROOT.glob("models/tests/git/**/*"):
        if path.is_file():
            name = path.relative_to(ROOT / "models/tests/git")
            assert (folder / name).read_bytes() == path.read_bytes(), name
    told("hf_hub_download, snapshot_download: all bytes are the same")
    loaded = datasets.load_dataset("tests/set")
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 4, "test": 2}
    assert loaded["test"][1]["text"] == "caption 5" and loaded["test"][1]["image"].size == (8, 8)
    told("datasets.load_dataset of a parquet repository")
    converted = datasets.load_dataset("tests/lines", revision="refs/convert/parquet")
    assert len(converted["train"]) == 6
    told("datasets.load_dataset of refs/convert/parquet")
    for missing, error in (("tests/missing", "RepositoryNotFoundError"), ("tests/git@v9", "RevisionNotFoundError")):
        name, _, revision = missing.partition("@")
        try:
            api.repo_info(name, revision=revision or None)
        except Exception as found:
            assert type(found).__name__ == error, found
        else:
            raise AssertionError(missing)
    told("missing repositories and revisions have Python's errors")


def python_finds_ours() -> None:
    """In a process of its own: huggingface_hub reads its variables once."""
    from huggingface_hub import get_token, hf_hub_download, snapshot_download

    home = Path(os.environ["HF_HOME"])
    before = blobs(home)
    ours = os.environ["OURS"]
    assert snapshot_download("tests/git", local_files_only=True) == ours
    assert hf_hub_download("tests/git", "config.json", local_files_only=True) == f"{ours}/config.json"
    assert snapshot_download("tests/git") == ours
    assert blobs(home) == before, "Python fetched what was there"
    told("Python finds our snapshot, offline and online, and fetches nothing again")
    assert get_token() == TOKEN, get_token()
    told("Python reads the token that we kept")
    import datasets

    assert len(datasets.load_dataset("tests/set", split="train")) == 4
    told("datasets reads the set that we fetched")


def main() -> None:
    make_repositories()
    server = subprocess.Popen([SERVER, "0", str(ROOT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    os.environ["HF_ENDPOINT"] = server.stdout.readline().strip()
    python_home, our_home = WORK / "python", WORK / "ours"
    try:
        os.environ["HF_HOME"] = str(python_home)
        os.environ.pop("HF_HUB_CACHE", None)
        os.environ["PYTHON_HOME"] = str(python_home)
        me = [sys.executable, __file__, SERVER, FETCH]
        subprocess.run([*me, "read"], check=True)
        for variables in ({"HF_HUB_OFFLINE": "1"}, {}):
            before = blobs(python_home)
            found = fetch(python_home, "snapshot", "model", "tests/git", **variables)
            assert Path(found).parent.parent.name == "models--tests--git"
            fetch(python_home, "model", "tests/git", **variables)
            fetch(python_home, "dataset", "tests/set", **variables)
            assert blobs(python_home) == before, "we fetched what was there"
        told("we find Python's snapshots, offline and online, and fetch nothing again")
        assert fetch(our_home, "login", given=TOKEN) == "tests"
        ours = fetch(our_home, "snapshot", "model", "tests/git")
        data = fetch(our_home, "dataset", "tests/set")
        assert Path(data, "data/train-00000-of-00001.parquet").is_file(), data
        lines = fetch(our_home, "dataset", "tests/lines")
        assert lines.endswith("/default"), lines
        env = {**os.environ, "HF_HOME": str(our_home), "OURS": ours}
        env.pop("HF_TOKEN", None)
        subprocess.run([*me, "ours"], check=True, env=env)
        login = "from huggingface_hub import login; login('hf_read')"
        subprocess.run([sys.executable, "-c", login], check=True, env=env, capture_output=True)
        assert (our_home / "token").read_text() == "hf_read"
        stored = (our_home / "stored_tokens").read_text()
        assert fetch(our_home, "login", given=TOKEN) == "tests"
        assert (our_home / "stored_tokens").read_text().count("hf_token") == stored.count("hf_token")
        told("logging in with Python and with us goes to the same files")
    finally:
        server.stdin.close()
        server.wait(10)


if sys.argv[3:] == ["read"]:
    read_with_python(Path(os.environ["PYTHON_HOME"]))
elif sys.argv[3:] == ["ours"]:
    python_finds_ours()
else:
    main()
