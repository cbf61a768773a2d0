"""Python's huggingface_hub pushes to the local Hub of the tests (crates/captioner-hub-server).

    cargo build -p captioner-hub-server --example hub_server
    python tools/reference/hub_upload.py target/debug/examples/hub_server

What the server does with pushes is believed because this client works against it: repositories
made, private ones, folders pushed by one commit, large files whole and in parts, unchanged files
left out, `.gitignore`, a stale `parent_commit`, pull requests, tokens that may not write.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["HF_HUB_DISABLE_XET"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi  # noqa: E402
from huggingface_hub.errors import HfHubHTTPError  # noqa: E402


def refused(status, act):
    try:
        act()
    except HfHubHTTPError as error:
        assert error.response.status_code == status, error
        return error
    raise AssertionError(f"no refusal with {status}")


def check(endpoint, cache):
    api = HfApi(endpoint=endpoint, token="hf_write")
    repo = "tests/pushed"
    url = api.create_repo(repo, private=True)
    assert url.repo_id == repo, url
    refused(409, lambda: api.create_repo(repo))
    assert api.create_repo(repo, exist_ok=True).repo_id == repo
    assert api.repo_info(repo).private
    refused(401, lambda: HfApi(endpoint=endpoint, token=False).repo_info(repo))
    refused(404, lambda: HfApi(endpoint=endpoint, token="hf_read").repo_info(repo))

    folder = pathlib.Path(cache) / "folder"
    (folder / "logs").mkdir(parents=True)
    weights = bytes(range(256)) * 1000
    (folder / "README.md").write_text("---\nlibrary_name: x\n---\n# pushed\n")
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "logs" / "empty.bin").write_bytes(b"")
    (folder / ".gitignore").write_text("*.tmp\n")
    (folder / "x.tmp").write_text("left out")
    first = api.upload_folder(folder_path=folder, repo_id=repo, commit_message="Add the folder")
    files = set(api.list_repo_files(repo))
    expected = {"README.md", "config.json", "model.safetensors", "logs/empty.bin", ".gitignore"}
    assert expected <= files and "x.tmp" not in files, files
    path = api.hf_hub_download(repo, "model.safetensors", cache_dir=cache)
    assert pathlib.Path(path).read_bytes() == weights
    info = api.get_paths_info(repo, ["model.safetensors", "config.json"])
    assert {entry.path: entry.lfs is not None for entry in info} == {
        "model.safetensors": True,
        "config.json": False,
    }

    # A file that is left out counts as a change there.
    (folder / "x.tmp").unlink()
    again = api.upload_folder(folder_path=folder, repo_id=repo, commit_message="Again")
    assert again.oid == first.oid, "unchanged files made a commit"
    second = api.create_commit(
        repo,
        [CommitOperationAdd("a.txt", b"a"), CommitOperationDelete("logs/", is_folder=True)],
        commit_message="Add one, remove a folder",
        parent_commit=first.oid,
    )
    assert "logs/empty.bin" not in api.list_repo_files(repo)
    stale = [CommitOperationAdd("b.txt", b"b")]
    refused(412, lambda: api.create_commit(repo, stale, commit_message="x", parent_commit=first.oid))
    titles = [commit.title for commit in api.list_repo_commits(repo)]
    assert titles == ["Add one, remove a folder", "Add the folder", "initial commit"], titles
    pull = [CommitOperationAdd("c.txt", b"c")]
    pull = api.create_commit(repo, pull, commit_message="A wish", create_pr=True)
    assert pull.pr_revision == "refs/pr/1", pull
    assert api.repo_info(repo).sha == second.oid
    assert "c.txt" in api.list_repo_files(repo, revision=pull.pr_revision)
    missing = [CommitOperationDelete("nothing.txt")]
    refused(404, lambda: api.create_commit(repo, missing, commit_message="x"))

    reader = HfApi(endpoint=endpoint, token="hf_read")
    assert reader.whoami()["auth"]["accessToken"]["role"] == "read"
    refused(403, lambda: reader.create_repo("reader/x"))
    refused(403, lambda: api.create_repo("somebody/x"))
    refused(401, lambda: HfApi(endpoint=endpoint, token="hf_wrong").create_repo("tests/y"))

    data = api.create_repo("tests/set", repo_type="dataset")
    assert data.repo_type == "dataset"
    api.upload_file(
        path_or_fileobj=weights,
        path_in_repo="data/train.parquet",
        repo_id="tests/set",
        repo_type="dataset",
    )
    assert "data/train.parquet" in api.list_repo_files("tests/set", repo_type="dataset")


def main():
    binary = sys.argv[1]
    for parts in [[], ["100000"]]:
        with tempfile.TemporaryDirectory() as cache:
            command = [binary, "0", cache, *parts]
            server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            try:
                check(server.stdout.readline().strip(), cache)
            finally:
                server.stdin.close()
                server.wait()
        print("pushes in parts:" if parts else "pushes by one PUT:", "as huggingface_hub expects")


if __name__ == "__main__":
    main()
