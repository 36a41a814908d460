"""Without this file no script could tell the repeated passages from the held-out ones."""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Passage:
    reference: str
    text: str
    repeated: bool


def read_passages(path: Path) -> list[Passage]:
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Passage(row["reference"], row["text"], row["repeated"] == "True")
            for row in csv.DictReader(file)
        ]
