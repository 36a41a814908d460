"""Without this file the readers of SAE formats would be compared with themselves.

Writes small SAEs in every format that is read, and what the packages that own the formats compute from them, into sae_formats/ beside
this file. Seeded and re-runnable:  python test/parity/make_sae_fixtures.py
Needs torch, safetensors, numpy, sae-lens 6.54.12, eai-sparsify 1.3.3, dictionary-learning 0.1.0, llamascopium 2.0.0b34, circuit-tracer 0.5.0
(the last three with --no-deps).
Loaders that fetch from the hub are the packages' own, with the download replaced by the local file.
"""

import importlib
import json
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from safetensors.torch import save_file

OUT = Path(__file__).parent / "sae_formats"
EPS = torch.finfo(torch.float32).eps
D, M, ROWS = 16, 48, 12
LOADERS = "sae_lens.loading.pretrained_sae_loaders"


def import_without_extras(package: str) -> None:
    """Import a package installed with --no-deps: what it needs for training, databases and plots stands aside."""
    while True:
        try:
            importlib.import_module(package)
            return
        except ModuleNotFoundError as missing:
            assert missing.name is not None and not missing.name.startswith(package.split(".")[0]), missing
            stand_in = mock.MagicMock(__path__=[], __spec__=None)
            sys.modules[missing.name] = stand_in
            for loaded in [name for name in sys.modules if name.split(".")[0] == package.split(".")[0]]:
                del sys.modules[loaded]


def randn(*shape: int, scale: float = 0.4) -> torch.Tensor:
    return scale * torch.randn(*shape)


def rows(scale: float = 1.5) -> torch.Tensor:
    return scale * torch.randn(ROWS, D) + 0.3


def evidence(seen: torch.Tensor, W: torch.Tensor, b: torch.Tensor, *, scale=1.0, theta=None, k=None, groups=None, gate=None) -> dict[str, torch.Tensor]:
    """For each activation the distance to its decision in float64, and the bound that float32 sums leave: 8·eps·sum|x·w|. W is [d, m]."""
    seen, W, b = seen.double(), W.double(), b.double()
    scale = torch.as_tensor(scale, dtype=torch.float64)
    raw, size = seen @ W, seen.abs() @ W.abs()
    pre = (raw + b) * scale
    if gate is not None:
        gate_bias, r_mag = (each.double() for each in gate)
        pre = raw * r_mag.exp() + b
        margin, scale = torch.minimum((raw + gate_bias).abs(), pre.abs()), r_mag.exp().clamp(min=1)
    elif theta is not None:
        margin = (pre - torch.as_tensor(theta, dtype=torch.float64).clamp(min=0)).abs()
    elif k is not None:
        kth = pre.sort(dim=-1, descending=True).values[:, k - 1 : k + 1]
        margin = torch.minimum((pre - kth.mean(dim=-1, keepdim=True)).abs(), pre.abs())
    elif groups is not None:
        grouped = pre.unflatten(-1, (groups, -1))
        top = grouped.sort(dim=-1, descending=True).values
        rival = torch.where(grouped == top[..., :1], top[..., 1:2], top[..., :1])
        margin = torch.minimum((grouped - rival).abs().flatten(-2), pre.abs())
    else:
        margin = pre.abs()
    return {"margin": margin, "bound": 8 * EPS * size * scale}


def fidelity(decoded: torch.Tensor, x: torch.Tensor) -> dict[str, float]:
    """What sae_lens says of a reconstruction, in two batches of different size; the squared error and the cosine are torch's own."""
    from sae_lens.evals import ExplainedVarianceCalculator

    decoded, x = decoded.detach().double(), x.double()
    calculator = ExplainedVarianceCalculator()
    calculator.add_batch(decoded[:5], x[:5])
    calculator.add_batch(decoded[5:], x[5:])
    return {"explained_variance": calculator.compute(), "mse": torch.nn.functional.mse_loss(decoded, x).item() * x.shape[1], "cosine": torch.nn.functional.cosine_similarity(decoded, x).mean().item()}


def write(folder: Path, x: torch.Tensor, facts: dict, conventions: dict[str, dict[str, torch.Tensor]]) -> None:
    """`conventions`: by name acts, margin, bound, and decoded where it can be had."""
    tensors = {"x": x}
    for convention, values in conventions.items():
        assert (values["acts"] > 0).sum() > 20, (folder, convention, "hardly any feature is active")
        tensors |= {f"{convention}.{key}": value.detach().float().clone().contiguous() for key, value in values.items()}
    save_file(tensors, folder / "expected.safetensors")
    if facts["hookOut"] is None:
        facts = {**facts, "fidelity": {convention: fidelity(values["decoded"], x) for convention, values in conventions.items()}}
    (folder / "expected.json").write_text(json.dumps({**facts, "convention": next(iter(conventions))}) + "\n")


def fresh(name: str) -> Path:
    folder = OUT / name
    folder.mkdir(parents=True)
    torch.manual_seed(sum(map(ord, name)))
    return folder


def place(name: str, layer: int | None, *, out: str | None = None, model: str | None = None, options: dict | None = None, at: str = ".") -> dict:
    return {"hookName": name, "layer": layer, "hookOut": out, "modelName": model, "options": options or {}, "at": at}


# ---------------------------------------------------------------- sae_lens


def sae_lens_config(config_class, **config):
    from sae_lens.saes.sae import SAEMetadata

    out = config.pop("hook_name_out", None)
    metadata = SAEMetadata(model_name="parity", hook_name="blocks.1.hook_resid_post", prepend_bos=True)
    if out:
        metadata.hook_name, metadata.hook_name_out = "blocks.1.ln2.hook_normalized", out
    return config_class(d_in=D, d_sae=M, metadata=metadata, **config)


def fill(sae, threshold: bool) -> None:
    with torch.no_grad():
        for parameter in sae.parameters():
            parameter.copy_(randn(*parameter.shape))
        sae.W_dec.mul_(0.5 + torch.rand(M, 1))
        if threshold:
            sae.threshold.copy_(torch.rand(M))


def sae_lens_evidence(sae, x) -> dict[str, torch.Tensor]:
    seen = sae.process_sae_in(x)
    if hasattr(sae, "b_gate"):
        return evidence(seen, sae.W_enc, sae.b_mag, gate=(sae.b_gate, sae.r_mag))
    scale = sae.W_dec.double().norm(dim=-1) if getattr(sae.cfg, "rescale_acts_by_decoder_norm", False) else 1.0
    return evidence(seen, sae.W_enc, sae.b_enc, scale=scale, theta=sae.threshold.clamp(min=0) if hasattr(sae, "threshold") else None, k=getattr(sae.cfg, "k", None))


def sae_lens_values(sae, x) -> dict[str, torch.Tensor]:
    acts = sae.encode(x)
    found = {"acts": acts, **sae_lens_evidence(sae, x)}
    # A skip connection is part of forward, not of decode; normalisation is undone with what encode has just seen.
    found["decoded"] = sae(x)
    return found


def make_sae_lens() -> None:
    import sae_lens as sl
    from sae_lens import SAE
    from sae_lens.saes import batchtopk_sae, matryoshka_batchtopk_sae, transcoder

    plain = {
        "lens_standard": (sl.StandardSAE, sl.StandardSAEConfig, {}),
        "lens_layer_norm": (sl.JumpReLUSAE, sl.JumpReLUSAEConfig, {"normalize_activations": "layer_norm"}),
        "lens_rescaled": (sl.JumpReLUSAE, sl.JumpReLUSAEConfig, {"normalize_activations": "constant_norm_rescale", "apply_b_dec_to_input": False}),
        "lens_topk": (sl.TopKSAE, sl.TopKSAEConfig, {"k": 6}),
        "lens_topk_by_norm": (sl.TopKSAE, sl.TopKSAEConfig, {"k": 6, "rescale_acts_by_decoder_norm": True}),
        "lens_gated": (sl.GatedSAE, sl.GatedSAEConfig, {}),
        "lens_transcoder": (transcoder.Transcoder, transcoder.TranscoderConfig, {"d_out": 12, "apply_b_dec_to_input": False, "hook_name_out": "blocks.1.hook_mlp_out"}),
        "lens_skip_transcoder": (transcoder.SkipTranscoder, transcoder.SkipTranscoderConfig, {"d_out": 12, "apply_b_dec_to_input": False, "hook_name_out": "blocks.1.hook_mlp_out"}),
        "lens_jumprelu_transcoder": (transcoder.JumpReLUTranscoder, transcoder.JumpReLUTranscoderConfig, {"d_out": D, "apply_b_dec_to_input": False, "hook_name_out": "blocks.1.hook_mlp_out"}),
        "lens_jumprelu_skip_transcoder": (transcoder.JumpReLUSkipTranscoder, transcoder.JumpReLUSkipTranscoderConfig, {"d_out": 20, "apply_b_dec_to_input": False, "hook_name_out": "blocks.1.hook_mlp_out"}),
    }
    for name, (sae_class, config_class, config) in plain.items():
        folder = fresh(name)
        sae = sae_class(sae_lens_config(config_class, **config))
        fill(sae, hasattr(sae, "threshold"))
        sae.save_model(folder)
        x = rows()
        with torch.no_grad():
            conventions = {"saelens": sae_lens_values(SAE.load_from_disk(folder, dtype="float32"), x)}
            if "topk" not in name or config.get("rescale_acts_by_decoder_norm"):
                conventions["neuronpedia"] = sae_lens_values(SAE.load_from_disk(folder, dtype="float32", fold_W_dec_norm=True), x)
        crosses = "d_out" in config
        facts = place("blocks.1.ln2.hook_normalized" if crosses else "blocks.1.hook_resid_post", 1, out="blocks.1.hook_mlp_out" if crosses else None, model="parity")
        write(folder, x, facts, conventions)

    # A factor of the registry, folded as from_pretrained does.
    for name, sae_class, config_class, config in [("lens_factor_jumprelu", sl.JumpReLUSAE, sl.JumpReLUSAEConfig, {}), ("lens_factor_gated", sl.GatedSAE, sl.GatedSAEConfig, {}),
                                                 ("lens_factor_topk", sl.TopKSAE, sl.TopKSAEConfig, {"k": 6, "rescale_acts_by_decoder_norm": True})]:
        folder = fresh(name)
        sae = sae_class(sae_lens_config(config_class, normalize_activations="expected_average_only_in", **config))
        fill(sae, hasattr(sae, "threshold"))
        sae.save_model(folder)
        x = rows()
        conventions = {}
        for convention, fold in [("saelens", False), ("neuronpedia", True)]:
            loaded = SAE.load_from_disk(folder, dtype="float32")
            loaded.fold_activation_norm_scaling_factor(0.6)
            with torch.no_grad():
                if fold:
                    loaded.fold_W_dec_norm()
                conventions[convention] = sae_lens_values(loaded, x)
        write(folder, x, place("blocks.1.hook_resid_post", 1, model="parity", options={"normFactor": 0.6}), conventions)

    # Checkpoints written during training keep the factor beside their weights: the oracle is what the trainer gives in the end (`SAETrainer.fit`).
    from sae_lens.training.activation_scaler import ActivationScaler

    for name, sae_class, config_class, config in [("lens_scaler_standard", sl.StandardTrainingSAE, sl.StandardTrainingSAEConfig, {"apply_b_dec_to_input": True}),
                                                 ("lens_scaler_batchtopk", batchtopk_sae.BatchTopKTrainingSAE, batchtopk_sae.BatchTopKTrainingSAEConfig, {"k": 5})]:
        folder = fresh(name)
        sae = sae_class(sae_lens_config(config_class, normalize_activations="expected_average_only_in", **config))
        fill(sae, False)
        if hasattr(sae, "topk_threshold"):
            sae.topk_threshold.fill_(0.7)
        sae.save_model(folder)
        ActivationScaler(scaling_factor=0.6).save(str(folder / "activation_scaler.json"))
        sae.fold_activation_norm_scaling_factor(0.6)
        with tempfile.TemporaryDirectory() as ended, torch.no_grad():
            sae.save_inference_model(ended)
            loaded = SAE.load_from_disk(ended, dtype="float32")
            x = rows()
            conventions = {"saelens": sae_lens_values(loaded, x)}
            loaded.fold_W_dec_norm()
            conventions["neuronpedia"] = sae_lens_values(loaded, x)
        write(folder, x, place("blocks.1.hook_resid_post", 1, model="parity"), conventions)

    # Training checkpoints: the oracle is what the package saves of them for inference.
    training = {
        "lens_batchtopk": (batchtopk_sae.BatchTopKTrainingSAE, batchtopk_sae.BatchTopKTrainingSAEConfig, {"k": 5, "rescale_acts_by_decoder_norm": False}),
        "lens_batchtopk_by_norm": (batchtopk_sae.BatchTopKTrainingSAE, batchtopk_sae.BatchTopKTrainingSAEConfig, {"k": 5}),
        "lens_matryoshka": (matryoshka_batchtopk_sae.MatryoshkaBatchTopKTrainingSAE, matryoshka_batchtopk_sae.MatryoshkaBatchTopKTrainingSAEConfig, {"k": 5, "matryoshka_widths": [8, 24, M]}),
    }
    for name, (sae_class, config_class, config) in training.items():
        folder = fresh(name)
        sae = sae_class(sae_lens_config(config_class, **config))
        fill(sae, False)
        sae.topk_threshold = torch.tensor(0.7, dtype=torch.double)
        sae.save_model(folder)
        sae.save_inference_model(folder / "inference")
        x = rows()
        with torch.no_grad():
            values = sae_lens_values(SAE.load_from_disk(folder / "inference", dtype="float32"), x)
        shutil.rmtree(folder / "inference")
        write(folder, x, place("blocks.1.hook_resid_post", 1, model="parity"), {"saelens": values})


def make_sae_lens_of_transformers() -> None:
    """Models that sae_lens runs as transformers has them: hooks are modules there, read by what they give out."""
    import sae_lens as sl
    from sae_lens import SAE
    from sae_lens.load_model import HookedProxyLM
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=32, hidden_size=D, intermediate_size=24, num_hidden_layers=3, num_attention_heads=2)).eval()
    tokens = torch.arange(1, 1 + ROWS)[None]
    kept = {}
    # TransformerLens' names for what lies there, by its definition: the stream behind a block, and what its MLP and attention add to it.
    model.model.layers[1].mlp.down_proj.register_forward_hook(lambda module, inputs, output: kept.__setitem__("blocks.1.hook_mlp_out", output))
    model.model.layers[1].self_attn.o_proj.register_forward_hook(lambda module, inputs, output: kept.__setitem__("blocks.1.hook_attn_out", output))
    with torch.no_grad():
        cache = HookedProxyLM(model, None).run_with_cache(tokens)[1]
        kept["blocks.1.hook_resid_post"] = model(tokens, output_hidden_states=True).hidden_states[2]
    for name, path, hook in [("lens_of_block", "model.layers.1", "blocks.1.hook_resid_post"), ("lens_of_mlp", "model.layers.1.mlp", "blocks.1.hook_mlp_out"), ("lens_of_attention", "model.layers.1.self_attn", "blocks.1.hook_attn_out")]:
        assert torch.equal(cache[path], kept[hook]), path
        folder = fresh(name)
        config = sae_lens_config(sl.StandardSAEConfig)
        config.metadata.hook_name, config.metadata.model_class_name = path, "AutoModelForCausalLM"
        sae = sl.StandardSAE(config)
        fill(sae, False)
        sae.save_model(folder)
        x = cache[path][0] / cache[path][0].std()
        with torch.no_grad():
            write(folder, x, place(hook, 1, model="parity"), {"saelens": sae_lens_values(SAE.load_from_disk(folder, dtype="float32"), x)})


def make_sae_lens_odd() -> None:
    """Thresholds below 0, which sae_lens puts behind a relu, and numbers of 64 bits, which it reads as 32."""
    import sae_lens as sl
    from safetensors.torch import load_file, save_file
    from sae_lens import SAE

    for name, sae_class, config_class, config in [("lens_below_zero", sl.JumpReLUSAE, sl.JumpReLUSAEConfig, {}), ("lens_float64", sl.JumpReLUSAE, sl.JumpReLUSAEConfig, {}), ("lens_float64_topk", sl.TopKSAE, sl.TopKSAEConfig, {"k": 6})]:
        folder = fresh(name)
        sae = sae_class(sae_lens_config(config_class, **config))
        fill(sae, False)
        sae.save_model(folder)
        if "64" in name:
            file = folder / "sae_weights.safetensors"
            # More digits than float32 has.
            save_file({key: value.double() * (1 + 1e-9) for key, value in load_file(file).items()}, file)
        x = rows()
        with torch.no_grad():
            conventions = {"saelens": sae_lens_values(SAE.load_from_disk(folder, dtype="float32"), x)}
            if "topk" not in name:
                conventions["neuronpedia"] = sae_lens_values(SAE.load_from_disk(folder, dtype="float32", fold_W_dec_norm=True), x)
        write(folder, x, place("blocks.1.hook_resid_post", 1, model="parity"), conventions)


# ---------------------------------------------------------------- loaders of sae_lens, fed from the folder


def from_loader(loader: str, repo: str, path: str, files: dict[str, Path], *, fold_factor: float | None = None):
    """The SAE that sae_lens makes of local files by its own converter; `files` by the last part of the name it asks for."""
    import sae_lens.loading.pretrained_sae_loaders as loaders
    from sae_lens import SAE
    from safetensors import safe_open

    def download(repo_id=None, filename=None, subfolder=None, **_):
        return str(files[Path(filename).name])

    def shapes_of(_repo, filename):
        with safe_open(files[Path(filename).name], framework="pt") as file:
            return {key: list(file.get_slice(key).get_shape()) for key in file.keys()}

    with ExitStack() as stack:
        stack.enter_context(mock.patch(f"{LOADERS}.hf_hub_download", download))
        stack.enter_context(mock.patch(f"{LOADERS}.get_safetensors_tensor_shapes", shapes_of))
        # Widths of the published releases are read off names; these files are smaller.
        cfg, weights, _ = getattr(loaders, loader)(repo, path, device="cpu", cfg_overrides={"d_in": D, "d_sae": M, "dtype": "float32"})
    cfg = loaders.handle_config_defaulting({**cfg, "d_in": D, "d_sae": M, "device": "cpu", "dtype": "float32"})
    if "d_out" in cfg:
        cfg["d_out"] = weights["W_dec"].shape[1]
    sae_class = SAE.get_sae_class_for_architecture(cfg["architecture"])
    sae = sae_class(SAE.get_sae_config_class_for_architecture(cfg["architecture"]).from_dict(cfg))
    sae.process_state_dict_for_loading(weights)
    sae.load_state_dict(weights)
    if fold_factor is not None:
        sae.fold_activation_norm_scaling_factor(fold_factor)
    return sae


# ---------------------------------------------------------------- Gemma Scope


def gemma_arrays(d_in: int = D) -> dict[str, np.ndarray]:
    decoder = torch.randn(M, d_in)
    decoder *= (0.7 + torch.rand(M, 1)) / decoder.norm(dim=1, keepdim=True)
    arrays = {"W_enc": randn(d_in, M), "W_dec": decoder, "b_enc": randn(M), "b_dec": randn(d_in), "threshold": torch.rand(M)}
    return {key: value.numpy() for key, value in arrays.items()}


def make_gemma_scope() -> None:
    cases = {
        # name: (release, path, how the arrays are saved)
        "gemma_res": ("gemma-scope-2b-pt-res", "layer_5/width_16k/average_l0_70", "plain"),
        "gemma_mlp_deflated": ("gemma-scope-9b-it-mlp", "layer_2/width_16k/average_l0_7", "deflated"),
        "gemma_att_fortran": ("gemma-scope-2b-pt-att", "layer_3/width_65k/average_l0_20", "fortran"),
        "gemma_embedding": ("gemma-scope-2b-pt-res", "embedding/width_4k/average_l0_111", "big_endian"),
        "gemma_transcoder": ("gemma-scope-2b-pt-transcoders", "layer_4/width_16k/average_l0_14", "float64"),
    }
    hooks = {
        "gemma_res": place("blocks.5.hook_resid_post", 5, model="google/gemma-2-2b"),
        "gemma_mlp_deflated": place("blocks.2.hook_mlp_out", 2, model="google/gemma-2-9b-it"),
        "gemma_att_fortran": place("blocks.3.attn.hook_z", 3, model="google/gemma-2-2b"),
        "gemma_embedding": place("hook_embed", None, model="google/gemma-2-2b"),
        "gemma_transcoder": place("blocks.4.ln2.hook_normalized", 4, out="blocks.4.hook_mlp_out", model="google/gemma-2-2b"),
    }
    for name, (release, path, how) in cases.items():
        top = fresh(name)
        folder = top / release / path
        folder.mkdir(parents=True)
        arrays = gemma_arrays()
        if name == "gemma_embedding":
            arrays["W_enc"] *= 4
        match how:
            case "plain":
                np.savez(folder / "params.npz", **arrays)
            case "deflated":
                np.savez_compressed(folder / "params.npz", **arrays)
            case "fortran":
                np.savez(folder / "params.npz", **{key: np.asfortranarray(value) for key, value in arrays.items()})
            case "big_endian":
                np.savez(folder / "params.npz", **{key: value.astype(">f4") for key, value in arrays.items()})
            case "float64":
                np.savez(folder / "params.npz", **{key: value.astype(np.float64) for key, value in arrays.items()})
        loader = "gemma_2_transcoder_huggingface_loader" if "transcoder" in name else "gemma_2_sae_huggingface_loader"
        load = folder / "params.npz"
        if how == "big_endian":  # torch refuses such arrays; the numbers are the same.
            load = OUT / "native.npz"
            np.savez(load, **arrays)
        x = rows()
        conventions = {}
        for convention in ["publisher", "neuronpedia"]:
            sae = from_loader(loader, f"google/{release}", path, {"params.npz": load})
            with torch.no_grad():
                if convention == "neuronpedia":
                    sae.fold_W_dec_norm()
                flat = x.reshape(ROWS, 2, D // 2) if "att" in name and sae.cfg.reshape_activations == "hook_z" else x
                values = {"acts": sae.encode(flat), **sae_lens_evidence(sae, flat)}
                values["decoded"] = sae(flat).reshape(ROWS, -1)
            conventions[convention] = values
        (OUT / "native.npz").unlink(missing_ok=True)
        write(top, x, {**hooks[name], "at": f"{release}/{path}"}, conventions)


def make_gemma_scope_2() -> None:
    cases = {
        "gemma2_resid": ("resid_post/layer_7_width_16k_l0_medium", {"hf_hook_point_in": "model.layers.7.output"}, False),
        "gemma2_attn": ("attn_out/layer_7_width_16k_l0_small", {"hf_hook_point_in": "model.layers.7.self_attn.o_proj.input"}, False),
        "gemma2_transcoder": ("transcoder/layer_3_width_16k_l0_medium_affine", {"hf_hook_point_in": "model.layers.3.pre_feedforward_layernorm.output", "hf_hook_point_out": "model.layers.3.post_feedforward_layernorm.output", "affine_connection": True}, True),
    }
    facts = {
        "gemma2_resid": place("blocks.7.hook_resid_post", 7, model="google/gemma-3-1b-pt"),
        "gemma2_attn": place("blocks.7.attn.hook_z", 7, model="google/gemma-3-1b-pt"),
        "gemma2_transcoder": place("blocks.3.mlp.hook_in", 3, out="blocks.3.hook_mlp_out", model="google/gemma-3-1b-pt"),
    }
    for name, (path, config, affine) in cases.items():
        top = fresh(name)
        folder = top / path
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"architecture": "jump_relu", "model_name": "google/gemma-3-1b-pt", **config}) + "\n")
        arrays = {key.lower(): torch.from_numpy(value) for key, value in gemma_arrays().items()}
        if affine:
            arrays["affine_skip_connection"] = randn(D, D)
        save_file(arrays, folder / "params.safetensors")
        x = rows()
        conventions = {}
        for convention in ["publisher", "neuronpedia"]:
            sae = from_loader("gemma_3_sae_huggingface_loader", "google/gemma-scope-2-1b-pt", path, {"params.safetensors": folder / "params.safetensors", "config.json": folder / "config.json"})
            with torch.no_grad():
                if convention == "neuronpedia":
                    sae.fold_W_dec_norm()
                conventions[convention] = sae_lens_values(sae, x)
        write(top, x, {**facts[name], "at": path}, conventions)


# ---------------------------------------------------------------- sparsify


def make_sparsify() -> None:
    os.environ["SPARSIFY_DISABLE_TRITON"] = "1"
    from sparsify import SparseCoder, SparseCoderConfig

    cases = {
        "sparsify_topk": ("layers.5", {"num_latents": M, "k": 7, "normalize_decoder": False}),
        "sparsify_normalized": ("layers.5", {"expansion_factor": 3, "k": 7, "multi_topk": True}),
        "sparsify_groupmax": ("layers.2.mlp", {"num_latents": M, "k": 8, "activation": "groupmax"}),
        "sparsify_transcoder": ("layers.2.mlp", {"num_latents": M, "k": 6, "transcode": True, "skip_connection": True}),
    }
    for name, (hookpoint, config) in cases.items():
        top = fresh(name)
        coder = SparseCoder(D, SparseCoderConfig(**config))
        with torch.no_grad():
            for parameter in coder.parameters():
                parameter.copy_(randn(*parameter.shape))
        coder.save_to_disk(top / hookpoint)
        coder = SparseCoder.load_from_disk(top / hookpoint)
        x = rows()
        with torch.no_grad():
            values, indices, _ = coder.encode(x)
            acts = torch.zeros(ROWS, M).scatter_(-1, indices, values)
            # With multi_topk, forward() decodes 4k latents for its loss; the coder's reconstruction is decode().
            decoded = coder.decode(values, indices) if coder.cfg.multi_topk else coder(x).sae_out
            seen = x if coder.cfg.transcode else x - coder.b_dec
            chosen = {"groups": coder.cfg.k} if coder.cfg.activation == "groupmax" else {"k": coder.cfg.k}
            found = {"acts": acts, "decoded": decoded, **evidence(seen, coder.encoder.weight.T, coder.encoder.bias, **chosen)}
        transcode = config.get("transcode", False)
        facts = place("blocks.5.hook_resid_post", 5) if hookpoint == "layers.5" else place("blocks.2.mlp.hook_in" if transcode else "blocks.2.hook_mlp_out", 2, out="blocks.2.hook_mlp_out" if transcode else None)
        write(top, x, {**facts, "at": hookpoint}, {"publisher": found})


# ---------------------------------------------------------------- dictionary_learning


def make_dictionary_learning() -> None:
    import_without_extras("dictionary_learning.utils")
    from dictionary_learning import dictionary as kinds
    from dictionary_learning.trainers.batch_top_k import BatchTopKSAE
    from dictionary_learning.trainers.matryoshka_batch_top_k import MatryoshkaBatchTopKSAE
    from dictionary_learning.trainers.top_k import AutoEncoderTopK
    from dictionary_learning.utils import load_dictionary

    cases = {
        "dl_autoencoder": (lambda: kinds.AutoEncoder(D, M), {}),
        "dl_autoencoder_new": (lambda: kinds.AutoEncoderNew(D, M), {}),
        "dl_gated": (lambda: kinds.GatedAutoEncoder(D, M), {}),
        "dl_jumprelu": (lambda: kinds.JumpReluAutoEncoder(D, M), {}),
        "dl_topk": (lambda: AutoEncoderTopK(D, M, 6), {"k": 6}),
        "dl_batchtopk": (lambda: BatchTopKSAE(D, M, 6), {"k": 6}),
        "dl_matryoshka": (lambda: MatryoshkaBatchTopKSAE(D, M, 6, [8, 16, 24]), {"k": 6}),
    }
    for name, (make, extra) in cases.items():
        folder = fresh(name)
        dictionary = make()
        with torch.no_grad():
            for parameter in dictionary.parameters():
                parameter.copy_(randn(*parameter.shape))
            if hasattr(dictionary, "threshold"):
                dictionary.threshold.copy_(torch.rand(dictionary.threshold.shape) * 0.5 + 0.2)
        trainer = {"dict_class": type(dictionary).__name__, "activation_dim": D, "dict_size": M, "layer": 4, "lm_name": "EleutherAI/pythia-70m-deduped", "submodule_name": "resid_post_layer_4", **extra}
        (folder / "config.json").write_text(json.dumps({"trainer": trainer, "buffer": {"ctx_len": 128}}) + "\n")
        torch.save(dictionary.state_dict(), folder / "ae.pt")
        x = rows()
        with torch.no_grad():
            # The package's own loader: torch.load may open nothing but tensors here.
            loaded, _ = load_dictionary(str(folder), "cpu")
            acts = loaded.encode(x)
            found = {"acts": acts, "decoded": loaded.decode(acts)}
            weights = {key: value for key, value in loaded.state_dict().items()}
            W = weights["W_enc"] if "W_enc" in weights else weights["encoder.weight"].T
            b = next(weights[key] for key in ["b_enc", "encoder.bias", "mag_bias"] if key in weights)
            shift = next((weights[key] for key in ["bias", "decoder_bias"] if key in weights), torch.zeros(D))
            if name in ("dl_topk", "dl_batchtopk", "dl_matryoshka"):
                shift = weights["b_dec"]
            decided = {"k": 6} if name == "dl_topk" else {"gate": (weights["gate_bias"], weights["r_mag"])} if name == "dl_gated" else {"theta": weights["threshold"]} if "threshold" in weights else {}
            found |= evidence(x - shift, W, b, **decided)
        if name in ("dl_autoencoder", "dl_jumprelu", "dl_gated", "dl_batchtopk"):
            # Half of them as safetensors, with the conversion that saeq's message says.
            state = torch.load(folder / "ae.pt", weights_only=True)
            save_file({key: value.contiguous() for key, value in state.items()}, folder / "ae.safetensors")
            (folder / "ae.pt").unlink()
        write(folder, x, place("blocks.4.hook_resid_post", 4, model="EleutherAI/pythia-70m-deduped"), {"publisher": found})


# ---------------------------------------------------------------- llamascopium and Llama Scope


def llamascopium_sae(**config):
    import_without_extras("llamascopium.models.sae")
    from llamascopium.models.sae import SAEConfig, SparseAutoEncoder

    config = {"hook_point_in": "blocks.2.hook_resid_post", "hook_point_out": "blocks.2.hook_resid_post", "device": "cpu", "dtype": torch.float32, **config}
    sae = SparseAutoEncoder(SAEConfig(sae_type="sae", d_model=D, expansion_factor=M / D, **config))
    with torch.no_grad():
        for key, parameter in sae.named_parameters():
            parameter.copy_(randn(*parameter.shape))
            if "log_jumprelu" in key:
                parameter.copy_(torch.log(0.3 + torch.rand(M)))
    return sae


def make_llamascopium() -> None:
    import_without_extras("llamascopium.models.sae")
    from llamascopium.models.sae import SparseAutoEncoder

    hooks = {"in": "blocks.2.hook_resid_post", "out": "blocks.2.hook_mlp_out"}
    cases = {
        "scopium_relu": {"act_fn": "relu", "norm_activation": "inference", "sparsity_include_decoder_norm": False},
        "scopium_jumprelu": {"act_fn": "jumprelu", "norm_activation": "dataset-wise"},
        "scopium_topk": {"act_fn": "topk", "norm_activation": "token-wise", "top_k": 6},
        "scopium_transcoder": {"act_fn": "jumprelu", "norm_activation": "dataset-wise", "hook_point_in": "blocks.2.ln2.hook_normalized", "hook_point_out": hooks["out"], "use_decoder_bias": False},
    }
    for name, config in cases.items():
        folder = fresh(name)
        sae = llamascopium_sae(**config)
        norms = {hook: norm for hook, norm in zip(dict.fromkeys([sae.cfg.hook_point_in, sae.cfg.hook_point_out]), [6.5, 2.75])}
        sae.set_dataset_average_activation_norm(norms)
        sae.save_pretrained(str(folder))
        sae.cfg.save_hyperparameters(str(folder))
        sae = SparseAutoEncoder.from_pretrained(str(folder))
        x = rows()
        with torch.no_grad():
            batch, factors = sae.normalize_activations({sae.cfg.hook_point_in: x}, return_scale_factor=True)
            seen = batch[sae.cfg.hook_point_in]
            acts = sae.encode(seen)
            out = sae.cfg.hook_point_out
            factor = factors[out] if out in factors else sae.compute_norm_factor(x, out)
            found = {"acts": acts, "decoded": sae.decode(acts) / factor}
            scale = sae.decoder_norm() if sae.cfg.sparsity_include_decoder_norm else 1.0
            decided = {"k": 6} if config["act_fn"] == "topk" else {"theta": sae.activation_function.get_jumprelu_threshold()} if config["act_fn"] == "jumprelu" else {}
            found |= evidence(seen, sae.W_E, sae.b_E, scale=scale, **decided)
        crosses = out != sae.cfg.hook_point_in
        write(folder, x, place(sae.cfg.hook_point_in, 2, out=out if crosses else None), {"openmoss": found})


def make_llama_scope_transcoders() -> None:
    """Features as the package gave them at release, in today's package: scaled by the dataset's norms first, then by decoder norms."""
    for name, include in [("scope_transcoder", True), ("scope_transcoder_plain", False)]:
        folder = fresh(name)
        (folder / "checkpoints").mkdir()
        hooks = ("blocks.8.ln2.hook_normalized", "blocks.8.hook_mlp_out")
        norms = {"in": 4.0, "out": 1.5}
        hyper = {"hook_point_in": hooks[0], "hook_point_out": hooks[1], "act_fn": "jumprelu", "jump_relu_threshold": 0.35, "norm_activation": "dataset-wise", "sparsity_include_decoder_norm": include,
                 "apply_decoder_bias_to_pre_encoder": False, "use_glu_encoder": False, "use_decoder_bias": True, "d_model": D, "d_sae": M, "dataset_average_activation_norm": norms}
        (folder / "hyperparams.json").write_text(json.dumps(hyper) + "\n")
        (folder / "lm_config.json").write_text(json.dumps({"model_name": "parity"}) + "\n")
        sae = llamascopium_sae(act_fn="jumprelu", norm_activation="dataset-wise", sparsity_include_decoder_norm=include, hook_point_in=hooks[0], hook_point_out=hooks[1])
        sae.W_D.data *= 3
        save_file({"encoder.weight": sae.W_E.detach().T.contiguous(), "encoder.bias": sae.b_E.detach(), "decoder.weight": sae.W_D.detach().T.contiguous(), "decoder.bias": sae.b_D.detach()}, folder / "checkpoints" / "final.safetensors")
        sae.activation_function.log_jumprelu_threshold.data.fill_(float(np.log(0.35)))
        sae.set_dataset_average_activation_norm({hooks[0]: norms["in"], hooks[1]: norms["out"]})
        x = rows()
        with torch.no_grad():
            sae.standardize_parameters_of_dataset_norm()
            acts = sae.encode(x)
            scale = sae.decoder_norm() if include else 1.0
            found = {"acts": acts * scale, "decoded": sae.decode(acts), **evidence(x, sae.W_E, sae.b_E, scale=scale, theta=0.35)}
        write(folder, x, place(hooks[0], 8, out=hooks[1], model="parity"), {"openmoss": found})


def make_llama_scope_r1() -> None:
    for name, norm in [("r1_plain", 1.0), ("r1_norms", 1.6)]:
        folder = fresh(name)
        config = {"sae_type": "sae", "d_model": D, "expansion_factor": M // D, "hook_point_in": "blocks.15.hook_resid_post", "hook_point_out": "blocks.15.hook_resid_post", "act_fn": "jumprelu", "norm_activation": "dataset-wise", "sparsity_include_decoder_norm": True}
        (folder / "config.json").write_text(json.dumps(config) + "\n")
        decoder = torch.randn(D, M)
        decoder *= norm / decoder.norm(dim=0)
        weights = {"encoder.weight": randn(M, D), "encoder.bias": randn(M), "decoder.weight": decoder, "decoder.bias": randn(D), "log_jumprelu_threshold": torch.log(0.2 + torch.rand(M))}
        save_file(weights, folder / "sae_weights.safetensors")
        x, factor = rows(), 0.8
        sae = from_loader("llama_scope_r1_distill_sae_huggingface_loader", "fnlp/Llama-Scope-R1-Distill", "800M/L15R", {"config.json": folder / "config.json", "sae_weights.safetensors": folder / "sae_weights.safetensors"}, fold_factor=factor)
        with torch.no_grad():
            conventions = {"saelens": sae_lens_values(sae, x)}
            # The publisher's reading, by its present package.
            own = llamascopium_sae(act_fn="jumprelu", norm_activation="dataset-wise", hook_point_in=config["hook_point_in"], hook_point_out=config["hook_point_out"])
            for parameter, key in [(own.W_E, "encoder.weight"), (own.W_D, "decoder.weight")]:
                parameter.copy_(weights[key].T)
            own.b_E.copy_(weights["encoder.bias"])
            own.b_D.copy_(weights["decoder.bias"])
            own.activation_function.log_jumprelu_threshold.copy_(weights["log_jumprelu_threshold"])
            own.set_dataset_average_activation_norm({config["hook_point_in"]: D**0.5 / factor})
            seen = own.normalize_activations({config["hook_point_in"]: x})[config["hook_point_in"]]
            acts = own.encode(seen)
            conventions["openmoss"] = {"acts": acts, "decoded": own.decode(acts) / factor, **evidence(seen, own.W_E, own.b_E, scale=own.decoder_norm(), theta=own.activation_function.get_jumprelu_threshold())}
        write(folder, x, place("blocks.15.hook_resid_post", 15, options={"normFactor": factor}), conventions)


# ---------------------------------------------------------------- circuit-tracer


def make_circuit_tracer() -> None:
    from circuit_tracer.transcoder.activation_functions import JumpReLU
    from circuit_tracer.transcoder.cross_layer_transcoder import CrossLayerTranscoder
    from circuit_tracer.transcoder.single_layer_transcoder import SingleLayerTranscoder, load_relu_transcoder

    yaml = 'model_name: "Qwen/Qwen3-0.6B"\nmodel_kind: transcoder_set\nfeature_input_hook: mlp.hook_in\nfeature_output_hook: hook_mlp_out\nscan: parity\n'
    for name, threshold, skip in [("tracer_relu", False, False), ("tracer_jumprelu_skip", True, True)]:
        folder = fresh(name)
        (folder / "config.yaml").write_text(yaml)
        activation = JumpReLU(torch.rand(M), 0.1) if threshold else torch.nn.functional.relu
        coder = SingleLayerTranscoder(D, M, activation, 3, skip_connection=skip, device=torch.device("cpu"), dtype=torch.float32)
        with torch.no_grad():
            for key, parameter in coder.named_parameters():
                if "threshold" not in key:
                    parameter.copy_(randn(*parameter.shape))
        coder.to_safetensors(str(folder / "layer_3.safetensors"))
        coder = load_relu_transcoder(str(folder / "layer_3.safetensors"), 3, device=torch.device("cpu"), dtype=torch.float32, lazy_encoder=False, lazy_decoder=False)
        x = rows()
        with torch.no_grad():
            acts = coder.encode(x)
            found = {"acts": acts, "decoded": coder.decode(acts, x), **evidence(x, coder.W_enc.T, coder.b_enc, theta=coder.activation_function.threshold if threshold else None)}
        write(folder, x, place("blocks.3.mlp.hook_in", 3, out="blocks.3.hook_mlp_out", model="Qwen/Qwen3-0.6B"), {"publisher": found})

    for name, threshold in [("tracer_clt", False), ("tracer_clt_jumprelu", True)]:
        folder = fresh(name)
        (folder / "config.yaml").write_text(yaml.replace("transcoder_set", "cross_layer_transcoder").replace("mlp.hook_in", "hook_resid_mid"))
        clt = CrossLayerTranscoder(2, M, D, activation_function="jump_relu" if threshold else "relu", device=torch.device("cpu"), dtype=torch.float32, lazy_encoder=False, lazy_decoder=False)
        with torch.no_grad():
            for key, parameter in clt.named_parameters():
                parameter.copy_(torch.rand(parameter.shape) if "threshold" in key else randn(*parameter.shape))
        clt.to_safetensors(str(folder))
        x = rows()
        with torch.no_grad():
            acts = clt.encode_layer(x, 1)
            found = {"acts": acts, **evidence(x, clt.W_enc[1].T, clt.b_enc[1], theta=clt.activation_function.threshold[1, 0] if threshold else None)}
        write(folder, x, place("blocks.1.hook_resid_mid", 1, out="blocks.1.hook_mlp_out", model="Qwen/Qwen3-0.6B", options={"file": "W_enc_1.safetensors"}), {"publisher": found})


# ---------------------------------------------------------------- files of torch.save


def make_torch_files() -> None:
    """Formats that are published as .pt only; sae_lens' own converters are the oracle."""
    linear = lambda prefix="": {f"encoder{prefix}.weight": randn(M, D), f"encoder{prefix}.bias": randn(M), f"decoder{prefix}.weight": randn(D, M), f"decoder{prefix}.bias": randn(D)}  # noqa: E731
    qwen = "SAE-Res-Qwen3-1.7B-Base-W32K-L0_6"
    cases = {
        "qwen_scope": (f"{qwen}/layer3.sae.pt", lambda: {"W_enc": randn(M, D), "W_dec": randn(D, M), "b_enc": randn(M), "b_dec": randn(D)}, "qwen_scope_sae_huggingface_loader", f"Qwen/{qwen}", place("blocks.3.hook_resid_post", 3, model="Qwen/Qwen3-1.7B-Base")),
        "qwen_scope_bf16": (f"{qwen}/layer5.sae.pt", lambda: {key: value.bfloat16() for key, value in {"W_enc": randn(M, D), "W_dec": randn(D, M), "b_enc": randn(M), "b_dec": randn(D)}.items()}, "qwen_scope_sae_huggingface_loader", f"Qwen/{qwen}", place("blocks.5.hook_resid_post", 5, model="Qwen/Qwen3-1.7B-Base")),
        "goodfire_8b": ("Llama-3.1-8B-Instruct-SAE-l19.pth", lambda: linear("_linear"), "get_goodfire_huggingface_loader", "Goodfire/Llama-3.1-8B-Instruct-SAE-l19", place("blocks.19.hook_resid_post", 19, model="meta-llama/Llama-3.1-8B-Instruct")),
        "goodfire_70b": ("Llama-3.3-70B-Instruct-SAE-l50.pt", lambda: linear("_linear"), "get_goodfire_huggingface_loader", "Goodfire/Llama-3.3-70B-Instruct-SAE-l50", place("blocks.50.hook_resid_post", 50, model="meta-llama/Llama-3.3-70B-Instruct")),
        "deepseek_r1": ("DeepSeek-R1-Distill-Llama-8B-SAE-l19.pt", linear, "deepseek_r1_sae_huggingface_loader", "qresearch/DeepSeek-R1-Distill-Llama-8B-SAE-l19", place("blocks.19.hook_resid_post", 19, model="deepseek-ai/DeepSeek-R1-Distill-Llama-8B")),
        "hook_z": ("gpt2-small_L2_H_z.pt", lambda: {"W_enc": randn(D, M), "W_dec": randn(M, D), "b_enc": randn(M), "b_dec": randn(D)}, "connor_rob_hook_z_huggingface_loader", "ckkissane/attn-saes-gpt2-small-all-layers", place("blocks.2.attn.hook_z", 2, model="gpt2-small")),
    }
    for name, (path, make, loader, repo, facts) in cases.items():
        top = fresh(name)
        file = top / path
        file.parent.mkdir(exist_ok=True)
        torch.save(make(), file)
        files = {file.name: file}
        if name == "hook_z":
            config = top / path.replace(".pt", "_cfg.json")
            config.write_text(json.dumps({"act_size": D, "dict_size": M, "act_name": "blocks.2.attn.hook_z", "seed": 49}) + "\n")
            files[config.name] = config
        x = rows()
        sae = from_loader(loader, repo, file.name, files)
        with torch.no_grad():
            flat = x.reshape(ROWS, 2, D // 2) if name == "hook_z" else x
            values = {"acts": sae.encode(flat), **sae_lens_evidence(sae, flat), "decoded": sae(flat).reshape(ROWS, -1)}
        write(top, x, {**facts, "at": path}, {"publisher": values})


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    for make in [make_sae_lens, make_gemma_scope, make_gemma_scope_2, make_sparsify, make_dictionary_learning, make_llamascopium, make_llama_scope_transcoders, make_llama_scope_r1, make_circuit_tracer, make_torch_files, make_sae_lens_odd, make_sae_lens_of_transformers]:
        make()
    sizes = [sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) for folder in OUT.iterdir()]
    print(f"{len(sizes)} SAEs, {sum(sizes) / 1000:.0f} kB, the largest {max(sizes) / 1000:.0f} kB")
