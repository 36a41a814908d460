"""Without this script the numbers of examples/memorization.saeq would have no oracle but saeq itself.

Computes the notebook with pandas, transformers (float32, forward hook on layer 7) and sae_lens on the shipped model, for the rows
that `set seed 42` draws, and writes notebook.json. Run: python make_notebook.py (after `npm ci`; needs torch, transformers,
sae-lens, pandas).
"""

import json
import subprocess
import tempfile
from pathlib import Path

import pandas as pd
import torch
from sae_lens import SAE
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KJV = ROOT / "examples" / "kjv"
LAST = 50
GROUPS = ("perfect", "non_perfect")


def sampled_references(group: str) -> list[str]:
    """Which rows are in the sample is saeq's to say: samples are its own definition."""
    with tempfile.TemporaryDirectory() as folder:
        query = (
            'set seed 42; let runs = csv "memorization_results_L50_O50.csv"; let perfect = runs | where perfect_match; '
            "let non_perfect = runs | where not perfect_match and matching_tokens == 0; "
            f'sample {group} 10 | save "rows.csv"'
        )
        launcher = str(ROOT / "repl" / "bin" / "saeq.js")
        subprocess.run(
            ["node", launcher, "eval", "--out", folder, query], check=True, cwd=ROOT / "examples", capture_output=True
        )
        return pd.read_csv(Path(folder) / "rows.csv")["reference"].tolist()


def main() -> None:
    runs = pd.read_csv(ROOT / "examples" / "memorization_results_L50_O50.csv")
    tokenizer = AutoTokenizer.from_pretrained(KJV / "model")
    model = AutoModelForCausalLM.from_pretrained(KJV / "model", dtype=torch.float32).eval()
    sae = SAE.load_from_disk(str(KJV / "sae"), device="cpu")
    kept: dict[str, torch.Tensor] = {}
    model.model.layers[7].register_forward_hook(
        lambda _module, _inputs, output: kept.update(resid=output[0] if isinstance(output, tuple) else output)
    )
    result: dict[str, object] = {"rows": {}, "stats": {}, "top": {}}
    counts: dict[str, torch.Tensor] = {}
    tops: dict[str, list[int]] = {}
    for group in GROUPS:
        references = sampled_references(group)
        rows = runs.set_index("reference").loc[references]
        features = []
        for prompt, continuation in zip(rows["input_text"], rows["generated_continuation_text"]):
            ids = tokenizer(prompt + continuation, return_tensors="pt").input_ids
            with torch.inference_mode():
                model(ids)
                resid = kept["resid"].reshape(-1, model.config.hidden_size)
                features.append(sae.encode(resid)[-LAST:])
        acts = torch.cat(features).double()
        active = acts > 0
        counts[group] = active.sum(0)
        order = sorted(range(acts.shape[1]), key=lambda feature: (-int(counts[group][feature]), feature))
        tops[group] = order[:10]
        result["rows"][group] = references
        result["stats"][group] = {
            "tokens": acts.shape[0],
            "l0_mean": active.sum(1).double().mean().item(),
            "mean_active": acts[active].mean().item(),
            "max": acts.max().item(),
            "never_active": (counts[group] == 0).double().mean().item(),
        }
        result["top"][group] = [
            {"feature": f, "count": int(counts[group][f]), "mean": acts[:, f][active[:, f]].mean().item(), "max": acts[:, f].max().item()}
            for f in tops[group]
        ]
    shared = sorted(set(tops[GROUPS[0]]) & set(tops[GROUPS[1]]))
    union = sorted(set(tops[GROUPS[0]]) | set(tops[GROUPS[1]]))
    table = [{"feature": f, **{group: int(counts[group][f]) for group in GROUPS}} for f in union]
    table.sort(key=lambda row: (-row["perfect"], -row["non_perfect"], row["feature"]))
    result["overlap"] = shared
    result["union"] = table
    (HERE / "fixtures" / "notebook.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
