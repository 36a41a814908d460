"""Without this file what saeq says of decoder directions would be compared with itself.

Writes small SAEs of sae_lens for models of make_architectures.py, and beside each the products of its decoder with the unembedding that TransformerLens'
HookedTransformer (3.9 was used) makes of the model: with `fold_ln` alone (`folded`), as `from_pretrained_no_processing` leaves it (`raw`), and with `fold_ln` and
`center_unembed` (`centred`), as `from_pretrained` does by itself and with it sae_dashboard 0.8.0 (`neuronpedia_runner.py`; `data_parsing_fns.py`, `feature_resid_dir @ W_U`).
Cosines are torch's own,
also those of SAEs of make_sae_fixtures.py.  Re-runnable:  python test/parity/make_directions.py
Needs torch, transformers, transformer-lens, sae-lens 6.54.12, safetensors.
"""

import shutil
from pathlib import Path

import torch
from make_transformer_lens import OUT as MODELS
from make_transformer_lens import config_of
from safetensors.torch import load_file, save_file
from sae_lens import SAE, StandardSAE, StandardSAEConfig
from sae_lens.saes.sae import SAEMetadata
from transformer_lens import HookedTransformer
from transformer_lens import loading_from_pretrained as loading
from transformers import AutoModelForCausalLM

HERE = Path(__file__).parent
OUT = HERE / "directions"
FEATURES = 12
NAMES = ("gpt2_tied", "neox_small", "llama_plain", "gemma2_capped", "qwen3_norms")
# File and tensor of a decoder, and whether it is [d, features].
FORMATS = {
    "lens_float64": ("sae_weights.safetensors", "W_dec", False),
    "scope_transcoder": ("final.safetensors", "decoder.weight", True),
    "sparsify_topk": ("sae.safetensors", "W_dec", False),
}


def unembedding(name: str, *, fold: bool, center: bool) -> torch.Tensor:
    folder = MODELS / name
    theirs = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    config = config_of(folder, theirs.config)
    config.tokenizer_name = None
    model = HookedTransformer(config, move_to_device=False)
    weights = loading.get_pretrained_state_dict(str(folder), config, theirs, dtype=torch.float32)
    model.load_and_process_state_dict(weights, fold_ln=fold, center_writing_weights=False, center_unembed=center, fold_value_biases=False)
    return model.W_U.detach()


def cosines(decoder: torch.Tensor) -> torch.Tensor:
    rows = decoder.double()
    return torch.nn.functional.cosine_similarity(rows[:, None], rows[None], dim=-1).float().contiguous()


def make(name: str) -> None:
    torch.manual_seed(sum(map(ord, name)))
    folder = OUT / name
    folder.mkdir(parents=True)
    variants = {"folded": unembedding(name, fold=True, center=False), "raw": unembedding(name, fold=False, center=False), "centred": unembedding(name, fold=True, center=True)}
    width = variants["raw"].shape[0]
    metadata = SAEMetadata(model_name="parity", hook_name="blocks.1.hook_resid_post", prepend_bos=True)
    sae = StandardSAE(StandardSAEConfig(d_in=width, d_sae=FEATURES, metadata=metadata))
    with torch.no_grad():
        for parameter in sae.parameters():
            parameter.copy_(torch.randn(*parameter.shape))
        # Norms that are not 1, and a mean over d that a LayerNorm takes off.
        sae.W_dec.mul_(0.5 + torch.rand(FEATURES, 1)).add_(0.3)
    sae.save_model(folder)
    tensors = {}
    for convention, fold in (("saelens", False), ("neuronpedia", True)):
        decoder = SAE.load_from_disk(folder, dtype="float32", fold_W_dec_norm=fold).W_dec.detach()
        for kind, W_U in variants.items():
            tensors[f"{convention}.{kind}"] = (decoder @ W_U).contiguous()
        tensors[f"{convention}.cosine"] = cosines(decoder)
    save_file(tensors, folder / "expected.safetensors")
    print(name, list(variants["raw"].shape))


def make_cosines() -> None:
    tensors = {}
    for name, (file, key, transposed) in FORMATS.items():
        decoder = load_file(next((HERE / "sae_formats" / name).rglob(file)))[key]
        tensors[name] = cosines(decoder.T if transposed else decoder)
    save_file(tensors, OUT / "cosines.safetensors")


if __name__ == "__main__":
    if OUT.exists():
        shutil.rmtree(OUT)
    for each in NAMES:
        make(each)
    make_cosines()
