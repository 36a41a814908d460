#!/usr/bin/env bash
# Without this file the measurement on a graphics card would need somebody beside it. Installs what is needed from a folder of wheels
# (or from PyPI), makes the checkpoint, and prints one table.
#   bench/gpu/all.sh [WHEELS]    WHEELS: onnxruntime_gpu-1.30.0, nvidia_cublas, nvidia_cuda_runtime, nvidia_curand, torch, transformers, sae_lens …
#   DRY=1 bench/gpu/all.sh       the same on the processor with small matrices and without any of NVIDIA's, to try the script
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${WORK:-/tmp/saeq-gpu}
dry=${DRY:-}
mkdir -p "$work"
npm ci --no-audit --no-fund
export PATH="$PWD/node_modules/.bin:$PATH"

from=(); [ -n "${1:-}" ] && from=(--no-index --find-links "$1")
if [ -z "${PYTHON:-}" ]; then
  [ -x "$work/venv/bin/python" ] || { python3 -m venv "$work/venv"; "$work/venv/bin/pip" install -q "${from[@]}" -r bench/requirements.txt; }
  PYTHON="$work/venv/bin/python"
fi
export PYTHON

if [ -z "$dry" ]; then
  version=$(node -p 'require("onnxruntime-node/package.json").version')
  "$PYTHON" -m pip download -q --no-deps "${from[@]}" -d "$work" "onnxruntime-gpu==$version"
  "$PYTHON" -m zipfile -e "$work"/onnxruntime_gpu-"$version"-*.whl "$work/onnxruntime_gpu"
  node repl/bin/saeq.js doctor --install cuda --from "$work/onnxruntime_gpu/onnxruntime/capi"
  "$PYTHON" -m pip install -q "${from[@]}" nvidia-cublas nvidia-cuda-runtime nvidia-curand
  # CUDA's own libraries, where its wheels put them.
  libraries=$("$PYTHON" -c 'import pathlib, sysconfig; print(":".join(str(p.parent) for p in {p.parent: p for p in pathlib.Path(sysconfig.get_paths()["purelib"], "nvidia").rglob("*.so*")}.values()))')
  export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi

node repl/bin/saeq.js doctor
small=(); rows=4096; rounds=5
[ -n "$dry" ] && { small=(--shape small); rows=32; rounds=1; }
[ -e "$work/checkpoint/model/config.json" ] || "$PYTHON" bench/llama8b/make_checkpoint.py "$work/checkpoint" --rows "$rows" "${small[@]}"
node --disable-warning=ExperimentalWarning bench/gpu/run.ts "$work/checkpoint" --rounds "$rounds" ${dry:+--dry --batch 8}
