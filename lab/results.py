"""What a run measured: frozen records, and the file they are kept in.

A result file is pytest-benchmark's own JSON. Under "gil_lab" it holds the format
version and the machine; each benchmark's extra_info holds one record.

Formats: 1, races.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from lab.errors import UsageError
from lab.machine import Machine
from lab.twins import Bound, Claim

FORMAT = 1
KEY = "gil_lab"


class ForeignFileError(UsageError):
    """A file that is not a result of gil-lab, or not one this version reads."""


@dataclass(frozen=True, slots=True)
class Lap:
    """One thread's call: CLOCK_MONOTONIC stamps and processor time.

    starved_ns: how long the thread stood ready but had no core, or None where the
    system does not tell (it is /proc/thread-self/schedstat on Linux).
    """

    enter_ns: int
    leave_ns: int
    cpu_ns: int
    starved_ns: int | None

    @property
    def wall_ns(self) -> int:
        """From entering the call to leaving it."""
        return self.leave_ns - self.enter_ns


@dataclass(frozen=True, slots=True)
class Round:
    """A race and the single call, timed right before it, that it compares with."""

    reference: Lap
    laps: tuple[Lap, ...]


@dataclass(frozen=True, slots=True)
class Race:
    """All rounds of one twin at one number of threads.

    cores: usable ones, when it ran; gil: whether there was a GIL; delay_s: how
    long the call blocks, if it does; dropped: references that were repeated
    because they did not get a core.
    """

    kernel: str
    twin: str
    via: str
    bound: Bound
    claim: Claim
    threads: int
    cores: float
    gil: bool
    delay_s: float | None
    dropped: int
    rounds: tuple[Round, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values; a lap is the list of its four figures."""
        plain = asdict(self)
        plain["rounds"] = [
            {
                "reference": list(asdict(turn.reference).values()),
                "laps": [list(asdict(lap).values()) for lap in turn.laps],
            }
            for turn in self.rounds
        ]
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Race":
        """The inverse of to_json; KeyError, TypeError or ValueError if it is not."""
        values = {field.name: plain[field.name] for field in fields(cls)}
        values["bound"] = Bound(plain["bound"])
        values["claim"] = Claim(plain["claim"])
        values["rounds"] = tuple(
            Round(Lap(*turn["reference"]), tuple(Lap(*lap) for lap in turn["laps"]))
            for turn in plain["rounds"]
        )
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the bench."""

    machine: Machine
    races: tuple[Race, ...]


def load(path: Path) -> Run:
    """Read a result file. ForeignFileError if it is none, OSError if unreadable."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # not JSON, or not text
        raise ForeignFileError(f"{path}: not a result file: {error}") from error
    lab = content.get(KEY) if isinstance(content, dict) else None
    if not isinstance(lab, dict):
        raise ForeignFileError(f"{path}: not a result file of gil-lab")
    if lab.get("format") != FORMAT:
        raise ForeignFileError(
            f"{path}: format {lab.get('format')}, this version reads {FORMAT}: "
            "run the bench again"
        )
    try:
        races = tuple(Race.from_json(plain) for plain in _records(content))
        return Run(Machine(**lab["machine"]), races)
    except (KeyError, TypeError, ValueError) as error:
        raise ForeignFileError(f"{path}: damaged: {error!r}") from error


def _records(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for benchmark in content["benchmarks"]:
        record = benchmark["extra_info"].get(KEY)
        if record is not None:
            yield record


def publish(text: str, folder: Path, name: str) -> Path:
    """Keep a result file as folder/name.json and as folder/latest.json.

    Both appear whole or not at all, and nothing that was there is lost: a name
    already taken gets a number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, number = folder / f"{name}.json", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.json"
    for target in (path, folder / "latest.json"):
        write_whole(target, text)
    return path


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is never seen half-written; OSError if it cannot."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
