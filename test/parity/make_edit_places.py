"""Without this file edits of some tokens of a text (`last 2`, `of continuation` …) would be compared with themselves.

Writes what transformers computes from the models of make_architectures.py where forward hooks change the stream of some tokens alone, into edit_places/
beside this file, with the SAEs and the formula of make_edits.py. Where a place lies is written here as slices of a prompt and of what follows it.
Seeded and re-runnable:  python test/parity/make_edit_places.py [CASE ...]
Needs torch, transformers (5.24 was used) and safetensors.
"""

import json
import shutil
import sys
import zlib
from pathlib import Path

import torch
from make_edits import MARGIN, NAMES, Edit, Sae, continued, edited_hooks, edited_logits, load
from safetensors.torch import save_file

OUT = Path(__file__).parent / "edit_places"
MOVED = 0.005

# name → (model, edits in the order of the pipeline: kind of SAE, layer, hook, number of features, how, value, special tokens too, place: first, last, of)
CASES = {
    "llama_last": ("llama_plain", [("relu", 0, "resid_post", 1, "add", 6.0, False, (None, 1, "all"))]),
    "llama_bos": ("llama_plain", [("jumprelu", 0, "mlp_out", 2, "set", 4.0, True, (2, None, "all"))]),
    "neox_written": ("neox_small", [("topk", 0, "mlp_out", 1, "set", 4.0, False, (None, None, "continuation"))]),
    "gpt2_last_block": ("gpt2_tied", [("relu", 1, "resid_post", 1, "add", 9.0, False, (4, None, "continuation"))]),
    "gemma2_several": (
        "gemma2_capped",
        [
            ("relu", 0, "resid_mid", 1, "set", 5.0, False, (None, 3, "prompt")),
            ("jumprelu", 0, "mlp_out", 2, "set", 0.0, False, (None, None, "continuation")),
            ("relu", 0, "resid_mid", 1, "add", 2.0, False, None),
            ("relu", 0, "resid_mid", 1, "add", -3.0, True, (None, 3, "prompt")),
        ],
    ),
    "qwen3_bf16_prompt": ("qwen3_bf16", [("layer_norm", 0, "resid_post", 1, "add", 2.0, False, (None, None, "prompt"))]),
    # Before the norms behind attention and MLP, and what the MLP reads: the stream as it is, which goes on unedited.
    "olmo2_before_norms": ("olmo2_grouped", [("relu", 0, "attn_out", 1, "add", 4.0, False, (2, None, "all")), ("relu", 0, "mlp_in", 1, "add", 3.0, False, None), ("jumprelu", 1, "mlp_out", 2, "set", 4.0, True, (None, None, "continuation"))]),
    # Before the factor of what attention and MLP add.
    "granite_before_factors": ("granite_factors", [("relu", 0, "attn_out", 1, "add", 9.0, False, (2, None, "all")), ("jumprelu", 1, "mlp_out", 2, "set", 8.0, True, None)]),
    # Before the norms of the stream itself, and behind the second.
    "opt_before_norms": ("opt_behind", [("relu", 0, "resid_mid", 1, "add", 4.0, False, (2, None, "all")), ("relu", 1, "attn_out", 1, "add", 3.0, False, None), ("jumprelu", 1, "mlp_out", 2, "set", 4.0, True, (None, None, "continuation")), ("relu", 1, "resid_post", 1, "add", 3.0, False, None)]),
    # Behind the norms of what attention and MLP give, and before their factor.
    "hyperclovax_behind_norms": ("hyperclovax_normed", [("relu", 0, "attn_out", 1, "add", 4.0, False, (2, None, "all")), ("jumprelu", 1, "mlp_out", 2, "set", 4.0, True, None)]),
    "lfm2_written": ("lfm2_biased", [("relu", 1, "resid_pre", 1, "add", 4.0, False, (None, None, "continuation")), ("jumprelu", 1, "mlp_in", 1, "set", 4.0, False, (2, None, "all"))]),
    "qwen3_5_written": ("qwen3_5_own", [("relu", 1, "resid_pre", 1, "add", 4.0, False, (None, None, "continuation"))]),
}
# Tokens, of which so many are the prompt: a short prompt, and a special token among its last three.
DOCUMENTS = ((7, 2), (20, 11), (6, 5))


class Placed(Edit):
    """An edit of some tokens: `prompt` of a text are given, the others follow. While a text is written, all that is known of it is its prompt."""

    def __init__(self, *edit, place):
        super().__init__(*edit)
        self.place, self.prompt, self.writing = place, 0, False

    def chosen(self, ids):
        if self.place is None:
            return super().chosen(ids)
        first, last, of = self.place
        places = list(range(len(ids)))
        prompt, behind = places[: self.prompt], places[self.prompt :]
        part = {"all": prompt if self.writing and last is not None else places, "prompt": prompt, "continuation": behind}[of]
        part = part[:first] if first is not None else part[-last:] if last is not None else part
        return super().chosen(ids) & torch.tensor([[at in part] for at in places])


def make(name: str, seed: int) -> bool:
    model_name, wanted = CASES[name]
    torch.manual_seed(seed)
    model = load(model_name)
    kind = model.config.model_type
    documents = [[1, *torch.randint(3, model.config.vocab_size, (length - 1,)).tolist()] for length, _ in DOCUMENTS]
    documents[1][9] = 2
    margins: list[float] = []
    edits: list[Placed] = []
    saes: dict[tuple[str, int, str], Sae] = {}

    def at(number: int, writing: bool = False) -> list[Placed]:
        for edit in edits:
            edit.prompt, edit.writing = DOCUMENTS[number][1], writing
        return edits

    for sae_kind, layer, hook, count, how, value, special, place in wanted:
        seen = edited_hooks(model, kind, at(1), documents[1], margins)[f"{layer}.{hook}"]
        sae = saes.setdefault((sae_kind, layer, hook), Sae(sae_kind, 1.0 if sae_kind == "layer_norm" else seen.std().item()))
        rates = (sae.acts(seen)[0] > 0).float().mean(0)
        features = (rates - 0.5).abs().topk(count, largest=False).indices.sort().values.tolist()
        edits.append(Placed(sae, layer, hook, features, how, value, special, place=place))
    last = f"{model.config.num_hidden_layers - 1}.resid_post"
    tensors, moved = {}, []
    for number, ids in enumerate(documents):
        found = edited_hooks(model, kind, at(number), ids, margins)
        plain = edited_hooks(model, kind, [], ids, [])[last]
        moved.append(((found[last] - plain).norm() / plain.norm()).item())
        for hook in {last, *(f"{edit.layer}.{edit.hook}" for edit in edits)}:
            tensors[f"{number}.{hook}"] = found[hook].contiguous()
        tensors[f"{number}.logits"] = edited_logits(model, kind, at(number), ids)
    prompts = [ids[:prompt] for ids, (_, prompt) in zip(documents, DOCUMENTS)]
    continuations = [continued(model, kind, at(number, True), ids, margins) for number, ids in enumerate(prompts)]
    unedited = [continued(model, kind, [], ids, []) for ids in prompts]
    if min(margins) < MARGIN or continuations == unedited or min(moved) < MOVED:
        print(name, "seed", seed, "is passed over: moved", round(min(moved), 3), "margin", f"{min(margins):.1e}", "other continuations", continuations != unedited)
        return False
    folder = OUT / name
    places = list(saes)
    for number, (key, sae) in enumerate(saes.items()):
        sae.write(folder / f"sae{number}", f"blocks.{key[1]}.{NAMES[key[2]]}")
    save_file(tensors, folder / "expected.safetensors")
    written = [
        {"sae": places.index((sae_kind, layer, hook)), "layer": layer, "hook": hook, "features": edit.features, "how": how, "value": value, "special": special}
        | ({} if place is None else {"window": dict(zip(("first", "last", "of"), place))})
        for edit, (sae_kind, layer, hook, _, how, value, special, place) in zip(edits, wanted)
    ]
    texts = [{"ids": ids, "prompt": prompt} for ids, (_, prompt) in zip(documents, DOCUMENTS)]
    (folder / "expected.json").write_text(json.dumps({"model": model_name, "special": (1, 2), "edits": written, "documents": texts, "continuations": continuations}) + "\n")
    print(name, "seed", seed, "moved", round(min(moved), 3), "margin", f"{min(margins):.1e}", written[0]["features"])
    return True


if __name__ == "__main__":
    for case in CASES:
        if sys.argv[1:] and case not in sys.argv[1:]:
            continue
        shutil.rmtree(OUT / case, ignore_errors=True)
        start = zlib.crc32(case.encode())
        # The first seed at which nothing is decided by the last digits, and the edit changes what is read and written.
        next(seed for seed in range(start, start + 200) if make(case, seed))
