"""Without this file the comparison of groups would be checked against itself.

Writes compare.json beside it: seeded scores of documents in two groups, and of pairs, with ties and many zeros, and what scipy and statsmodels say.
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


def turned(difference: np.ndarray) -> float:
    """Two-sided p of the signed ranks: every way of turning the pairs that differ is written down."""
    ranks = stats.rankdata(abs(difference))
    ways = (np.arange(2 ** len(ranks))[:, None] >> np.arange(len(ranks)) & 1) @ ranks
    found = ranks[difference > 0].sum()
    return min(1, 2 * min((ways <= found).mean(), (ways >= found).mean()))


def paired(seed: int, size: int, shift: float, levels: int, noise: float) -> dict:
    """Scores of the same texts twice: what is theirs, and a change. Quarters and their like, whose differences are exact."""
    rng = np.random.default_rng(seed)
    own = np.maximum(0, rng.normal(0, 3, size))
    a = np.round((own + rng.normal(shift, noise, size)) * levels) / levels
    b = np.round(own * levels) / levels
    difference = a - b
    differing = int((difference != 0).sum())
    if differing == 0:
        p = 1.0
    elif differing <= 16:
        p = turned(difference[difference != 0])
    elif differing <= 50:
        # Without ties scipy counts all ways itself.
        assert len(set(abs(difference[difference != 0]))) == differing
        p = stats.wilcoxon(difference[difference != 0], method="exact").pvalue
    else:
        p = stats.wilcoxon(a, b, zero_method="wilcox", correction=True, method="asymptotic").pvalue
    # Agresti and Min 2005, "Simple improved confidence intervals for comparing matched proportions", section 4: a half is added to each cell of the table of both scores.
    more, less, n = (difference > 0).sum() + 0.5, (difference < 0).sum() + 0.5, size + 2
    share = (more - less) / n
    half = stats.norm.ppf(0.975) * np.sqrt((more + less) / n - share**2) / np.sqrt(n)
    return {"a": a.tolist(), "b": b.tolist(), "delta": float(np.sign(difference).mean()), "p": float(p), "interval": [max(-1, share - half), min(1, share + half)]}


pairs = [
    paired(100 + seed, *each)
    for seed, each in enumerate([(5, 2, 4, 0.1), (9, 0.3, 2, 1), (12, 1, 1, 0.8), (14, -0.5, 4, 1), (16, 0.2, 64, 1), (40, 0, 2, 0.1), (24, 0.3, 2**30, 1), (50, 0.2, 2**30, 1), (52, 0.2, 2**30, 1), (80, 0.2, 2, 1), (300, -0.1, 4, 1), (1, 1, 4, 0.1), (6, 0, 1, 0.01)])
]

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
        "pairs": pairs,
        "rates": {"p": ps.tolist(), "q": stats.false_discovery_control(ps, method="bh").tolist()},
        "tails": [[z, float(2 * stats.norm.sf(abs(z)))] for z in [0, 0.1, -0.7, 1, 1.9, 2.12, 2.13, -3, 5, 8, 20, 37]],
    }) + "\n"
)
