"""Writes saes.tsv: every SAE that sae_lens names, as saeq's registry reads it.

Usage: pip install sae-lens==6.54.12 && python registry/build.py > registry/saes.tsv

The table is `pretrained_saes.yaml` inside the package. It names releases, ids, repositories, paths, expected L0, normalisation factors and
Neuronpedia ids; hooks and widths are worked out from ids and paths by the rules of the package's loaders (`loading/pretrained_sae_loaders.py`,
functions `get_*_config_from_hf`), and left empty where only the files themselves tell; what transcoders of Gemma Scope 2 read is called
`hook_mlp_in` there, a name that TransformerLens has for another activation, and `mlp.hook_in` here. Models named as TransformerLens does are given their
name on the hub (`loading_from_pretrained.py` MODEL_ALIASES).
"""
import re
import sys
from importlib.metadata import version
from importlib.resources import files

import yaml

HUB_NAMES = {
    "gemma-2-27b": "google/gemma-2-27b", "gemma-2-2b": "google/gemma-2-2b", "gemma-2-9b": "google/gemma-2-9b", "gemma-2-9b-it": "google/gemma-2-9b-it",
    "gemma-2b": "google/gemma-2b", "gemma-2b-it": "google/gemma-2b-it", "gpt2-small": "openai-community/gpt2", "mistral-7b": "mistralai/Mistral-7B-v0.1",
    "pythia-70m-deduped": "EleutherAI/pythia-70m-deduped", "qwen3-0.6b": "Qwen/Qwen3-0.6B", "qwen3-1.7b": "Qwen/Qwen3-1.7B", "qwen3-14b": "Qwen/Qwen3-14B",
    "qwen3-4b": "Qwen/Qwen3-4B", "qwen3-8b": "Qwen/Qwen3-8B",
}
WIDTHS = {"4k": 4096, "16k": 16384, "32k": 32768, "65k": 65536, "128k": 131072, "131k": 131072, "262k": 262144, "524k": 524288, "1m": 1048576}


def number(text: str) -> int:
    return int(re.search(r"(\d+)", text).group(1))


def layer_of(*texts: str) -> int | None:
    for text in texts:
        match = re.search(r"(?:layer_?|blocks\.|^l)(\d+)", text, re.I)
        if match:
            return int(match.group(1))
    return None


def hook(convert: str, release: str, repo: str, sae_id: str, path: str) -> str:
    named = re.search(r"(?:blocks\.\d+\.)(?:hook_\w+?|attn\.hook_z)(?=$|_\d|__|[^\w])", sae_id)
    layer = layer_of(sae_id, path)
    match convert:
        case "gemma_2":
            if "embedding" in path:
                return "hook_embed"
            kind = "hook_resid_post" if "res" in repo else "hook_mlp_out" if "mlp" in repo else "attn.hook_z"
            return f"blocks.{layer}.{kind}"
        case "gemma_3":
            for part, kind in (("resid_post", "hook_resid_post"), ("attn_out", "attn.hook_z"), ("mlp_out", "hook_mlp_out"), ("transcoder", "mlp.hook_in"), ("clt", "mlp.hook_in")):
                if part in path:
                    return f"blocks.{layer}.{kind}"
        case "gemma_2_transcoder":
            return f"blocks.{layer}.ln2.hook_normalized"
        case "llama_scope" | "llama_scope_r1_distill":
            match = re.match(r"l(\d+)([rmat])", sae_id)
            kind = {"r": "hook_resid_post", "m": "hook_mlp_out", "a": "hook_attn_out"}[match.group(2)]
            return f"blocks.{match.group(1)}.{kind}"
        case "mwhanna_transcoder":
            return f"blocks.{layer}.mlp.hook_in"
        case "qwen_scope" | "goodfire":
            return f"blocks.{layer}.hook_resid_post"
        case "connor_rob_hook_z":
            return f"blocks.{layer}.attn.hook_z"
        case "mntss_clt_layer_transcoder":
            return ""
    if named:
        return named.group(0)
    match = re.match(r"(resid_post|mlp_out|attn_out)_layer_(\d+)", sae_id)
    return f"blocks.{match.group(2)}.hook_{match.group(1)}" if match else ""


def width(convert: str, release: str, repo: str, sae_id: str, path: str, neuronpedia: str) -> int | str:
    if convert == "llama_scope":
        return 4096 * number(re.search(r"_(\d+)x$", sae_id).group(1))
    for text in (path, sae_id):
        match = re.search(r"width_(\d+[km])\b", text.replace("_l0", " "))
        if match:
            return WIDTHS[match.group(1)]
    for text in (release, path):
        match = re.search(r"width-2pow(\d+)", text)
        if match:
            return 2 ** int(match.group(1))
    match = re.search(r"hook_resid_pre_(\d+)$", sae_id) if "feature-splitting" in release else re.search(r"hook_\w+?_(\d{4,})", path)
    if match:
        return int(match.group(1))
    match = re.search(r"-w(\d+)k", release) if convert == "qwen_scope" else None
    if match:
        return 1024 * int(match.group(1))
    match = re.search(r"_ds(\d+)_", path)
    if match:
        return int(match.group(1))
    for text in (neuronpedia, release, repo):
        match = re.search(r"[-_](\d+k)(?:$|__|-)", text)
        if match and match.group(1) in WIDTHS:
            return WIDTHS[match.group(1)]
    return ""


def l0_of(sae) -> float | None:
    """Gemma Scope has it in the path where the table has none."""
    match = re.search(r"average_l0_(\d+)", str(sae["path"]))
    return sae.get("l0") if sae.get("l0") is not None else int(match.group(1)) if match else None


def plain(value) -> str:
    text = "" if value is None else repr(float(value)) if isinstance(value, float) and not float(value).is_integer() else str(int(value)) if isinstance(value, (int, float)) else str(value)
    assert text.isascii() and "\t" not in text and "\n" not in text, text
    return text


def main() -> None:
    with files("sae_lens").joinpath("pretrained_saes.yaml").open() as file:
        table = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    out = sys.stdout
    out.write(f"# sae-lens {version('sae-lens')} pretrained_saes.yaml; written by registry/build.py\n")
    out.write("# >\trelease\tmodel\trepository\tconversion\toverrides\n# id\tpath (= the id)\thook\twidth\tl0\texplained variance\tnormalisation factor\tneuronpedia\n")
    for release in sorted(table):
        value = table[release]
        convert = value.get("conversion_func") or "sae_lens"
        overrides = value.get("config_overrides") or {}
        kept = [f"normalize={overrides['normalize_activations']}"] if "normalize_activations" in overrides else []
        kept += ["center"] if (overrides.get("model_from_pretrained_kwargs") or {}).get("center_writing_weights") else []
        out.write("\t".join([">", release, HUB_NAMES.get(value["model"], value["model"]), value["repo_id"], convert, ",".join(kept)]) + "\n")
        for sae in value["saes"]:
            sae_id, path, neuronpedia = str(sae["id"]), str(sae["path"]), sae.get("neuronpedia") or ""
            if convert == "mntss_clt_layer_transcoder":  # The number of a layer, of which the loader makes the name of its file.
                path = f"W_enc_{path}.safetensors"
            fields = [
                sae_id, "=" if path == sae_id else path, hook(convert, release, value["repo_id"], sae_id, path), plain(width(convert, release, value["repo_id"], sae_id, path, neuronpedia)),
                plain(l0_of(sae)), plain(sae.get("variance_explained")), plain(sae.get("norm_scaling_factor")), neuronpedia,
            ]
            out.write("\t".join(fields).rstrip("\t") + "\n")


main()
