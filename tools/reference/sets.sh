#!/usr/bin/env bash
# Compares what is read of data sets, written to cards, fetched and pushed with what Python's
# `datasets` and `huggingface_hub` do.
#
#     CAPTIONER_PYTHON=python tools/reference/sets.sh target/debug/examples SCRATCH
#
# The programs are those of `cargo test` and `cargo test -p captioner-hub --features hub`.
set -euo pipefail
cd "$(dirname "$0")/../.."
examples=$1 scratch=$2
python=${CAPTIONER_PYTHON:-python3}
reference=tools/reference

mkdir "$scratch/folders"
"$python" $reference/datasets_folders.py make "$scratch/folders"
"$python" $reference/datasets_folders.py compare "$scratch/folders" "$examples/dump_rows"

"$python" $reference/datasets_parquet.py write "$scratch/columnar" --rows 500
CAPTIONER_COLUMNAR="$scratch/columnar" cargo test --workspace --test parquet --test arrow -- --ignored written_sets

"$examples/write_cards" "$scratch/cards"
"$python" $reference/check_card.py "$scratch/cards"
"$python" $reference/check_card.py "$scratch/dry"

"$python" $reference/hub_server.py "$examples/hub_server" "$examples/fetch"
"$python" $reference/hub_upload.py "$examples/hub_server"
