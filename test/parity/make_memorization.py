"""Without this script the shipped results would have no oracle but saeq itself.

Fingerprints what transformers generates for every passage. First run examples/kjv/training/evaluate_memorization.py, which
writes build/memorization.csv; then: python make_memorization.py PATH/TO/memorization.csv
"""

import csv
import hashlib
import json
import sys
from pathlib import Path

FIELDS = ("input_text", "generated_continuation_text", "perfect_match", "matching_tokens")


def main() -> None:
    digest = hashlib.sha256()
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        values = [row[name].lower() if name == "perfect_match" else row[name] for name in FIELDS]
        digest.update(("\x1f".join(values) + "\n").encode("utf-8"))
    result = {"rows": len(rows), "fields": FIELDS, "sha256": digest.hexdigest()}
    target = Path(__file__).resolve().parent / "fixtures" / "memorization.json"
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
