"""Whether records can be judged: what no measurement yields is refused when read.

Raises ValueError or TypeError where something else stands in a file.
"""

import math
from collections.abc import Iterable
from typing import get_args, get_type_hints

from lab.records import Lap, Race, Run, Timeline
from lab.twins import Bound

PLAIN = (str, int, float, bool, type(None))


def check(run: Run) -> None:
    """Everything in a run."""
    _check_types(run)
    _check_types(run.machine)
    for race in run.races:
        _check_race(race)
    for series in run.series:
        _check_types(series)
        _check_finite(series.values)
        if series.processes and len(series.processes) != len(series.values):
            raise ValueError(f"{series.subject}: not a process for each value")
    for line in run.timelines:
        _check_timeline(line)


def _check_race(race: Race) -> None:
    """Rounds with laps of some length, and figures where figures belong."""
    _check_types(race)
    if race.threads < 1 or race.cores <= 0 or not race.rounds:
        raise ValueError(f"race of {race.kernel}: nothing was raced")
    if race.bound is Bound.BLOCKING and race.delay_s is None:
        raise ValueError(f"race of {race.kernel}: no delay")
    for turn in race.rounds:
        if not turn.laps:
            raise ValueError(f"race of {race.kernel}: a round without laps")
        for lap in (turn.reference, *turn.laps):
            _check_lap(lap)
    for share in race.shares:
        _check_types(share)


def _check_timeline(line: Timeline) -> None:
    """Its trace has been checked when it was read."""
    _check_types(line)
    for call in line.calls:
        _check_types(call)
        if call.leave_s < call.enter_s:
            raise ValueError(f"{line.kernel}: a call that ends before it begins")


def _check_lap(lap: Lap) -> None:
    _check_types(lap)
    if lap.leave_ns <= lap.enter_ns:
        raise ValueError("a lap that takes no time")


def _check_types(record: object) -> None:
    """Fields of plain types hold such values; numbers are finite."""
    for name, hint in get_type_hints(type(record)).items():
        kinds = get_args(hint) or (hint,)
        if not all(kind in PLAIN for kind in kinds):
            continue
        value = getattr(record, name)
        # A whole number is a number, but a truth value is none.
        known = type(value) in kinds or (type(value) is int and float in kinds)
        if not known:
            raise TypeError(f"{name}: {value!r}")
        if isinstance(value, float):
            _check_finite([value])
        if isinstance(value, str):
            value.encode()  # half a character is none


def _check_finite(values: Iterable[float]) -> None:
    for value in values:
        if not math.isfinite(value):
            raise ValueError(f"{value}: not a finite number")
