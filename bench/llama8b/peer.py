"""Without this file saeq's memory and speed would stand beside nothing: the same rows through transformers or TransformerLens, and sae_lens."""

import argparse
import csv
import json
import time
from collections.abc import Callable
from pathlib import Path

process_began = time.time()

import torch
from safetensors.torch import load_file
from transformers import AutoConfig, AutoTokenizer, LlamaModel

try:
    from sae_lens import SAE
except ImportError:
    SAE = None

from residual import residual_after

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", choices=["transformers", "transformer_lens"])
    parser.add_argument("dtype", choices=list(DTYPES))
    parser.add_argument("folder", type=Path, help="what make_checkpoint.py wrote")
    parser.add_argument("active", type=Path, help="where to write which features fired")
    parser.add_argument("--layer", type=int, default=7)
    parser.add_argument("--last", type=int, default=50)
    parser.add_argument("--top", type=int, default=10)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--batch", type=int, default=5, help="rows at a time")
    arguments = parser.parse_args()
    model_folder = arguments.folder / "model"
    dtype = DTYPES[arguments.dtype]
    torch.set_grad_enabled(False)
    # float32 is float32, as saeq's is.
    torch.backends.cuda.matmul.allow_tf32 = False
    if arguments.library == "transformer_lens":
        from transformer_lens.model_bridge import TransformerBridge
    imported = time.time()

    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    if arguments.library == "transformers":
        config = AutoConfig.from_pretrained(model_folder, num_hidden_layers=arguments.layer + 1)
        model = LlamaModel.from_pretrained(model_folder, config=config, dtype=dtype).eval().to(arguments.device)

        def residual(ids: torch.Tensor) -> torch.Tensor:
            return residual_after(model, arguments.layer, ids)
    else:
        bridge = TransformerBridge.boot_transformers(str(model_folder), device=arguments.device, dtype=dtype)
        hook = f"blocks.{arguments.layer}.hook_resid_post"

        def residual(ids: torch.Tensor) -> torch.Tensor:
            return bridge.run_with_cache(ids, names_filter=hook, stop_at_layer=arguments.layer + 1)[1][hook]

    # Features are compared with a threshold: in float32, whatever the model runs in.
    encode, width = encoder(arguments.folder / "sae", arguments.device)
    loaded = time.time()

    with (arguments.folder / "texts.csv").open(newline="", encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    counts = torch.zeros(width, dtype=torch.long, device=arguments.device)
    fired: list[list[int]] = []
    for first in range(0, len(texts), arguments.batch):
        ids = tokenizer(texts[first : first + arguments.batch], return_tensors="pt").input_ids.to(arguments.device)
        active = encode(residual(ids)[:, -arguments.last :].flatten(0, 1).float()) > 0
        counts += active.sum(0)
        fired += [row.nonzero().flatten().tolist() for row in active]
    top = sorted(range(len(counts)), key=lambda feature: (-counts[feature].item(), feature))[: arguments.top]
    ended = time.time()
    print(json.dumps({"began": process_began, "imported": imported, "loaded": loaded, "ended": ended, "rows": len(texts), "top": top}), flush=True)
    arguments.active.write_text(json.dumps(fired))


def encoder(folder: Path, device: str) -> tuple[Callable[[torch.Tensor], torch.Tensor], int]:
    """The encoder of a JumpReLU SAE in float32, by sae_lens; where that is not installed, as its JumpReLUSAE.encode computes it."""
    if SAE is None:
        weights = {name: tensor.to(device).float() for name, tensor in load_file(folder / "sae_weights.safetensors").items()}
        settings = json.loads((folder / "cfg.json").read_text())
        if settings["architecture"] != "jumprelu" or settings.get("normalize_activations", "none") != "none":
            raise SystemExit("without sae_lens only a plain JumpReLU SAE can be encoded")
        shift = weights["b_dec"] if settings.get("apply_b_dec_to_input", False) else 0

        def encode(x: torch.Tensor) -> torch.Tensor:
            pre = (x - shift) @ weights["W_enc"] + weights["b_enc"]
            return pre.relu() * (pre > weights["threshold"])

        return encode, weights["W_enc"].shape[1]
    sae = SAE.load_from_disk(folder, device=device, dtype="float32")
    return sae.encode, sae.cfg.d_sae


main()
