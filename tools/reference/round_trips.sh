#!/usr/bin/env bash
# Has transformers and PEFT read what is saved here, and compares what both compute.
#
#     cargo build --release --examples
#     CAPTIONER_PYTHON=python tools/reference/round_trips.sh target/release/examples [RUN]
#
# RUN is the output folder of a run of the default example; a short one is made without it.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${CAPTIONER_PYTHON:?names a Python with transformers 5.23.0 and PEFT 0.21.2}
examples=${1:?names the folder of the built examples}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
train=("$examples/finetune_pokemon" --disable-tqdm true)

run=${2:-$scratch/run}
if [ ! -d "$run" ]; then
    "${train[@]}" --max-steps 5 --output-dir "$run" > /dev/null
fi
model=$run/model
pictures=("$run/samples.png" "$run/captions.png")
caption=("$examples/caption" "${pictures[@]}" --model "$model" --max-length 40)

echo "-- a checkpoint"
"${caption[@]}" --dump "$scratch/model.safetensors" > /dev/null
"$python" tools/reference/check_round_trip.py "$model" "$scratch/model.safetensors" "${pictures[@]}"

echo "-- an adapter"
"${train[@]}" --checkpoint "$model" --lora-r 4 --lora-alpha 6 --learning-rate 0.01 --max-steps 5 \
    --output-dir "$scratch/lora" > /dev/null
adapter=$scratch/lora/adapter
"${caption[@]}" --adapter "$adapter" --dump "$scratch/adapter.safetensors" > /dev/null
"$python" tools/reference/check_adapter.py "$model" "$adapter" "$scratch/adapter.safetensors"

echo "-- picture settings"
"$python" tools/reference/check_saved.py
