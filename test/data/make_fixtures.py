"""Without this script nobody could check where the expected values of test/data come from.

Run: python test/data/make_fixtures.py    (numpy, pandas and pyarrow; writes scores.csv, oracle.json and the .parquet files beside itself)
"""

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

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
# Tables: nulls and ties in every column; saeq keeps the order of first appearance, so nothing is sorted here.
marks = pd.DataFrame(
    {
        "key": ["a", "b", "a", None, "b", "a", None, "c"],
        "part": [1, 1, 2, 1, 2, 1, 1, 3],
        "x": [3.0, 5.0, None, 5.0, 3.0, 7.5, 5.0, None],
        "y": [1.0, 4.0, 2.0, None, 2.0, 8.0, 3.0, 1.0],
    }
)
rooms = pd.DataFrame({"key": ["b", "a", None, "d", "a"], "room": ["r1", "r2", "r3", "r4", "r5"]})


def records(table):
    return [[None if pd.isna(v) else v for v in row] for row in table.astype(object).itertuples(index=False)]


def grouped(keys):
    return marks.groupby(keys, sort=False, dropna=False)


def mad(series):
    present = series.dropna()
    return (present - present.median()).abs().median()


def joined(how):
    # pandas sorts the keys of an outer join; saeq puts what is only on the right below.
    left = marks.reset_index()[["index", "key"]]
    right = rooms.reset_index(names="other")
    table = left.merge(right, on="key", how=how).sort_values(["index", "other"], kind="stable", na_position="last")
    return records(table[["key", "room"]])


has = marks.key.isin(rooms.key)
oracle["tables"] = {
    "marks": records(marks),
    "rooms": records(rooms),
    "agg": records(
        grouped("key")
        .agg(n=("part", "size"), present=("x", "count"), mean=("x", "mean"), sd=("x", "std"), var=("x", "var"), low=("x", "min"), high=("x", "max"), median=("x", "median"), mad=("x", mad))
        .reset_index()
    ),
    # method named: numpy's default, "linear" (type 7 of Hyndman and Fan 1996)
    "quantile_linear": records(grouped("key").x.quantile(0.9, interpolation="linear").reset_index()),
    "two_keys": records(grouped(["key", "part"]).size().reset_index()),
    "sum": records(grouped("key").x.sum().reset_index()),
    "distinct_key": records(marks.drop_duplicates("key")),
    "distinct_x_y": records(marks.drop_duplicates(["x", "part"])),
    "distinct_all": records(pd.concat([marks, marks]).drop_duplicates()),
    "inner": joined("inner"),
    "left": joined("left"),
    "outer": joined("outer"),
    "semi": records(marks[has]),
    "anti": records(marks[~has]),
    "rank": plain(marks.x.rank(method="average")),
    "rank_text": plain(marks.key.rank(method="average")),
    "corr": marks.x.corr(marks.y),
    "mad": mad(marks.x),
    "cosine": float((p := marks.dropna(subset=["x", "y"])).x @ p.y / np.linalg.norm(p.x) / np.linalg.norm(p.y)),
    "entropy": float(-(q := marks.key.value_counts(normalize=True)).mul(np.log2(q)).sum()),
}

typed = pd.DataFrame(
    {
        "flag": pd.array([True, None, False], dtype="boolean"),
        "small": np.array([1, -2, 3], dtype="int8"),
        "count": pd.array([1, None, 2**53], dtype="Int64"),
        "huge": np.array([2**53 + 1, -1, 0], dtype="int64"),
        "unsigned": np.array([2**32 - 1, 0, 1], dtype="uint32"),
        "single": np.array([0.5, np.inf, -1.25], dtype="float32"),
        "double": [0.1, None, 1e300],
        "text": ["Ünïcödé 漢字 🙂", None, ""],
        "word": pd.Categorical(["a", "b", "a"]),
        "day": pd.array([date(1969, 12, 31), None, date(2024, 2, 29)], dtype="object"),
        "moment": pd.to_datetime(["1969-12-31T23:59:59.999999", None, "2024-02-29T12:00:00.000001"]).astype("datetime64[us]"),
        "money": pd.array([Decimal("12.34"), None, Decimal("-0.05")], dtype="object"),
        "__proto__": ["x", "y", "z"],
        "none": [None, None, None],
    }
)
typed.to_parquet(HERE / "typed.parquet", index=False)
typed.assign(tags=[["a"], [], None], place=[{"x": 1}, {"x": 2}, None])[["flag", "tags", "text", "place"]].to_parquet(HERE / "nested.parquet", index=False)
for codec in ("gzip", "zstd", "brotli", "none"):
    frame[["id", "score", "hit"]].to_parquet(HERE / f"codec_{codec}.parquet", index=False, compression=None if codec == "none" else codec, row_group_size=64)

# Several row groups with pages that end elsewhere in each column; parquet_stream.test.ts makes the same cells from their rows.
rows = range(3000)
paged = pa.table(
    {
        "id": pa.array(rows, pa.int64()),
        "big": pa.array([2**53 + i if i == 2821 else i for i in rows], pa.int64()),
        "count": pa.array([None if i % 5 == 0 else i * 3 for i in rows], pa.int32()),
        "flag": pa.array([None if i % 11 == 0 else i % 3 == 0 for i in rows], pa.bool_()),
        "x": pa.array([None if i % 13 == 0 else float("nan") if i % 17 == 0 else i / 4 for i in rows], pa.float64()),
        "word": pa.array(["abc"[i % 3] for i in rows]).dictionary_encode(),
        "text": pa.array([None if i % 9 == 0 else f"ünï {i} " * (i % 4) for i in rows]),
        "day": pa.array([None if i % 6 == 0 else date(2000, 1, 1) + timedelta(days=i) for i in rows], pa.date32()),
        "moment": pa.array([i * 1_000_001 - 5 for i in rows], pa.timestamp("us")),
        "money": pa.array([Decimal(i - 1500) / 100 for i in rows], pa.decimal128(9, 2)),
        "late": pa.array([i if i >= 2999 else None for i in rows], pa.int64()),
    }
)
for name, more in {
    "dictionary": {"data_page_size": 1024, "dictionary_pagesize_limit": 2048, "compression": "snappy"},
    "plain": {"data_page_size": 2048, "use_dictionary": False, "compression": "zstd", "data_page_version": "2.0"},
}.items():
    pq.write_table(paged, HERE / f"paged_{name}.parquet", row_group_size=1100, write_batch_size=64, **more)

(HERE / "oracle.json").write_text(json.dumps(oracle, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
