"""The file that a run's records are kept in.

It is pytest-benchmark's own JSON. Under "gil_lab" it holds the format version and
the machine; under the same name each benchmark's extra_info holds its records.

Formats: 1, races and series; 2, races know their GIL-free share and source; 3,
timelines, and series know where on a sweep they stand; 4, values know which of the
run's processes they are from, races the size of their work, a share a process, what the
cores are worth and their experiment, and a run whether it is a part.
"""

import json
import re
import shutil
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab.errors import UsageError
from lab.records.codec import NotNegative, decode, wrong_at
from lab.records.machine import Machine
from lab.records.race import Race
from lab.records.run import Failure, Run
from lab.records.series import Series
from lab.records.timeline import Timeline
from lab.records.validation import check_race, check_series, check_timeline
from lab.system.files import write_whole

FORMAT = 4
# Older ones that still say enough.
READABLE = (1, 2, 3, FORMAT)
KEY = "gil_lab"
# Where bench, in a checkout, keeps its runs.
FOLDER = Path(__file__).resolve().parents[2] / "results"
# Names of runs begin with the time, in so many characters: 2026-01-31T23-59-59.
TIME = 19


@dataclass(frozen=True, slots=True)
class _Lab:
    """What stands under KEY in the file."""

    machine: Machine
    versions: str = ""
    no_scope: str = ""
    part: str = ""
    took_s: NotNegative = 0.0
    failures: tuple[Failure, ...] = ()


def heading(no_scope: str, versions: str = "") -> dict[str, Any]:
    """What stands under KEY in a file that this process writes.

    no_scope: why there is no scope here, if there is none. versions: of the packages
    that have a part in the figures.
    """
    return {"format": FORMAT} | asdict(_Lab(Machine.here(), versions, no_scope))


@dataclass(frozen=True, slots=True)
class _Extra:
    gil_lab: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class _Benchmark:
    extra_info: _Extra


@dataclass(frozen=True, slots=True)
class _Cpu:
    brand_raw: str = ""


@dataclass(frozen=True, slots=True)
class _Info:
    cpu: _Cpu = _Cpu()


@dataclass(frozen=True, slots=True)
class _File:
    """What is read of pytest-benchmark's own."""

    gil_lab: _Lab
    benchmarks: tuple[_Benchmark, ...]
    datetime: str = ""
    machine_info: _Info = _Info()


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
    number = lab.get("format")
    if type(number) is not int or number not in READABLE:
        raise ForeignFileError(
            f"{path}: format {number!r}, this version reads "
            f"{', '.join(map(str, READABLE))}: run the bench again"
        )
    try:
        file = decode(_File, content)
        races, series, timelines = _records(file)
    except ValueError as error:
        raise ForeignFileError(f"{path}: damaged: {error}") from error
    about = file.gil_lab
    return Run(
        about.machine,
        tuple(races),
        tuple(series),
        tuple(timelines),
        date=file.datetime,
        processor=file.machine_info.cpu.brand_raw,
        versions=about.versions,
        no_scope=about.no_scope,
        part=about.part,
        took_s=about.took_s,
        failures=about.failures,
    )


def _records(file: _File) -> tuple[list[Race], list[Series], list[Timeline]]:
    races, series, timelines = list[Race](), list[Series](), list[Timeline]()
    for at, benchmark in enumerate(file.benchmarks):
        for number, plain in enumerate(benchmark.extra_info.gil_lab):
            place = f"benchmarks[{at}].extra_info.{KEY}[{number}]"
            match plain.get("kind"):
                case Race.KIND:
                    races.append(Race.from_json(plain, place))
                    check_race(races[-1], place)
                case Series.KIND:
                    series.append(Series.from_json(plain, place))
                    check_series(series[-1], place)
                case Timeline.KIND:
                    timelines.append(Timeline.from_json(plain, place))
                    check_timeline(timelines[-1], place)
                case other:
                    raise wrong_at(f"{place}.kind", f"unknown: {other!r}")
    return races, series, timelines


def publish(
    text: str,
    folder: Path,
    name: str,
    timelines: Iterable[Timeline] = (),
    newest: str = "latest",
) -> Path:
    """Keep a result file as folder/name.json; a whole run as folder/newest.json too.

    All of it appears or, where OSError is raised, none, and nothing that was there is
    lost: a name already taken gets a number. Its traces go to folder/name, a file each.
    A part of a run, and what is no result or has nothing in it, leave the newest whole
    run where it is; so does an empty newest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, number = folder / f"{name}.json", 1
    while path.exists() or path.with_suffix("").exists():
        number += 1
        path = folder / f"{name}-{number}.json"
    traces = path.with_suffix("")
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, traces, ignore_errors=True)
        undo.callback(path.unlink, missing_ok=True)
        for line in timelines:
            traces.mkdir(exist_ok=True)
            line.trace.save(traces / f"{line.kernel}-{line.twin}.json")
        write_whole(path, text)
        if newest and _is_whole(text):
            write_whole(folder / f"{newest}.json", text)
        undo.pop_all()
    return path


def _is_whole(text: str) -> bool:
    try:
        content = json.loads(text)
        return bool(content["benchmarks"]) and not content[KEY].get("part", "")
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return False


def is_result(path: Path) -> bool:
    """Whether there is a result, damaged or not, told by the beginning of a regular
    file: another (a FIFO, a device) is not opened."""
    if not path.is_file():
        return False
    with suppress(OSError), path.open("rb") as file:
        return re.search(rb'"(gil_lab|machine_info)"', file.read(4096)) is not None
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
