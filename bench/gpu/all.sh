#!/usr/bin/env bash
# Without this file the measurement on a graphics card would need somebody beside it. Installs what is missing from a folder of wheels
# (or from PyPI), makes the checkpoint, and prints one table. On a machine without a network all of it has to be there: node_modules with
# the program `node` in it, a Python with torch and transformers, and the wheel onnxruntime-gpu of any Python.
#   bench/gpu/all.sh [WHEELS]    WHEELS: onnxruntime_gpu-1.30.0, and what the Python here lacks of bench/requirements.txt and NVIDIA's libraries
#   ROWS=512 ROUNDS=2 ONLY=bf16 bench/gpu/all.sh    fewer texts and rounds, and of the subjects those whose names match
#   DRY=1 bench/gpu/all.sh       all of it on the processor with small matrices and without any of NVIDIA's, to try the script
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${WORK:-/tmp/saeq-gpu}
dry=${DRY:-}
wheels=${1:-}
mkdir -p "$work"
[ -x node_modules/.bin/node ] || npm ci --no-audit --no-fund
export PATH="$PWD/node_modules/.bin:$PATH"

from=(); [ -n "$wheels" ] && from=(--no-index --find-links "$wheels")
has() { "$1" -c "import $2" 2>/dev/null; }
if [ -z "${PYTHON:-}" ]; then
  PYTHON=python3
  if ! has "$PYTHON" "torch, transformers, safetensors, tokenizers"; then
    [ -x "$work/venv/bin/python" ] || { python3 -m venv "$work/venv"; "$work/venv/bin/pip" install -q "${from[@]}" -r bench/requirements.txt; }
    PYTHON="$work/venv/bin/python"
  fi
fi
export PYTHON

if [ -z "$dry" ]; then
  version=$(node -p 'require("onnxruntime-node/package.json").version')
  # The libraries in it are the same for every Python.
  wheel=$(ls "${wheels:-$work}"/onnxruntime_gpu-"$version"-*.whl 2>/dev/null | head -n 1 || true)
  if [ -z "$wheel" ]; then
    "$PYTHON" -m pip download -q --no-deps "${from[@]}" -d "$work" "onnxruntime-gpu==$version"
    wheel=$(ls "$work"/onnxruntime_gpu-"$version"-*.whl | head -n 1)
  fi
  "$PYTHON" -m zipfile -e "$wheel" "$work/onnxruntime_gpu"
  node repl/bin/saeq.js doctor --install cuda --from "$work/onnxruntime_gpu/onnxruntime/capi"
  # CUDA's own libraries, where its wheels or the system have put them.
  nvidia() { "$PYTHON" -c 'import pathlib, site, sysconfig; roots = {sysconfig.get_paths()["purelib"], *site.getsitepackages()}; print(":".join(sorted({str(p.parent) for r in roots for p in pathlib.Path(r, "nvidia").rglob("*.so*")})))'; }
  # A Python may have those of another CUDA than the provider was built for.
  lacking() { LD_LIBRARY_PATH="$(nvidia)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" ldd "$work/onnxruntime_gpu/onnxruntime/capi/libonnxruntime_providers_cuda.so" | grep 'not found' | grep -v 'libcuda\.so'; }
  ! lacking || "$PYTHON" -m pip install -q "${from[@]}" "nvidia-cublas==13.*" "nvidia-cuda-runtime==13.*" nvidia-curand
  export LD_LIBRARY_PATH="$(nvidia)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi

node repl/bin/saeq.js doctor
if [ -z "$dry" ]; then node repl/bin/saeq.js doctor --format json | node -e 'const { providers } = JSON.parse(require("fs").readFileSync(0, "utf8")); process.exit(providers.some(({ provider, state }) => provider === "cuda" && state === "works") ? 0 : 1)' || { echo "CUDA does not work here: see above" >&2; exit 1; }; fi
small=(); rows=${ROWS:-4096}; rounds=${ROUNDS:-5}
[ -n "$dry" ] && { small=(--shape small); rows=32; rounds=1; }
# Its last file: what was stopped half-way is made anew.
[ -e "$work/checkpoint/sae/cfg.json" ] || { rm -rf "$work/checkpoint"; "$PYTHON" bench/llama8b/make_checkpoint.py "$work/checkpoint" --rows "$rows" "${small[@]}"; }
node --disable-warning=ExperimentalWarning bench/gpu/run.ts "$work/checkpoint" --rounds "$rounds" ${ONLY:+--only "$ONLY"} ${dry:+--dry --batch 8}
