"""Writes what transformers and sae_lens compute on your own machine, so that saeq can be compared with them, number by number.

    pip install torch transformers sae-lens safetensors
    python make_dump.py --model meta-llama/Llama-3.1-8B --release llama_scope_lxr_8x --sae-id l7r_8x --texts texts.txt --out dump.safetensors
    python make_dump.py --model path/to/model --sae path/to/sae --layer 7 --texts texts.txt --out dump.npz
    saeq parity --against dump.safetensors --model path/to/model --sae path/to/sae

Texts: one a line. A dump holds token ids, the activations that the SAE read, and its features as compressed rows:
ids i32 [tokens], lengths i32 [texts], residual f32 [tokens, d], indptr i64 [tokens + 1], indices i32 [nnz], values f32 [nnz], and `meta`,
JSON as bytes: hook, dtypes, device, TF32, BOS, normalisation, versions.
"""
import argparse
import json
import platform
import re
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from sae_lens import SAE
from transformers import AutoModelForCausalLM, AutoTokenizer

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--model", required=True, help="folder or name on the hub")
    parser.add_argument("--sae", help="folder in sae_lens' layout")
    parser.add_argument("--release", help="release of sae_lens, with --sae-id")
    parser.add_argument("--sae-id")
    parser.add_argument("--texts", required=True, help="file with one text a line")
    parser.add_argument("--layer", type=int, help="block whose output is read; from the SAE's hook where not given")
    parser.add_argument("--dtype", choices=DTYPES, default="float32", help="of the model; the SAE runs in float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--max-tokens", type=int, default=512, help="of one text")
    parser.add_argument("--out", required=True, help=".safetensors or .npz")
    return parser.parse_args()


def block_of(hook_name: str, layer: int | None) -> int:
    match = re.fullmatch(r"blocks\.(\d+)\.hook_resid_(pre|post)", hook_name)
    if match is None:
        raise SystemExit(f"this script reads residual streams; the SAE reads {hook_name}")
    block = int(match.group(1)) - (match.group(2) == "pre")
    if block < 0:
        raise SystemExit(f"this script reads the output of a block; the SAE reads {hook_name}")
    if layer is not None and layer != block:
        raise SystemExit(f"--layer {layer}, but {hook_name} is the output of block {block}")
    return block


@torch.no_grad()
def main() -> None:
    args = arguments()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    if args.sae:
        sae = SAE.load_from_disk(args.sae, device=args.device, dtype="float32")
    else:
        sae = SAE.from_pretrained(args.release, args.sae_id, device=args.device, dtype="float32")
        sae = sae[0] if isinstance(sae, tuple) else sae
    block = block_of(sae.cfg.metadata.hook_name, args.layer)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    model = AutoModelForCausalLM.from_pretrained(args.model, dtype=DTYPES[args.dtype]).to(args.device).eval()
    texts = [line for line in Path(args.texts).read_text(encoding="utf8").splitlines() if line.strip()]

    kept: dict[str, torch.Tensor] = {}
    inside = getattr(model, "model", None)
    layers = model.get_submodule(("transformer.blocks" if hasattr(model.transformer, "blocks") else "transformer.h") if hasattr(model, "transformer") else "biogpt.layers" if hasattr(model, "biogpt") else "gpt_neox.layers" if hasattr(model, "gpt_neox") else "gpt_neox_japanese.layers" if hasattr(model, "gpt_neox_japanese") else "model.decoder.layers" if hasattr(inside, "decoder") else "model.layers")
    layers[block].register_forward_hook(lambda _module, _inputs, output: kept.update(x=output[0] if isinstance(output, (tuple, list)) else output))
    ids, lengths, residuals, counts, indices, values = [], [], [], [], [], []
    for text in texts:
        tokens = tokenizer(text, return_tensors="pt", truncation=True, max_length=args.max_tokens).input_ids
        model(tokens.to(args.device))
        x = kept["x"][0].float()
        features = sae.encode(x).float().cpu()
        ids += tokens[0].tolist()
        lengths.append(tokens.shape[1])
        residuals.append(x.cpu().numpy())
        for row in features:
            active = torch.nonzero(row, as_tuple=True)[0]
            counts.append(len(active))
            indices.append(active.numpy())
            values.append(row[active].numpy())
    meta = {
        "dump": 1, "hook_name": f"blocks.{block}.hook_resid_post", "d_sae": sae.cfg.d_sae, "convention": "saelens", "model_dtype": args.dtype, "sae_dtype": "float32", "device": args.device,
        "tf32": False, "bos": bool(ids and ids[0] == tokenizer.bos_token_id), "normalize_activations": str(sae.cfg.normalize_activations),
        "versions": {name: version(name) for name in ("torch", "transformers", "sae-lens")} | {"python": platform.python_version()},
    }
    arrays = {
        "ids": np.array(ids, dtype=np.int32), "lengths": np.array(lengths, dtype=np.int32), "residual": np.concatenate(residuals).astype(np.float32),
        "indptr": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), "indices": np.concatenate(indices).astype(np.int32), "values": np.concatenate(values).astype(np.float32),
        "meta": np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8),
    }
    if args.out.endswith(".npz"):
        np.savez(args.out, **arrays)
    else:
        from safetensors.numpy import save_file

        save_file(arrays, args.out)
    print(f"{len(lengths)} texts, {len(ids)} tokens, L0 {len(arrays['indices']) / max(1, len(ids)):.2f} -> {args.out}")


main()
