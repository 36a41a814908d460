"""Writes norm_scale/: SAEs that wait for a factor, and what sae_lens 6.54 encodes after `fold_activation_norm_scaling_factor`.

Usage: pip install sae-lens==6.54.12 && python test/registry/make_norm_scale.py
"""
from pathlib import Path

import torch
from safetensors.torch import save_file
from sae_lens import SAE, GatedSAE, GatedSAEConfig, JumpReLUSAE, JumpReLUSAEConfig, StandardSAE, StandardSAEConfig, TopKSAE, TopKSAEConfig
from sae_lens.saes.sae import SAEMetadata

SCALE = 3.7
OUT = Path(__file__).parent / "norm_scale"
KINDS = {
    "standard": (StandardSAE, StandardSAEConfig, {}), "jumprelu": (JumpReLUSAE, JumpReLUSAEConfig, {}), "gated": (GatedSAE, GatedSAEConfig, {}),
    "topk": (TopKSAE, TopKSAEConfig, {"k": 4, "rescale_acts_by_decoder_norm": True}),
}


@torch.no_grad()
def main() -> None:
    torch.manual_seed(7)
    x = torch.randn(24, 8) * 5
    for kind, (cls, config, more) in KINDS.items():
        metadata = SAEMetadata(hook_name="blocks.1.hook_resid_post", model_name="parity", prepend_bos=True)
        sae = cls(config(d_in=8, d_sae=32, apply_b_dec_to_input=True, normalize_activations="expected_average_only_in", metadata=metadata, **more))
        for name, value in sae.named_parameters():
            value.copy_(torch.rand_like(value) * 0.5 + 0.1 if name == "threshold" else torch.randn_like(value) * 0.5)
        folder = OUT / kind
        folder.mkdir(parents=True, exist_ok=True)
        sae.save_model(folder)
        expected = {"x": x}
        for convention in ("saelens", "neuronpedia"):
            loaded = SAE.load_from_disk(folder)
            loaded.fold_activation_norm_scaling_factor(SCALE)
            if convention == "neuronpedia":
                loaded.fold_W_dec_norm()
            expected[f"{convention}.acts"] = loaded.encode(x).float().contiguous()
        save_file(expected, folder / "expected.safetensors")
        print(kind, {name: (value > 0).sum().item() for name, value in expected.items() if name != "x"})


main()
