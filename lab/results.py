"""The file that a run's records are kept in.

It is pytest-benchmark's own JSON. Under "gil_lab" it holds the format version and
the machine; under the same name each benchmark's extra_info holds its records.

Formats: 1, races and series; 2, races know their GIL-free share and source.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab.errors import UsageError
from lab.files import write_whole
from lab.machine import Machine
from lab.records import Race, Run, Series

FORMAT = 2
# Older ones that still say enough.
READABLE = (1, FORMAT)
KEY = "gil_lab"


class ForeignFileError(UsageError):
    """A file that is not a result of gil-lab, or not one this version reads."""


def load(path: Path) -> Run:
    """Read a result file. ForeignFileError if it is none, OSError if unreadable."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # not JSON, or not text
        raise ForeignFileError(f"{path}: not a result file: {error}") from error
    lab = content.get(KEY) if isinstance(content, dict) else None
    if not isinstance(lab, dict):
        raise ForeignFileError(f"{path}: not a result file of gil-lab")
    if lab.get("format") not in READABLE:
        raise ForeignFileError(
            f"{path}: format {lab.get('format')}, this version reads "
            f"{' and '.join(map(str, READABLE))}: run the bench again"
        )
    try:
        return Run(
            Machine(**lab["machine"]),
            tuple(map(Race.from_json, _records(content, Race.KIND))),
            tuple(map(Series.from_json, _records(content, Series.KIND))),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ForeignFileError(f"{path}: damaged: {error!r}") from error


def _records(content: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    for benchmark in content["benchmarks"]:
        for record in benchmark["extra_info"].get(KEY, ()):
            if record["kind"] == kind:
                yield record


def publish(text: str, folder: Path, name: str, traces: Path | None = None) -> Path:
    """Keep a result file as folder/name.json and as folder/latest.json.

    Both appear whole or not at all, and nothing that was there is lost: a name
    already taken gets a number. What the folder `traces` holds goes to folder/name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, number = folder / f"{name}.json", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.json"
    for trace in sorted(traces.iterdir()) if traces is not None else ():
        path.with_suffix("").mkdir(exist_ok=True)
        write_whole(path.with_suffix("") / trace.name, trace.read_text("utf-8"))
    for target in (path, folder / "latest.json"):
        write_whole(target, text)
    return path
