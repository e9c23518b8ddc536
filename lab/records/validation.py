"""Whether records can be judged: what no measurement yields is refused when read.

The types of the fields have refused most (lab.records.codec), a trace its own; here
is what takes two fields. Each raises ValueError in one line that begins with the
place; place: of the record in its file.
"""

from lab.records.codec import wrong_at
from lab.records.race import Bound, Lap, Race
from lab.records.series import Series
from lab.records.timeline import Timeline
from lab.records.trace_file import check as check_trace


def check_race(race: Race, place: str) -> None:
    """Rounds with laps of some length, as many as there were threads."""
    if race.bound is Bound.BLOCKING and race.delay_s is None:
        raise wrong_at(f"{place}.delay_s", "a call that blocks has a delay")
    if not race.rounds:
        raise wrong_at(f"{place}.rounds", "nothing was raced")
    for number, round_ in enumerate(race.rounds):
        here = f"{place}.rounds[{number}]"
        if len(round_.laps) != race.threads:
            raise wrong_at(
                f"{here}.laps", f"{len(round_.laps)}, threads {race.threads}"
            )
        _check_lap(round_.reference, f"{here}.reference")
        for thread, lap in enumerate(round_.laps):
            _check_lap(lap, f"{here}.laps[{thread}]")


def _check_lap(lap: Lap, place: str) -> None:
    if lap.leave_ns <= lap.enter_ns:
        raise wrong_at(place, "a lap that takes no time")


def check_series(series: Series, place: str) -> None:
    """A process for each value, or none; a claimed range that is one."""
    if series.processes and len(series.processes) != len(series.values):
        raise wrong_at(f"{place}.processes", "not a process for each value")
    low, high = series.at_least, series.at_most
    if low is not None and high is not None and low > high:
        raise wrong_at(f"{place}.at_least", "more than at_most")


def check_timeline(line: Timeline, place: str) -> None:
    """Calls that end after they began, and the trace beside them."""
    for number, call in enumerate(line.calls):
        if call.leave_s < call.enter_s:
            raise wrong_at(f"{place}.calls[{number}]", "it ends before it begins")
    check_trace(line.trace, f"{place}.trace")
