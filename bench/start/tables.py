"""Without this file the peers would make the notebook's tables and plots in two ways."""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
import torch

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


def parsed(description: str | None) -> argparse.Namespace:
    """What every peer is told, with the folder of its results made."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("runs", type=Path, help="the CSV of memorization runs")
    parser.add_argument("model", type=Path)
    parser.add_argument("sae", type=Path)
    parser.add_argument("out", type=Path, help="folder for the plots, union.json and times.json")
    parser.add_argument("--sample", type=Path, help="rows to read instead of drawing them: a CSV with a column `group`")
    parser.add_argument("--layer", type=int, default=7)
    parser.add_argument("--dtype", default="float32", help="of the model: read by bench/seed/truncated.py alone")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    return arguments


def report(active: dict[str, torch.Tensor], out: Path) -> None:
    """Statistics, two plots, top features of both groups, what they share, and the counts of their union."""
    print(pd.DataFrame({name: statistics(values) for name, values in active.items()}).T)
    overlaid_histogram({name: (values > 0).sum(1) for name, values in active.items()}, "Active features per token (L0)", out / "l0.svg")
    overlaid_histogram({name: values[values > 0] for name, values in active.items()}, "Activation when active", out / "activation.svg")
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
    union.to_json(out / "union.json", orient="records")
