"""Without this file the parity tests would compare saeq with itself.

Writes small checkpoints and what transformers 4.57 and sae_lens 6.54 compute from them, into fixtures/ beside this file.
Seeded and re-runnable:  python test/parity/make_fixtures.py
Needs torch, transformers, sae-lens, safetensors. The expectations of the openmoss convention come from a float64 reference
written here from the published description, because the package that defined it can no longer be installed.
"""

import hashlib
import json
import shutil
from pathlib import Path
from unittest import mock

import torch
from safetensors.torch import load_file, save_file

HERE = Path(__file__).parent
OUT = HERE / "fixtures"
KJV = HERE.parent.parent / "examples" / "kjv" / "model"

EPS = torch.finfo(torch.float32).eps


# ---------------------------------------------------------------- models


LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}

MODELS = {
    "gqa": {"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2, "tie_word_embeddings": True},
    "untied_bias": {"hidden_size": 48, "num_attention_heads": 3, "num_key_value_heads": 3, "attention_bias": True, "mlp_bias": True, "save": "bfloat16"},
    "llama3_rope": {"hidden_size": 64, "num_attention_heads": 2, "num_key_value_heads": 1, "rope_scaling": LLAMA3, "rope_theta": 500000.0, "tie_word_embeddings": True},
    "head_20": {"hidden_size": 60, "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 20, "intermediate_size": 100, "tie_word_embeddings": True},
    "sharded": {"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 1, "shard": "60KB"},
    "half_24": {"hidden_size": 36, "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 24, "rope_scaling": {"rope_type": "linear", "factor": 4.0}, "save": "float16"},
    "mistral": {"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "sliding_window": 200, "kind": "mistral"},
}


def make_model(name: str, seed: int) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

    options = dict(MODELS[name])
    save, shard, kind = options.pop("save", "float32"), options.pop("shard", None), options.pop("kind", "llama")
    config_class, model_class = (LlamaConfig, LlamaForCausalLM) if kind == "llama" else (MistralConfig, MistralForCausalLM)
    common = {"vocab_size": 96, "num_hidden_layers": 3, "intermediate_size": 112, "max_position_embeddings": 512, "initializer_range": 0.15, "tie_word_embeddings": False}
    torch.manual_seed(seed)
    model = model_class(config_class(**{**common, **options}))
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            # Fresh norms are all ones and fresh biases all zeros: they would hide a forgotten factor.
            if "norm" in key or key.endswith("bias"):
                parameter.add_(0.2 * torch.randn_like(parameter))
    folder = OUT / "models" / name
    model.to(getattr(torch, save)).save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))

    model = model_class.from_pretrained(folder, dtype=torch.float32).eval()
    residuals: list[torch.Tensor] = []
    for layer in model.model.layers:
        # output_hidden_states[-1] is the state after the final norm; a hook on the layer is not.
        layer.register_forward_hook(lambda _m, _i, out: residuals.append(out[0] if isinstance(out, tuple) else out))
    tensors, documents = {}, []
    for number, length in enumerate([1, 7, 65, 130]):
        ids = torch.randint(0, 96, (1, length))
        residuals.clear()
        with torch.no_grad():
            model(ids)
        documents.append(ids[0].tolist())
        for layer, value in enumerate(residuals):
            # A document of one token gives [1, 1, d], some versions drop the batch axis.
            tensors[f"doc{number}.layer{layer}"] = value.reshape(length, -1).contiguous()
    save_file(tensors, folder / "expected.safetensors")
    (folder / "expected.json").write_text(json.dumps({"documents": documents}) + "\n")


# ---------------------------------------------------------------- SAEs

D, M, ROWS = 48, 160, 40


def sae_of(kind: str, **config):
    from sae_lens.saes.sae import SAEMetadata

    from sae_lens import GatedSAE, GatedSAEConfig, JumpReLUSAE, JumpReLUSAEConfig, StandardSAE, StandardSAEConfig, TopKSAE, TopKSAEConfig

    classes = {"standard": (StandardSAE, StandardSAEConfig), "jumprelu": (JumpReLUSAE, JumpReLUSAEConfig), "topk": (TopKSAE, TopKSAEConfig), "gated": (GatedSAE, GatedSAEConfig)}
    sae_class, config_class = classes[kind]
    metadata = SAEMetadata(model_name="parity", hook_name="blocks.1.hook_resid_post", prepend_bos=True)
    sae = sae_class(config_class(d_in=D, d_sae=M, metadata=metadata, **config))
    with torch.no_grad():
        for key, parameter in sae.named_parameters():
            parameter.copy_(0.3 * torch.randn_like(parameter))
        sae.W_dec.mul_(0.5 + torch.rand(M, 1))
        if kind == "jumprelu":
            sae.threshold.copy_(torch.rand(M))
    return sae


SAES = {
    "standard": ("standard", {}),
    "standard_layer_norm": ("standard", {"normalize_activations": "layer_norm", "apply_b_dec_to_input": False}),
    "jumprelu": ("jumprelu", {"apply_b_dec_to_input": False}),
    "jumprelu_rescaled": ("jumprelu", {"normalize_activations": "constant_norm_rescale"}),
    "topk": ("topk", {"k": 12}),
    "topk_by_norm": ("topk", {"k": 12, "rescale_acts_by_decoder_norm": True}),
    "gated": ("gated", {}),
    "bf16": ("jumprelu", {"dtype": "bfloat16"}),
    "old_flat": ("standard", {}),
    "old_flat_topk": ("topk", {"k": 9}),
}


def flat(folder: Path, old: dict) -> None:
    """Rewrite cfg.json as sae_lens before 6.0 wrote it."""
    (folder / "cfg.json").write_text(json.dumps({"d_in": D, "d_sae": M, "dtype": "torch.float32", "device": "cpu", "model_name": "parity", "hook_layer": 1, **old}) + "\n")


def expected(sae, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """Activations by the package itself, and for each the distance to its decision with the bound that float32 allows it."""
    acts = sae.encode(x)
    to64 = {key: value.double() for key, value in sae.state_dict().items()}
    seen = sae.process_sae_in(x).double()
    raw, size = seen @ to64["W_enc"], seen.abs() @ to64["W_enc"].abs()
    if "b_mag" in to64:
        gate, magnitude = raw + to64["b_gate"], raw * to64["r_mag"].exp() + to64["b_mag"]
        margin, scale = torch.minimum(gate.abs(), magnitude.abs()), to64["r_mag"].exp().clamp(min=1)
    else:
        scale = to64["W_dec"].norm(dim=-1) if getattr(sae.cfg, "rescale_acts_by_decoder_norm", False) else torch.ones(M, dtype=torch.float64)
        pre = (raw + to64["b_enc"]) * scale
        if "threshold" in to64:
            margin = (pre - to64["threshold"].clamp(min=0)).abs()
        elif hasattr(sae.cfg, "k"):
            kth = pre.sort(dim=-1, descending=True).values[:, sae.cfg.k - 1 : sae.cfg.k + 1]
            margin = torch.minimum((pre - kth.mean(dim=-1, keepdim=True)).abs(), pre.abs())
        else:
            margin = pre.abs()
    return {"acts": acts.float(), "margin": margin.float(), "bound": (8 * EPS * size * scale).float()}


def write_expected(folder: Path, x: torch.Tensor, by_convention: dict) -> None:
    tensors = {"x": x}
    for convention, values in by_convention.items():
        tensors |= {f"{convention}.{key}": value.detach().contiguous() for key, value in values.items()}
    save_file(tensors, folder / "expected.safetensors")


def make_sae(name: str, seed: int) -> None:
    from sae_lens import SAE

    kind, config = SAES[name]
    torch.manual_seed(seed)
    folder = OUT / "saes" / name
    sae_of(kind, **config).save_model(folder)
    if name == "old_flat":
        flat(folder, {"architecture": "standard", "hook_point": "blocks.1.hook_resid_post", "activation_fn_str": "relu", "normalize_activations": False})
    if name == "old_flat_topk":
        flat(folder, {"hook_name": "blocks.1.hook_resid_post", "activation_fn_str": "topk", "activation_fn_kwargs": {"k": 9}, "normalize_activations": "none", "prepend_bos": False})
    x = 2 * torch.randn(ROWS, D) + 0.5
    with torch.no_grad():
        conventions = {"saelens": expected(SAE.load_from_disk(folder, dtype="float32"), x)}
        if kind != "topk" or config.get("rescale_acts_by_decoder_norm"):
            conventions["neuronpedia"] = expected(SAE.load_from_disk(folder, dtype="float32", fold_W_dec_norm=True), x)
    write_expected(folder, x, conventions)


# ---------------------------------------------------------------- Llama Scope

SCOPE = {"hook_point_in": "blocks.1.hook_resid_post", "hook_point_out": "blocks.1.hook_resid_post", "act_fn": "jumprelu", "norm_activation": "dataset-wise",
         "sparsity_include_decoder_norm": True, "apply_decoder_bias_to_pre_encoder": False, "use_glu_encoder": False, "top_k": 50, "dtype": "torch.bfloat16",
         "jump_relu_threshold": 0.45, "dataset_average_activation_norm": {"in": 5.0, "out": 5.0}}


def openmoss(weights: dict, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """f = n·(x·w + b/s) where that exceeds T: the published encode with both folds applied, in float64."""
    w, b, decoder = (weights[key].double() for key in ("encoder.weight", "encoder.bias", "decoder.weight"))
    s = D**0.5 / SCOPE["dataset_average_activation_norm"]["in"]
    n = decoder.norm(dim=0)
    h = n * (x.double() @ w.T + b / s)
    acts = torch.where(h > SCOPE["jump_relu_threshold"], h, 0)
    bound = 8 * EPS * n * (x.double().abs() @ w.abs().T)
    return {"acts": acts.float(), "margin": (h - SCOPE["jump_relu_threshold"]).abs().float(), "bound": bound.float()}


def make_llama_scope(seed: int) -> None:
    from sae_lens import SAE

    torch.manual_seed(seed)
    folder = OUT / "saes" / "llama_scope"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "hyperparams.json").write_text(json.dumps({**SCOPE, "d_model": D, "d_sae": M}) + "\n")
    (folder / "lm_config.json").write_text(json.dumps({"model_name": "parity"}) + "\n")
    decoder = torch.randn(D, M)
    decoder *= (1.2 + 0.7 * torch.rand(M)) / decoder.norm(dim=0)
    weights = {"encoder.weight": 0.2 * torch.randn(M, D), "encoder.bias": 0.2 * torch.randn(M), "decoder.weight": decoder, "decoder.bias": 0.1 * torch.randn(D)}
    save_file({key: value.bfloat16().contiguous() for key, value in weights.items()}, folder / "checkpoints" / "final.safetensors")
    weights = load_file(folder / "checkpoints" / "final.safetensors")
    x = torch.randn(ROWS, D)

    def local(repo_id=None, filename=None, subfolder=None, **_):
        return str(folder / Path(filename).name) if subfolder is None else str(folder / "checkpoints" / filename)

    s = D**0.5 / SCOPE["dataset_average_activation_norm"]["in"]
    # The package's own loading, fed from the folder instead of the hub and with this SAE's factor instead of the registry's.
    with mock.patch("sae_lens.loading.pretrained_sae_loaders.hf_hub_download", local), mock.patch("sae_lens.saes.sae.get_norm_scaling_factor", lambda *_: s), torch.no_grad():
        load = lambda fold: SAE.from_pretrained("llama_scope_lxr_8x", "l7r_8x", dtype="float32", fold_W_dec_norm=fold)  # noqa: E731
        conventions = {"saelens": expected(load(False), x), "neuronpedia": expected(load(True), x)}
    conventions["openmoss"] = openmoss(weights, x)
    write_expected(folder, x, conventions)


# ---------------------------------------------------------------- greedy continuation of the shipped model


def make_greedy() -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if not (KJV / "model.safetensors").exists():
        return
    tokenizer = AutoTokenizer.from_pretrained(KJV)
    model = AutoModelForCausalLM.from_pretrained(KJV, dtype=torch.float32).eval()
    texts = ["In the beginning God created the heaven and the earth.", "And it came to pass", "The LORD is my shepherd; I shall not want.", "Blessed are"]
    cases = []
    for text in texts:
        ids = [model.config.bos_token_id, *tokenizer.encode(text, add_special_tokens=False)]
        with torch.no_grad():
            # Without a mask transformers takes BOS for padding, because both have the id 0 here.
            out = model.generate(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), max_new_tokens=50, do_sample=False, num_beams=1, eos_token_id=None, pad_token_id=0)
        cases.append({"text": text, "ids": ids, "next": out[0, len(ids) :].tolist()})
    digest = hashlib.sha256((KJV / "model.safetensors").read_bytes()).hexdigest()
    (OUT / "greedy.json").write_text(json.dumps({"model_sha256": digest, "cases": cases}) + "\n")


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    for index, name in enumerate(MODELS):
        make_model(name, 100 + index)
    for index, name in enumerate(SAES):
        make_sae(name, 200 + index)
    make_llama_scope(300)
    make_greedy()
    print(f"{sum(file.stat().st_size for file in OUT.rglob('*') if file.is_file()) / 2**20:.1f} MB in {OUT.name}/")
