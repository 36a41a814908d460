"""Without this script nobody could check where the files of other programs in foreign.json come from.

Run: python test/data/make_foreign.py    (pandas with pyarrow, openpyxl, tables and zstandard, and torch; writes foreign.json beside itself: the first 512 bytes of each file, in base64)
"""

import base64
import json
import sqlite3
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import torch

HERE = Path(__file__).parent
frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})


def stream(path: str) -> None:
    """As `datasets` keeps a data set."""
    table = pa.Table.from_pandas(frame)
    with pa.OSFile(path, "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def database(path: str) -> None:
    with sqlite3.connect(path) as connection:
        frame.to_sql("t", connection, index=False)


WRITERS = {
    "t.feather": frame.to_feather,
    "t.arrow": stream,
    "t.pkl": frame.to_pickle,
    "t.csv.bz2": lambda path: frame.to_csv(path, index=False),
    "t.csv.xz": lambda path: frame.to_csv(path, index=False),
    "t.csv.zst": lambda path: frame.to_csv(path, index=False),
    "t.csv.zip": lambda path: frame.to_csv(path, index=False),
    "t.csv.gz": lambda path: frame.to_csv(path, index=False),
    "t.h5": lambda path: frame.to_hdf(path, key="d"),
    "t.npy": lambda path: np.save(path, np.ones((2, 2))),
    "t.npz": lambda path: np.savez(path, a=np.ones(2)),
    "t.xlsx": frame.to_excel,
    "t.dta": frame.to_stata,
    "t.orc": frame.to_orc,
    "t.db": database,
    "t.pt": lambda path: torch.save({"a": torch.ones(2)}, path),
}

with tempfile.TemporaryDirectory() as folder:
    heads = {}
    for name, write in WRITERS.items():
        write(f"{folder}/{name}")
        heads[name] = base64.b64encode(Path(folder, name).read_bytes()[:512]).decode()
(HERE / "foreign.json").write_text(json.dumps(heads, indent=1) + "\n")
