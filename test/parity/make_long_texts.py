"""Without this script nothing would show that positions past the tables of short texts are right.

Writes fixtures/long_texts.json: residuals of a few late positions of one long text, by transformers, for models of architectures/ whose context
is taken to be longer than their configs say. Needs torch, transformers. Run: python test/parity/make_long_texts.py
"""

import json
from pathlib import Path

import torch
from make_architectures import blocks_of
from transformers import AutoConfig, AutoModelForCausalLM

HERE = Path(__file__).resolve().parent
LENGTH, CONTEXT, LAYER = 9001, 16384, 1
POSITIONS = [0, 8191, 8192, 9000]
NAMES = ["llama_plain", "llama_yarn", "gemma3_local", "neox_small", "falcon_alibi", "llama4_dense"]


def main() -> None:
    ids = torch.tensor([[3 + (i * 7919) % 50 for i in range(LENGTH)]])
    found = {}
    for name in NAMES:
        folder = HERE / "architectures" / name
        config = AutoConfig.from_pretrained(folder)
        config.max_position_embeddings = CONTEXT
        model = AutoModelForCausalLM.from_pretrained(folder, config=config, dtype=torch.float32, attn_implementation="sdpa").eval()
        kept = {}
        blocks_of(model)[LAYER].register_forward_hook(lambda _module, _args, out: kept.update(residual=out[0] if isinstance(out, tuple) else out))
        with torch.no_grad():
            model.base_model(ids)
        found[name] = [kept["residual"].reshape(LENGTH, -1)[at].tolist() for at in POSITIONS]
    (HERE / "fixtures" / "long_texts.json").write_text(json.dumps({"length": LENGTH, "context": CONTEXT, "layer": LAYER, "positions": POSITIONS, "residuals": found}) + "\n")


if __name__ == "__main__":
    main()
