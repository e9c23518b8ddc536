"""The file that a run's records are kept in.

It is pytest-benchmark's own JSON. Under "gil_lab" it holds the format version and
the machine; under the same name each benchmark's extra_info holds its records.

Formats: 1, races and series; 2, races know their GIL-free share and source; 3,
timelines, and series know where on a sweep they stand; 4, values know which of the
run's processes they are from, races the size of their work, a share a process, what the
cores are worth and their experiment, and a run whether it is a part.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab.errors import UsageError
from lab.files import write_whole
from lab.machine import Machine
from lab.records import Race, Run, Series, Timeline
from lab.soundness import check

FORMAT = 4
# Older ones that still say enough.
READABLE = (1, 2, 3, FORMAT)
KEY = "gil_lab"
# Where bench, in a checkout, keeps its runs.
FOLDER = Path(__file__).resolve().parent.parent / "results"
# Names of runs begin with the time, in so many characters: 2026-01-31T23-59-59.
TIME = 19


class ForeignFileError(UsageError):
    """A file that is not a result of gil-lab, or not one this version reads."""


def load(path: Path) -> Run:
    """Read a result file. ForeignFileError if it is none, OSError if unreadable."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # not JSON, or not text
        raise ForeignFileError(f"{path}: not a result file: {error}") from error
    return parse(content, str(path))


def parse(content: Any, path: str) -> Run:
    """The run in a result file's JSON; path: what to call it in a ForeignFileError."""
    lab = content.get(KEY) if isinstance(content, dict) else None
    if not isinstance(lab, dict):
        raise ForeignFileError(f"{path}: not a result file of gil-lab")
    if lab.get("format") not in READABLE:
        raise ForeignFileError(
            f"{path}: format {lab.get('format')}, this version reads "
            f"{', '.join(map(str, READABLE))}: run the bench again"
        )
    try:
        run = Run(
            Machine(**lab["machine"]),
            tuple(map(Race.from_json, _records(content, Race.KIND))),
            tuple(map(Series.from_json, _records(content, Series.KIND))),
            tuple(map(Timeline.from_json, _records(content, Timeline.KIND))),
            str(content.get("datetime", "")),
            str(content.get("machine_info", {}).get("cpu", {}).get("brand_raw", "")),
            str(lab.get("versions", "")),
            str(lab.get("no_scope", "")),
            str(lab.get("part", "")),
            float(lab.get("took_s", 0.0)),
        )
        check(run)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ForeignFileError(f"{path}: damaged: {error!r}") from error
    return run


def _records(content: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    for benchmark in content["benchmarks"]:
        for record in benchmark["extra_info"].get(KEY, ()):
            if record["kind"] == kind:
                yield record


def publish(
    text: str,
    folder: Path,
    name: str,
    timelines: Iterable[Timeline] = (),
    newest: str = "latest",
) -> Path:
    """Keep a result file as folder/name.json; a whole run as folder/newest.json too.

    Each appears whole or not at all, and nothing that was there is lost: a name
    already taken gets a number. Its traces go to folder/name, a file each. A part of
    a run, and what is no result, leave the newest whole run where it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, number = folder / f"{name}.json", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.json"
    traces = path.with_suffix("")
    for line in timelines:
        traces.mkdir(exist_ok=True)
        line.trace.save(traces / f"{line.kernel}-{line.twin}.json")
    write_whole(path, text)
    if _is_whole(text):
        write_whole(folder / f"{newest}.json", text)
    return path


def _is_whole(text: str) -> bool:
    try:
        return not json.loads(text)[KEY].get("part", "")
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return False


def last_whole(folder: Path) -> Path | None:
    """The newest whole run of the bench kept there; None if there is none."""
    latest = folder / "latest.json"
    return latest if latest.is_file() else None


def last(folder: Path) -> tuple[Path, Run] | None:
    """The newest run of the bench kept there, whole or a part; None if there is none.

    Told by their names, which begin with the time: a copy of the folder keeps those.
    """
    for path in sorted(folder.glob("[0-9]*T*.json"), key=_order, reverse=True):
        with suppress(ForeignFileError, OSError):
            return path, load(path)
    return None


def _order(path: Path) -> tuple[str, int, str]:
    """The second run of one second has a number behind its name: it is longer."""
    return path.stem[:TIME], len(path.stem), path.stem
