"""Without this file the measured numbers would be printed but not kept in training_report.json."""

import json
from pathlib import Path

Measurement = int | float | str


def record(path: Path, section: str, measurements: dict[str, Measurement]) -> None:
    """Print one section of the report and put it in place of the section of that name."""
    report: dict[str, dict[str, Measurement]] = {}
    if path.exists():
        report = json.loads(path.read_text(encoding="utf-8"))
    report[section] = {
        name: round(value, 6) if isinstance(value, float) else value
        for name, value in measurements.items()
    }
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({section: report[section]}, indent=2))
