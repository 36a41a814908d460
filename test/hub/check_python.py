"""Shows that the cache saeq writes and the cache huggingface_hub writes are one cache.

Usage: pip install huggingface_hub==2.4.0 && python test/hub/check_python.py

1. huggingface_hub downloads from the test server, which proves that the server speaks the hub's API.
2. saeq downloads the same files; both caches must hold the same paths, links and bytes, except for locks.
3. huggingface_hub, offline, finds what saeq downloaded; saeq, offline, finds what huggingface_hub downloaded.

Prints what was compared, and the layout as JSON on the last line: test/hub/python_layout.json is made from it.
"""
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
FILES = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]


def layout(cache: Path) -> dict[str, str]:
    found = {}
    for path in sorted(cache.rglob("*")):
        name = path.relative_to(cache).as_posix()
        if ".locks" in name or path.is_dir():
            continue
        found[name] = f"-> {os.readlink(path)}" if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def node(env: dict[str, str], *words: str) -> str:
    done = subprocess.run([HERE.parent.parent / "node_modules/.bin/node", HERE / "download_once.ts", *words], env={**os.environ, **env}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"saeq failed: {done.stdout}{done.stderr}")
    return done.stdout


PYTHON = """
import sys
from huggingface_hub import hf_hub_download
for file in sys.argv[2:]:
    print(hf_hub_download("saeq/whole", file, revision=sys.argv[1]))
"""


def python(env: dict[str, str], revision: str) -> str:
    done = subprocess.run([sys.executable, "-c", PYTHON, revision, *FILES], env={**os.environ, **env}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"huggingface_hub failed: {done.stderr}")
    return done.stdout


def main() -> None:
    server = subprocess.Popen([HERE.parent.parent / "node_modules/.bin/node", HERE / "serve.ts"], stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().strip()
        with tempfile.TemporaryDirectory() as folder:
            env = {"HOME": folder, "HF_ENDPOINT": url, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
            theirs, ours = Path(folder) / "theirs", Path(folder) / "ours"
            for revision in ("main", "refs/pr/3"):
                python({**env, "HF_HUB_CACHE": str(theirs)}, revision)
                node({**env, "HF_HUB_CACHE": str(ours)}, f"hf:saeq/whole@{revision}")
            a, b = layout(theirs), layout(ours)
            for name in sorted(set(a) | set(b)):
                if a.get(name) != b.get(name):
                    sys.exit(f"{name}: huggingface_hub {a.get(name)}, saeq {b.get(name)}")
            print(f"the same {len(a)} entries in both caches")
            offline = {**env, "HF_HUB_OFFLINE": "1"}
            paths = python({**offline, "HF_HUB_CACHE": str(ours)}, "main").split()
            print(f"huggingface_hub, offline, finds {len(paths)} files in saeq's cache")
            node({**offline, "HF_HUB_CACHE": str(theirs), "XDG_CACHE_HOME": str(Path(folder) / "fresh")}, "hf:saeq/whole@main")
            print("saeq, offline, finds the model in huggingface_hub's cache")
            print(json.dumps(a))
    finally:
        server.terminate()


main()
