"""Without this file the kernels' figures would be checked against themselves.

Writes oracle.json beside it: small seeded sparse activations and what numpy, pandas and fractions say of them.
Run: python test/kernels/make_fixtures.py (numpy 2, pandas 3).
"""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd

ROWS, COLS, THRESHOLD = 61, 23, 0.25
QUANTILES = [0.05, 0.5, 0.95]


def table(seed: int, density: float) -> dict:
    """A dense [ROWS, COLS] float32 table as CSR, with masked rows and values around the threshold."""
    rng = np.random.default_rng(seed)
    dense = np.exp(rng.normal(0, 1.5, (ROWS, COLS))).astype(np.float32)
    dense[rng.random((ROWS, COLS)) > density] = 0
    dense[:, 4] = 0
    dense[rng.random((ROWS, COLS)) < 0.02] = np.float32(THRESHOLD)
    masked = rng.random(ROWS) < 0.1
    row, feature = np.nonzero(dense)
    return {
        "dense": dense,
        "masked": masked,
        "csr": {
            "rows": ROWS,
            "cols": COLS,
            "indptr": np.concatenate([[0], np.cumsum((dense != 0).sum(1))]).tolist(),
            "indices": feature.tolist(),
            "values": [float(v) for v in dense[row, feature]],
            "masked": masked.astype(int).tolist(),
        },
    }


def spread(values: np.ndarray) -> dict:
    wide = values.astype(np.float64)
    low, middle, high = np.quantile(wide, QUANTILES)
    return {
        "mean": float(wide.mean()),
        "sd": float(wide.std(ddof=1)),
        "min": float(wide.min()),
        "p5": float(low),
        "p50": float(middle),
        "p95": float(high),
        "max": float(wide.max()),
    }


def oracle(seed: int, density: float) -> dict:
    made = table(seed, density)
    kept = made["dense"][~made["masked"]]
    active = kept > np.float32(THRESHOLD)
    frame = pd.DataFrame({"feature": np.nonzero(active)[1], "value": kept[active]})
    totals = frame.groupby("feature")["value"].agg(["count", "max"])
    exact = frame.groupby("feature")["value"].apply(lambda group: sum(Fraction(float(v)) for v in group))
    totals["sum"] = [float(total) for total in exact]
    totals["mean"] = [float(total / count) for total, count in zip(exact, totals["count"])]
    totals["frac"] = totals["count"] / len(kept)
    totals = totals.reset_index()
    orders = {
        f"{by} {'desc' if descending else 'asc'}": totals.sort_values(
            [by, "feature"], ascending=[not descending, True], kind="stable"
        )["feature"].tolist()
        for by in ["count", "mean", "max", "sum", "frac"]
        for descending in [True, False]
    }
    values = kept[active]
    return {
        "csr": made["csr"],
        "threshold": THRESHOLD,
        "totals": {name: totals[name].tolist() for name in totals.columns},
        "orders": orders,
        "tokens": len(kept),
        "live": int(active.any(0).sum()),
        "l0": spread(active.sum(1)),
        "activation": spread(values),
        "l0PerRow": active.sum(1).tolist(),
    }


def histograms() -> dict:
    rng = np.random.default_rng(5)
    a = np.exp(rng.normal(0, 1, 400)).astype(np.float32)
    b = np.exp(rng.normal(0.4, 1, 300)).astype(np.float32)
    pooled = np.concatenate([a, b]).astype(np.float64)
    made = {}
    for name, bins in [("fd", "fd"), ("seven", 7), ("one", 1)]:
        edges = np.histogram_bin_edges(pooled, bins)
        made[name] = {
            "edges": edges.tolist(),
            "counts": [np.histogram(x.astype(np.float64), edges)[0].tolist() for x in (a, b)],
        }
    return {"series": [[float(v) for v in x] for x in (a, b)], "made": made}


def columns() -> dict:
    """Histograms of float64: fractions, numbers past float32, and both signs."""
    rng = np.random.default_rng(11)
    kinds = {
        "tenths": np.arange(1, 60) / 10,
        "huge": np.concatenate([rng.normal(0, 1, 80), [2.5e300, -1e299]]),
        "close": 5e9 + rng.integers(0, 50, 90) / 64,
    }
    made = {}
    for name, values in kinds.items():
        edges = np.histogram_bin_edges(values, "fd") if name != "huge" else np.histogram_bin_edges(values, 6)
        made[name] = {"values": values.tolist(), "bins": len(edges) - 1 if name == "huge" else None, "edges": edges.tolist(), "counts": np.histogram(values, edges)[0].tolist()}
    return made


def sums() -> dict:
    rng = np.random.default_rng(9)
    wide = (rng.normal(0, 1, 600) * 10.0 ** rng.integers(-40, 38, 600)).astype(np.float32)
    wide = np.concatenate([wide, -wide[:300], [np.float32(1e-45), np.float32(3.4e38)]]).astype(np.float32)
    total = sum(Fraction(float(v)) for v in wide)
    squares = sum(Fraction(float(v)) ** 2 for v in wide)
    n = len(wide)
    return {
        "values": [float(v) for v in wide],
        "sum": float(total),
        "mean": float(total / n),
        "variance": float((n * squares - total * total) / (n * (n - 1))),
    }


if __name__ == "__main__":
    result = {"groups": [oracle(1, 0.4), oracle(2, 0.15)], "histogram": histograms(), "columns": columns(), "sums": sums()}
    (Path(__file__).parent / "oracle.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")
