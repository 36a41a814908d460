"""Without this script nobody could check where edge_types.parquet and bytes.parquet, and what is expected of it come from.

Run: python test/data/make_parquet_types.py    (pyarrow; writes bytes.parquet, edge_types.parquet and edge_types.json beside itself)
"""

import json
import random
from datetime import time
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
draw = random.Random(3)
rows = 300


def missing(values):
    return [None if draw.random() < 0.1 else value for value in values]


def decimals(digits, scale):
    return missing([Decimal(draw.randint(-(10**digits) + 1, 10**digits - 1)).scaleb(-scale) for _ in range(rows)])


def times(step):
    """Whole steps of so many nanoseconds since midnight."""
    return missing([draw.randrange(86_400_000_000_000 // step) for _ in range(rows)])


def written(counts, step, places):
    def one(count):
        seconds, rest = divmod(count * step, 10**9)
        return time(seconds // 3600, seconds // 60 % 60, seconds % 60).isoformat() + "." + f"{rest:09d}"[:places]

    return [None if count is None else one(count) for count in counts]


small, middle, large = decimals(5, 2), decimals(15, 3), decimals(38, 30)
millis, micros, nanos = times(10**6), times(10**3), times(1)
text = missing([draw.choice(["\ufeff", "", "é"]) + "repeated " * draw.randint(0, 9) + str(i % 7) for i in range(rows)])
table = pa.table(
    {
        "small": pa.array(small, pa.decimal128(5, 2)),
        "middle": pa.array(middle, pa.decimal128(15, 3)),
        "large": pa.array(large, pa.decimal256(40, 30)),
        "millis": pa.array(millis, pa.time32("ms")),
        "micros": pa.array(micros, pa.time64("us")),
        "nanos": pa.array(nanos, pa.time64("ns")),
        "text": pa.array(text),
    }
)
# Decimals as whole numbers where they fit, else as bytes; the blocks of LZ4 as the format has had them since 2.9.
pq.write_table(table, HERE / "edge_types.parquet", compression="lz4", store_decimal_as_integer=True, use_dictionary=["small", "text"], row_group_size=128)
pq.write_table(pa.table({"raw bytes": pa.array([b"\xff\xfe", b"a"]), "n": [1, 2]}), HERE / "bytes.parquet")
expected = {
    **{name: [None if value is None else float(value) for value in values] for name, values in {"small": small, "middle": middle, "large": large}.items()},
    "millis": written(millis, 10**6, 3),
    "micros": written(micros, 10**3, 6),
    "nanos": written(nanos, 1, 9),
    "text": text,
}
(HERE / "edge_types.json").write_text(json.dumps(expected) + "\n", encoding="utf-8")
