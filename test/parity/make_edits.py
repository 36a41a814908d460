"""Without this file edits of the model (`ablate`, `steer`) would be compared with themselves.

Writes small SAEs, and what transformers computes from the models of make_architectures.py where forward hooks change the stream by them, into
edits/ beside this file. The formula is written here, in torch: x + sum over features of (value - activation) * decoder row, or + value * decoder row.
Seeded and re-runnable:  python test/parity/make_edits.py [CASE ...]
Needs torch, transformers (5.24 was used) and safetensors. make_edits_sae_lens.py holds ablations against sae_lens.
"""

import json
import shutil
import sys
import zlib
from pathlib import Path

import torch
from make_architectures import LLAMA_POINTS, POINTS, blocks_of, hooks_of
from safetensors.torch import save_file

HERE = Path(__file__).parent
OUT = HERE / "edits"
D, M, K, NEW = 32, 160, 12, 24
# Ids that are special in these fixtures: one begins each text, the other stands in the middle of one.
SPECIAL = (1, 2)
MARGIN = 1e-3
# Cases whose logits at every position are written as well: an edited place in the last block and before it, several edits, capped logits.
WITH_LOGITS = ("llama_stacked", "neox_relu_attn", "gemma2_relu_mid", "gpt2_last", "cohere_relu_attn", "gemma4_stacked")

# name → (model, edits in the order of the pipeline: kind of SAE, layer, hook, number of features, how, value, special tokens too)
CASES = {
    "llama_relu_post": ("llama_plain", [("relu", 0, "resid_post", 2, "set", 0.0, False)]),
    "llama_jump_mlp": ("llama_plain", [("jumprelu", 0, "mlp_out", 1, "set", 3.5, False)]),
    "llama_topk_pre": ("llama_plain", [("topk", 1, "resid_pre", 3, "set", 0.0, False)]),
    "llama_layer_norm": ("llama_plain", [("layer_norm", 0, "resid_post", 2, "set", 0.0, False)]),
    "llama_layer_norm_add": ("llama_plain", [("layer_norm", 0, "resid_post", 1, "add", 2.0, True)]),
    "llama_rescaled": ("llama_plain", [("rescaled", 1, "attn_out", 2, "set", 1.25, True)]),
    "llama_mlp_in": ("llama_plain", [("jumprelu", 1, "mlp_in", 1, "set", 0.0, False)]),
    "llama_stacked": ("llama_plain", [("relu", 0, "resid_post", 1, "set", 0.0, False), ("relu", 0, "resid_post", 2, "add", -1.5, False), ("topk", 1, "mlp_out", 1, "set", 4.0, True)]),
    "neox_relu_attn": ("neox_small", [("relu", 0, "attn_out", 2, "set", 0.0, False)]),
    "neox_topk_mlp": ("neox_small", [("topk", 0, "mlp_out", 1, "add", 3.0, False)]),
    "gemma2_jump_mlp": ("gemma2_capped", [("jumprelu", 0, "mlp_out", 2, "set", 0.0, False)]),
    "gemma2_relu_mid": ("gemma2_capped", [("relu", 0, "resid_mid", 1, "set", 5.0, False)]),
    "gpt2_topk_by_norm": ("gpt2_tied", [("topk_by_norm", 0, "resid_pre", 2, "set", 0.0, False)]),
    "gpt2_gated_z": ("gpt2_tied", [("gated", 0, "z", 2, "set", 6.0, True)]),
    "gptj_topk_mlp": ("gptj_plain", [("topk", 0, "mlp_out", 1, "add", 3.0, False)]),
    "bloom_stacked": ("bloom_plain", [("relu", 0, "resid_pre", 1, "add", 2.0, False), ("jumprelu", 1, "attn_out", 1, "set", 4.0, False)]),
    "opt_relu_mlp_in": ("opt_plain", [("relu", 0, "mlp_in", 1, "set", 4.0, False)]),
    "cohere_relu_attn": ("cohere_normed", [("relu", 0, "attn_out", 2, "set", 0.0, False)]),
    "gemma4_stacked": ("gemma4_shared", [("relu", 0, "resid_pre", 1, "add", 2.0, False), ("jumprelu", 2, "attn_out", 1, "set", 4.0, False), ("topk", 4, "resid_post", 1, "set", 3.0, False)]),
    "llama4_stacked": ("llama4_dense", [("relu", 0, "attn_out", 1, "add", 4.0, False), ("jumprelu", 1, "mlp_out", 2, "set", 4.0, False), ("relu", 1, "z", 1, "set", 0.0, False)]),
    "lfm2_stacked": ("lfm2_published", [("relu", 0, "resid_post", 1, "add", 4.0, False), ("jumprelu", 1, "mlp_out", 2, "set", 4.0, False), ("relu", 2, "attn_out", 1, "set", 0.0, False)]),
    "qwen3_next_stacked": ("qwen3_next_dense", [("relu", 0, "attn_out", 1, "add", 4.0, False), ("jumprelu", 1, "mlp_out", 2, "set", 4.0, False), ("relu", 1, "resid_pre", 1, "set", 0.0, False)]),
    "gpt2_last": ("gpt2_tied", [("relu", 1, "resid_post", 1, "add", 9.0, False)]),
}
NAMES = {"resid_pre": "hook_resid_pre", "z": "attn.hook_z", "attn_out": "hook_attn_out", "resid_mid": "hook_resid_mid", "mlp_in": "mlp.hook_in", "mlp_out": "hook_mlp_out", "resid_post": "hook_resid_post"}


class Sae:
    """An SAE of a kind, with random weights: directions near its encoder's, so that it is about some of what it reads."""

    def __init__(self, kind: str, scale: float):
        self.kind = kind
        W = torch.randn(M, D)
        self.W_enc = (W / W.norm(dim=1, keepdim=True)).T.contiguous() / scale
        self.W_dec = (W / W.norm(dim=1, keepdim=True) + 0.1 * torch.randn(M, D)) * (0.5 + torch.rand(M, 1)) * scale
        self.b_enc, self.b_dec = 0.1 * torch.randn(M), 0.1 * scale * torch.randn(D)
        self.threshold = 0.3 + 0.5 * torch.rand(M)
        self.b_gate, self.b_mag, self.r_mag = 0.1 * torch.randn(M), 0.1 * torch.randn(M), 0.2 * torch.randn(M)

    def seen(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What the encoder reads, and by what a change of the reconstruction is multiplied on its way back."""
        if self.kind == "layer_norm":
            # torch's std, n - 1 below.
            return (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-5), x.std(-1, keepdim=True)
        if self.kind == "rescaled":
            return x * (D**0.5 / x.norm(dim=-1, keepdim=True)), x.norm(dim=-1, keepdim=True) / D**0.5
        return x, torch.ones_like(x[..., :1])

    def acts(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Activations [n, M], and how far each is from being decided otherwise."""
        seen = self.seen(x)[0] - self.b_dec
        if self.kind == "gated":
            raw = seen @ self.W_enc
            gate, magnitude = raw + self.b_gate, raw * self.r_mag.exp() + self.b_mag
            return (gate > 0) * magnitude.clamp(min=0), torch.minimum(gate.abs(), magnitude.abs())
        pre = seen @ self.W_enc + self.b_enc
        if self.kind in ("topk", "topk_by_norm"):
            pre = pre * (self.W_dec.norm(dim=-1) if self.kind == "topk_by_norm" else 1)
            ordered = pre.sort(dim=-1, descending=True).values
            chosen = pre >= ordered[:, K - 1 : K]
            return chosen * pre.clamp(min=0), torch.minimum((pre - ordered[:, K - 1 : K + 1].mean(-1, keepdim=True)).abs(), pre.abs())
        if self.kind == "relu":
            return pre.clamp(min=0), pre.abs()
        return (pre > self.threshold) * pre.clamp(min=0), (pre - self.threshold).abs()

    def rows(self, features: list[int]) -> torch.Tensor:
        norm = self.W_dec.norm(dim=-1, keepdim=True) if self.kind == "topk_by_norm" else 1
        return (self.W_dec / norm)[features]

    def change(self, x: torch.Tensor, features: list[int], how: str, value: float) -> torch.Tensor:
        amount = value - self.acts(x)[0][:, features] if how == "set" else torch.full((len(x), len(features)), value)
        return amount @ self.rows(features) * self.seen(x)[1]

    def write(self, folder: Path, hook_name: str) -> None:
        kinds = {"relu": "standard", "topk": "topk", "topk_by_norm": "topk", "gated": "gated"}
        config = {
            "d_in": D, "d_sae": M, "dtype": "float32", "device": "cpu", "apply_b_dec_to_input": True, "reshape_activations": "none",
            "normalize_activations": {"layer_norm": "layer_norm", "rescaled": "constant_norm_rescale"}.get(self.kind, "none"),
            "metadata": {"sae_lens_version": "6.54.12", "model_name": "parity", "hook_name": hook_name, "prepend_bos": True},
            "architecture": kinds.get(self.kind, "jumprelu"),
        }
        tensors = {"W_enc": self.W_enc, "W_dec": self.W_dec, "b_dec": self.b_dec, "b_enc": self.b_enc}
        if "topk" in self.kind:
            config |= {"k": K, "rescale_acts_by_decoder_norm": self.kind == "topk_by_norm"}
        if self.kind == "gated":
            del tensors["b_enc"]
            tensors |= {"b_gate": self.b_gate, "b_mag": self.b_mag, "r_mag": self.r_mag}
        if config["architecture"] == "jumprelu":
            tensors |= {"threshold": self.threshold}
        folder.mkdir(parents=True)
        (folder / "cfg.json").write_text(json.dumps(config) + "\n")
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "sae_weights.safetensors")


class Edit:
    def __init__(self, sae: Sae, layer: int, hook: str, features: list[int], how: str, value: float, special: bool):
        self.sae, self.layer, self.hook, self.features, self.how, self.value, self.special = sae, layer, hook, features, how, value, special

    def chosen(self, ids: list[int]) -> torch.Tensor:
        """Which tokens are edited, [n, 1]."""
        return torch.tensor([[self.special or id not in SPECIAL] for id in ids])


def install(model, kind: str, edits: list[Edit], ids: list[int], margins: list[float]) -> list:
    """Forward hooks that make the edits. Hooks of one place run in the order in which they are installed."""
    points, handles, entered = POINTS.get(kind, LLAMA_POINTS), [], {}

    def after(edit: Edit, x: torch.Tensor) -> torch.Tensor:
        rows = x.reshape(len(ids), -1)
        margins.append(edit.sae.acts(rows)[1][:, edit.features].min().item())
        changed = rows + edit.sae.change(rows, edit.features, edit.how, edit.value)
        return torch.where(edit.chosen(ids), changed, rows).reshape(x.shape)

    def outputs(edit: Edit):
        def hook(_module, _args, out):
            return (after(edit, out[0]), *out[1:]) if isinstance(out, tuple) else after(edit, out)

        return hook

    def inputs(edit: Edit):
        def hook(_module, args, kwargs):
            if args:
                return (after(edit, args[0]), *args[1:]), kwargs
            return args, {**kwargs, "hidden_states": after(edit, kwargs["hidden_states"])}

        return hook

    for edit in edits:
        block = blocks_of(model)[edit.layer]
        if edit.hook in ("resid_pre", "mlp_in"):
            module = block if edit.hook == "resid_pre" else block.get_submodule(points.get("mlp_in", "mlp"))
            handles.append(module.register_forward_pre_hook(inputs(edit), with_kwargs=True))
        elif edit.hook == "resid_post":
            handles.append(block.register_forward_hook(outputs(edit)))
        elif edit.hook == "resid_mid":
            # The stream there is a sum inside of the block: what is added to it is changed by as much.
            def enter(_module, args, kwargs, edit=edit):
                entered[edit] = args[0] if args else kwargs["hidden_states"]

            def added(_module, _args, out, edit=edit):
                return out + (after(edit, entered[edit] + out) - (entered[edit] + out))

            handles.append(block.register_forward_pre_hook(enter, with_kwargs=True))
            handles.append(block.get_submodule(points["attn_out"][0]).register_forward_hook(added))
        elif edit.hook == "z":
            handles.append(block.get_submodule(points["z"][0]).register_forward_pre_hook(inputs(edit), with_kwargs=True))
        else:
            handles.append(block.get_submodule(points[edit.hook][0]).register_forward_hook(outputs(edit)))
    return handles


def load(name: str):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(HERE / "architectures" / name, dtype=torch.float32, attn_implementation="eager").eval()


def edited_hooks(model, kind: str, edits: list[Edit], ids: list[int], margins: list[float]) -> dict[str, torch.Tensor]:
    handles = install(model, kind, edits, ids, margins)
    found = hooks_of(model, kind, torch.tensor([ids]))
    for handle in handles:
        handle.remove()
    return found


def edited_logits(model, kind: str, edits: list[Edit], ids: list[int]) -> torch.Tensor:
    """[positions, vocabulary]"""
    handles = install(model, kind, edits, ids, [])
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].float()
    for handle in handles:
        handle.remove()
    return logits.contiguous()


def continued(model, kind: str, edits: list[Edit], ids: list[int], margins: list[float]) -> list[int]:
    """Greedily, all of the text anew for each token."""
    text = list(ids)
    for _ in range(NEW):
        handles = install(model, kind, edits, text, margins)
        with torch.no_grad():
            logits = model(torch.tensor([text])).logits[0, -1]
        for handle in handles:
            handle.remove()
        best = logits.topk(2).values
        margins.append((best[0] - best[1]).item())
        text.append(int(logits.argmax()))
    return text[len(ids) :]


def make(name: str, seed: int) -> bool:
    model_name, wanted = CASES[name]
    torch.manual_seed(seed)
    model = load(model_name)
    kind = model.config.model_type
    vocabulary = model.config.vocab_size
    documents = [[1, *torch.randint(3, vocabulary, (length,)).tolist()] for length in (7, 20)]
    documents[1][9] = 2
    margins: list[float] = []
    edits: list[Edit] = []
    saes: dict[tuple[str, int, str], Sae] = {}
    for sae_kind, layer, hook, count, how, value, special in wanted:
        seen = edited_hooks(model, kind, edits, documents[1], margins)[f"{layer}.{hook}"]
        sae = saes.setdefault((sae_kind, layer, hook), Sae(sae_kind, 1.0 if sae_kind in ("layer_norm", "rescaled") else seen.std().item()))
        # Features that fire on many tokens and not on all of them.
        rates = (sae.acts(seen)[0] > 0).float().mean(0)
        features = (rates - 0.5).abs().topk(count, largest=False).indices.sort().values.tolist()
        edits.append(Edit(sae, layer, hook, features, how, value, special))
    plain = edited_hooks(model, kind, [], documents[1], margins)
    tensors = {}
    for number, ids in enumerate(documents):
        for hook, value in edited_hooks(model, kind, edits, ids, margins).items():
            layer, place = hook.split(".")
            if place == "resid_post" or any(layer == str(edit.layer) and place == edit.hook for edit in edits):
                tensors[f"{number}.{hook}"] = value.contiguous()
    continuations = [continued(model, kind, edits, ids, margins) for ids in documents]
    unedited = [continued(model, kind, [], ids, []) for ids in documents]
    last = f"{model.config.num_hidden_layers - 1}.resid_post"
    moved = ((tensors[f"1.{last}"] - plain[last]).norm() / plain[last].norm()).item()
    if min(margins) < MARGIN or continuations == unedited or moved < 0.02:
        print(name, "seed", seed, "is passed over: moved", round(moved, 3), "margin", f"{min(margins):.1e}", "other continuations", continuations != unedited)
        return False
    folder = OUT / name
    places = list(saes)
    for number, (key, sae) in enumerate(saes.items()):
        sae.write(folder / f"sae{number}", f"blocks.{key[1]}.{NAMES[key[2]]}")
    save_file(tensors, folder / "expected.safetensors")
    if name in WITH_LOGITS:
        save_file({str(number): edited_logits(model, kind, edits, ids) for number, ids in enumerate(documents)}, folder / "logits.safetensors")
    written = [{"sae": places.index((sae_kind, layer, hook)), "layer": layer, "hook": hook, "features": edit.features, "how": how, "value": value, "special": special} for edit, (sae_kind, layer, hook, _, how, value, special) in zip(edits, wanted)]
    (folder / "expected.json").write_text(json.dumps({"model": model_name, "special": SPECIAL, "edits": written, "documents": documents, "continuations": continuations}) + "\n")
    print(name, "seed", seed, "moved", round(moved, 3), "margin", f"{min(margins):.1e}", written[0]["features"])
    return True


if __name__ == "__main__":
    for case in CASES:
        if sys.argv[1:] and case not in sys.argv[1:]:
            continue
        shutil.rmtree(OUT / case, ignore_errors=True)
        start = zlib.crc32(case.encode())
        # The first seed at which nothing is decided by the last digits, and the edit changes what is read and written.
        next(seed for seed in range(start, start + 200) if make(case, seed))
