"""Without this file saeq's time to the final table would stand beside nothing: the same notebook as it is written today."""

import argparse
import json
import time
from pathlib import Path

process_began = time.perf_counter()

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
import torch
from sae_lens import SAE
from transformer_lens.model_bridge import TransformerBridge

imports_done = time.perf_counter()

LAYER = 7
HOOK = f"blocks.{LAYER}.hook_resid_post"
LAST = 50
TOP = 10


def sampled_rows(runs: pd.DataFrame, sample: Path | None) -> dict[str, pd.DataFrame]:
    """The two groups: drawn from the table, or the rows that saeq drew, so that both programs read the same texts."""
    if sample is not None:
        drawn = pd.read_csv(sample)
        return {str(name): rows for name, rows in drawn.groupby("group", sort=False)}
    perfect = runs[runs.perfect_match]
    non_perfect = runs[~runs.perfect_match & (runs.matching_tokens == 0)]
    return {
        "perfect": perfect.sample(10, random_state=42),
        "non_perfect": non_perfect.sample(10, random_state=42),
    }


def activations(model: TransformerBridge, sae: SAE, rows: pd.DataFrame) -> torch.Tensor:
    """[tokens, features] of the last tokens of every row."""
    encoded = []
    for row in rows.itertuples():
        tokens = model.to_tokens(row.input_text + row.generated_continuation_text, prepend_bos=True)
        _, cache = model.run_with_cache(tokens, names_filter=HOOK, stop_at_layer=LAYER + 1)
        encoded.append(sae.encode(cache[HOOK][0])[-LAST:])
    return torch.cat(encoded)


def statistics(active: torch.Tensor) -> dict[str, float]:
    fires = active > 0
    return {
        "tokens": active.shape[0],
        "l0_mean": fires.sum(1).float().mean().item(),
        "mean_active": active[fires].mean().item(),
        "max": active.max().item(),
        "never_active": (~fires.any(0)).float().mean().item(),
    }


def overlaid_histogram(series: dict[str, torch.Tensor], title: str, path: Path) -> None:
    plt.figure()
    for name, values in series.items():
        plt.hist(values.numpy(), bins=50, alpha=0.5, label=name)
    plt.title(title)
    plt.legend()
    plt.savefig(path)
    plt.close()


def top_features(active: torch.Tensor) -> pd.DataFrame:
    """The features active on most tokens; where counts are equal the lower number comes first."""
    fires = active > 0
    counts = fires.sum(0)
    table = pd.DataFrame({"count": counts.numpy(), "mean": (active.sum(0) / counts).numpy(), "max": active.amax(0).numpy()})
    return table.rename_axis("feature").reset_index().sort_values(["count", "feature"], ascending=[False, True]).head(TOP)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, help="the CSV of memorization runs")
    parser.add_argument("model", type=Path)
    parser.add_argument("sae", type=Path)
    parser.add_argument("out", type=Path, help="folder for the plots, union.json and times.json")
    parser.add_argument("--sample", type=Path, help="rows to read instead of drawing them: a CSV with a column `group`")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_grad_enabled(False)

    groups = sampled_rows(pd.read_csv(arguments.runs), arguments.sample)
    model = TransformerBridge.boot_transformers(str(arguments.model), device="cpu", dtype=torch.float32)
    sae = SAE.load_from_disk(arguments.sae, device="cpu", dtype="float32")
    loaded = time.perf_counter()

    active = {name: activations(model, sae, rows) for name, rows in groups.items()}
    encoded = time.perf_counter()

    print(pd.DataFrame({name: statistics(values) for name, values in active.items()}).T)
    overlaid_histogram({name: (values > 0).sum(1) for name, values in active.items()}, "Active features per token (L0)", arguments.out / "l0.svg")
    overlaid_histogram({name: values[values > 0] for name, values in active.items()}, "Activation when active", arguments.out / "activation.svg")
    tops = {name: top_features(values) for name, values in active.items()}
    for name, table in tops.items():
        print(name, table.to_string(index=False), sep="\n")
    perfect, non_perfect = (set(table.feature) for table in tops.values())
    shared = sorted(perfect & non_perfect)
    print("shared", shared, "jaccard", len(shared) / len(perfect | non_perfect))
    features = sorted(perfect | non_perfect)
    union = pd.DataFrame({"feature": features, **{name: (values[:, features] > 0).sum(0).numpy() for name, values in active.items()}})
    union = union.sort_values(["perfect", "non_perfect", "feature"], ascending=[False, False, True])
    print(union.to_string(index=False))
    ended = time.perf_counter()

    union.to_json(arguments.out / "union.json", orient="records")
    times = {"imports": imports_done - process_began, "load": loaded - imports_done, "activations": encoded - loaded, "tables and plots": ended - encoded}
    (arguments.out / "times.json").write_text(json.dumps(times))


main()
