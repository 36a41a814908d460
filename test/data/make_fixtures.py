"""Without this script nobody could check where the expected values of test/data come from.

Run: python test/data/make_fixtures.py    (numpy and pandas; writes scores.csv and oracle.json beside itself)
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
rng = np.random.default_rng(7)
n = 200

score = rng.normal(3, 10, n)
score[rng.choice(n, 17, replace=False)] = np.nan
frame = pd.DataFrame(
    {
        "id": [f"{i:05d}" for i in range(n)],
        "group": rng.choice(["a", "b", 'quo"te', "new\nline", "comma,"], n),
        "hit": rng.random(n) < 0.3,
        "tokens": rng.integers(-20, 50, n),
        "score": score,
        "text": rng.choice(["plain", "Ünïcödé 漢字 🙂", "  padded ", "x"], n),
    }
)
frame.to_csv(HERE / "scores.csv", index=False, lineterminator="\n")
frame = pd.read_csv(HERE / "scores.csv", dtype={"id": str})


def plain(values):
    return [None if pd.isna(v) else v for v in values.tolist()]


present = frame.score.dropna()
oracle = {
    "pandas": pd.__version__,
    "numpy": np.__version__,
    "columns": {name: plain(frame[name]) for name in frame.columns},
    "aggregates": {
        "sum": present.sum(),
        "mean": present.mean(),
        "median": present.median(),
        "std": present.std(),
        "var": present.var(),
        "min": present.min(),
        "max": present.max(),
        "count": int(present.count()),
    },
    "quantiles": {str(q): float(np.quantile(present, q)) for q in (0, 0.05, 0.25, 0.333, 0.5, 0.9, 1)},
    "std_of_one": plain(pd.Series([pd.Series([1.5]).std()]))[0],
    "tokens": {"sum": int(frame.tokens.sum()), "mean": frame.tokens.mean(), "std": frame.tokens.std()},
    "frac_hit": frame.hit.mean(),
    "filter_id": frame[frame.hit & (frame.score > 0)].id.tolist(),
    "mod7": (frame.tokens % 7).tolist(),
    "ratio": plain(frame.score / 4 + frame.tokens * 2),
    "sorted_id": frame.sort_values(["group", "score"], ascending=[True, False], kind="stable", na_position="last").id.tolist(),
    "counts": {k: int(v) for k, v in frame.groupby("group", sort=False).size().items()},
    "lower": frame.text.str.lower().tolist(),
    "strip": frame.text.str.strip().tolist(),
    "len": frame.text.str.len().tolist(),
    "contains": frame.text.str.contains("a", regex=False).tolist(),
    "numbers": {
        "x": (x := [0.001, 0.5, 1.0, 2.0, 10.0, 123.456, 8.0]),
        "log": np.log(x).tolist(),
        "log2": np.log2(x).tolist(),
        "log10": np.log10(x).tolist(),
        "exp": np.exp(np.array(x) / 10).tolist(),
        "sqrt": np.sqrt(x).tolist(),
        "floor": np.floor(x).astype(int).tolist(),
        "ceil": np.ceil(x).astype(int).tolist(),
        "sign": np.sign(x).astype(int).tolist(),
        "clamp": np.clip(x, 0.5, 9).tolist(),
    },
}
(HERE / "oracle.json").write_text(json.dumps(oracle, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
