"""Without this file saeq's hooks would have TransformerLens' names and nobody's proof that they have its meaning.

Loads checkpoints of make_architectures.py into TransformerLens' HookedTransformer (3.9 was used, for OLMo 2 3.2.1) and writes beside each what its hooks give
for one document, unprocessed (`plain`) and with the default processing of `from_pretrained` (`processed`: fold_ln,
center_writing_weights, fold_value_biases; center_unembed, which changes no hook and is off for soft caps, is left out).  Re-runnable:  python test/parity/make_transformer_lens.py
Needs torch, transformers, transformer-lens, safetensors.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformer_lens import HookedTransformer
from transformer_lens import loading_from_pretrained as loading
from transformer_lens.config.hooked_transformer_config import HookedTransformerConfig
from transformers import AutoModelForCausalLM

OUT = Path(__file__).parent / "architectures"
DOCUMENT = 1
HOOKS = {
    "resid_pre": "hook_resid_pre",
    "ln1_normalized": "ln1.hook_normalized",
    "z": "attn.hook_z",
    "attn_out": "hook_attn_out",
    "resid_mid": "hook_resid_mid",
    "ln2_normalized": "ln2.hook_normalized",
    "mlp_out": "hook_mlp_out",
    "resid_post": "hook_resid_post",
}
# TransformerLens reads most configs from the folder; it knows Llama and Gemma by name only, so their configs are cut down to size here. What it says of OLMo 2
# (`convert_hf_model_config`) is what it says of Llama, but for the architecture.
KNOWN = {"llama": "meta-llama/Llama-2-7b-hf", "gemma2": "google/gemma-2-2b", "olmo2": "meta-llama/Llama-2-7b-hf"}
# Norms behind attention and MLP fold into nothing, and TransformerLens refuses to; that it calls them ln1 and ln2 makes them no norms of what these read.
POST_NORMED = ("olmo2",)
NAMES = ("gpt2_tied", "gpt2_scaled", "gpt2_half", "neox_small", "neox_narrow", "neox_sequential", "qwen2_bias", "qwen3_norms", "llama_plain", "gemma2_capped", "olmo2_plain")


def config_of(folder: Path, theirs) -> HookedTransformerConfig:
    known = KNOWN.get(theirs.model_type)
    if known is None:
        config = loading.get_pretrained_model_config(str(folder), device="cpu", dtype=torch.float32)
        # It takes every GPT-2 to have an MLP four times as wide as the stream.
        config.d_mlp = getattr(theirs, "n_inner", None) or config.d_mlp
        return config
    base = loading.get_pretrained_model_config(known, device="cpu", dtype=torch.float32).to_dict()
    head_dim = getattr(theirs, "head_dim", theirs.hidden_size // theirs.num_attention_heads)
    own = {
        "d_model": theirs.hidden_size, "d_head": head_dim, "n_layers": theirs.num_hidden_layers, "n_heads": theirs.num_attention_heads,
        "n_key_value_heads": theirs.num_key_value_heads, "d_mlp": theirs.intermediate_size, "d_vocab": theirs.vocab_size, "d_vocab_out": theirs.vocab_size,
        "n_ctx": theirs.max_position_embeddings, "rotary_dim": head_dim, "eps": theirs.rms_norm_eps, "attn_scale": head_dim**0.5, "n_params": None, "tokenizer_name": None,
    }
    if theirs.model_type == "olmo2":
        own |= {"original_architecture": "Olmo2ForCausalLM", "rotary_base": 10000.0, "n_key_value_heads": None}
    if theirs.model_type == "gemma2":
        kinds = {"sliding_attention": "local", "full_attention": "global"}
        own |= {"window_size": theirs.sliding_window, "attn_types": [kinds[kind] for kind in theirs.layer_types], "attn_scores_soft_cap": theirs.attn_logit_softcapping,
                "output_logits_soft_cap": theirs.final_logit_softcapping, "attn_scale": theirs.query_pre_attn_scalar**0.5}
    return HookedTransformerConfig.from_dict({**base, **own})


def make(name: str) -> None:
    folder = OUT / name
    theirs = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    ids = torch.tensor([json.loads((folder / "expected.json").read_text())["documents"][DOCUMENT]])
    tensors = {}
    post_normed = theirs.config.model_type in POST_NORMED
    for kind, on, values in (("plain", False, False), *(() if post_normed else (("processed", True, True), ("folded", False, True)))):
        config = config_of(folder, theirs.config)
        weights = loading.get_pretrained_state_dict(str(folder), config, theirs, dtype=torch.float32)
        model = HookedTransformer(config, move_to_device=False)
        model.load_and_process_state_dict(weights, fold_ln=on, center_writing_weights=on, center_unembed=False, fold_value_biases=values)
        with torch.no_grad():
            logits, cache = model.run_with_cache(ids)
            expected = theirs(ids).logits
        worst = (logits - expected).abs().max().item()
        assert worst < 1e-3, f"{name}, {kind}: TransformerLens and transformers differ by {worst}"
        for layer in range(config.n_layers):
            for hook, below in HOOKS.items():
                if post_normed and hook.endswith("normalized"):
                    continue
                key = f"blocks.{layer}.{below}"
                if key in cache and (kind != "folded" or hook == "z"):
                    tensors[f"{kind}.{layer}.{hook}"] = cache[key].reshape(ids.shape[1], -1).clone().contiguous()
    save_file(tensors, folder / "transformer_lens.safetensors")
    print(name, len(tensors))


if __name__ == "__main__":
    for each in NAMES:
        make(each)
