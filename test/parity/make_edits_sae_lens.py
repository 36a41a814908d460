"""Without this file ablation would be what we think `run_with_saes` with its error term does.

Loads models and SAEs of make_edits.py into sae_lens' HookedSAETransformer, sets the features of each edit in `hook_sae_acts_post` while the error term is kept, and
asserts that its residuals are those of edits/*/expected.safetensors; of special tokens the activations are left as they are where the case says so.
Re-runnable:  python test/parity/make_edits_sae_lens.py
Needs torch, transformers, transformer-lens, sae-lens (6.54 was used), safetensors.
"""

import json
import sys
from functools import partial
from pathlib import Path

import torch
import transformer_lens

# Versions that sae_lens asks for keep it elsewhere than make_transformer_lens.py expects it.
sys.modules.setdefault("transformer_lens.config.hooked_transformer_config", transformer_lens)
from make_transformer_lens import config_of
from sae_lens import SAE, HookedSAETransformer
from safetensors.torch import load_file
from transformer_lens import loading_from_pretrained as loading
from transformers import AutoModelForCausalLM

HERE = Path(__file__).parent
# Cases with edits of one SAE at one place, of hooks that TransformerLens has, with values set: what sae_lens has a hook for.
CASES = ("llama_relu_post", "llama_jump_mlp", "llama_topk_pre", "llama_layer_norm", "llama_rescaled", "neox_relu_attn", "gemma2_jump_mlp", "gemma2_relu_mid", "gpt2_topk_by_norm", "gpt2_gated_z")


def held(acts: torch.Tensor, hook, features: list[int], value: float, counts: torch.Tensor) -> torch.Tensor:
    changed = acts.clone()
    changed[..., features] = value
    return torch.where(counts, changed, acts)


def check(case: str) -> None:
    folder = HERE / "edits" / case
    expected = json.loads((folder / "expected.json").read_text())
    theirs = AutoModelForCausalLM.from_pretrained(HERE / "architectures" / expected["model"], dtype=torch.float32, attn_implementation="eager").eval()
    config = config_of(HERE / "architectures" / expected["model"], theirs.config)
    # Ids are fed as they are.
    config.tokenizer_name = None
    model = HookedSAETransformer(config, move_to_device=False)
    weights = loading.get_pretrained_state_dict(str(HERE / "architectures" / expected["model"]), config, theirs, dtype=torch.float32)
    model.load_and_process_state_dict(weights, fold_ln=False, center_writing_weights=False, center_unembed=False, fold_value_biases=False)
    (edit,) = expected["edits"]
    sae = SAE.load_from_disk(folder / "sae0", device="cpu")
    sae.use_error_term = True
    if edit["hook"] == "z":
        sae.turn_on_forward_pass_hook_z_reshaping()
    found = load_file(folder / "expected.safetensors")
    worst = 0.0
    for number, ids in enumerate(expected["documents"]):
        counts = torch.tensor([[edit["special"] or id not in expected["special"]] for id in ids])
        hook = f"{sae.cfg.metadata.hook_name}.hook_sae_acts_post"
        # An SAE takes the place of the hook that it reads.
        layers = [layer for layer in range(config.n_layers) if f"blocks.{layer}.hook_resid_post" != sae.cfg.metadata.hook_name]
        names = [f"blocks.{layer}.hook_resid_post" for layer in layers]
        caught = {}
        with torch.no_grad(), model.saes(saes=[sae]):
            model.run_with_hooks(torch.tensor([ids]), fwd_hooks=[(hook, partial(held, features=edit["features"], value=edit["value"], counts=counts)), *((name, lambda value, hook: caught.update({hook.name: value[0].clone()})) for name in names)])
        for layer, name in zip(layers, names):
            ours = found[f"{number}.{layer}.resid_post"]
            worst = max(worst, ((caught[name] - ours).norm(dim=-1) / ours.norm(dim=-1)).max().item())
    print(case, f"{worst:.1e}")
    assert worst < 1e-4, case


if __name__ == "__main__":
    for each in CASES:
        check(each)
