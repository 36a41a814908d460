"""Without this file the comparison of groups would be checked against itself.

Writes compare.json beside it: seeded scores of documents in two groups, with ties and many zeros, and what scipy and statsmodels say.
Run: python test/kernels/make_compare.py (scipy 1.17, statsmodels 0.15).
"""

import json
from pathlib import Path

import numpy as np
from scipy import stats
from statsmodels.stats.nonparametric import rank_compare_2indep


def scores(rng: np.random.Generator, count: int, shift: float, levels: int) -> np.ndarray:
    drawn = np.maximum(0, rng.normal(shift, 1, count))
    return np.round(drawn * levels) / levels


def u_of(x, y, axis=-1):
    pairs = np.sign(np.expand_dims(x, -1) - np.expand_dims(y, -2))
    return (pairs + 1).sum(axis=(-1, -2)) / 2


def case(seed: int, m: int, n: int, shift: float, levels: int) -> dict:
    rng = np.random.default_rng(seed)
    a, b = scores(rng, m, shift, levels), scores(rng, n, 0, levels)
    if m + n <= 40:
        p = stats.permutation_test((a, b), u_of, permutation_type="independent", n_resamples=np.inf, vectorized=True, alternative="two-sided").pvalue
    else:
        p = stats.mannwhitneyu(a, b, method="asymptotic", use_continuity=True).pvalue
    ranked = rank_compare_2indep(a, b, use_t=False)
    auc = float(ranked.prob1)
    low, high = ranked.conf_int(alpha=0.05)
    error = (high - low) / 2 / stats.norm.ppf(0.975)
    interval = None
    if 0 < auc < 1 and error > 1e-6:
        ends = np.log(auc / (1 - auc)) + np.array([-1, 1]) * stats.norm.ppf(0.975) * error / (auc * (1 - auc))
        interval = (2 / (1 + np.exp(-ends)) - 1).tolist()
    return {"a": a.tolist(), "b": b.tolist(), "delta": 2 * auc - 1, "p": float(p), "interval": interval}


cases = [
    case(seed, m, n, shift, levels)
    for seed, (m, n, shift, levels) in enumerate(
        [(6, 7, 0, 2), (6, 7, 1.5, 2), (5, 8, 0.5, 100), (7, 7, -1, 1), (7, 7, 3, 100), (2, 9, 0.3, 3), (8, 5, 0.2, 1), (41, 30, 0, 3), (41, 30, 1, 5), (160, 106, 0.4, 10), (300, 250, 3, 1000), (25, 25, -0.5, 2), (2, 38, 1, 3), (2, 39, 1, 3)]
    )
]
rng = np.random.default_rng(5)
ps = np.concatenate([rng.random(40), rng.random(10) ** 8, [1.0, 1.0, 0.04, 0.04]])
Path(__file__).with_name("compare.json").write_text(
    json.dumps({
        "cases": cases,
        "rates": {"p": ps.tolist(), "q": stats.false_discovery_control(ps, method="bh").tolist()},
        "tails": [[z, float(2 * stats.norm.sf(abs(z)))] for z in [0, 0.1, -0.7, 1, 1.9, 2.12, 2.13, -3, 5, 8, 20, 37]],
    }) + "\n"
)
