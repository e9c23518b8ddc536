"""How long threads want the GIL for each second that they hold it.

take_gil is where a thread wants it (Python/ceval_gil.c): one holds it, so all others
that have something to do for it are there, or have no core to go there.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lab.calls.kernel import Call
from lab.instruments.race import Crew, racers
from lab.instruments.scope import Scope
from lab.records.trace import Trace

# Fewer samples while all were at it say nothing.
ENOUGH_SAMPLES = 50


@dataclass(frozen=True, slots=True)
class Contention:
    """Of all threads together, in seconds, while all of them were at it."""

    held_s: float
    """They held the GIL."""
    wanted_s: float
    """They wanted it."""
    ready_s: float
    """They had no core."""
    whole_s: float
    """How long all were at it, added up."""

    @property
    def wanted(self) -> float:
        """The part of their time in which they wanted the GIL, 0 to 1."""
        return self.wanted_s / self.whole_s

    @property
    def waiting_per_held(self) -> float | None:
        """Seconds in which a thread wanted the GIL or had no core, for each in which
        one held it; None where none was seen to."""
        return (self.wanted_s + self.ready_s) / self.held_s if self.held_s else None


def contention(run: Callable[[], object], threads: int) -> Contention | None:
    """run() in so many threads at once.

    None where they were hardly all at it, or the system does not tell what threads wait
    for. ScopeUnavailable where there is no scope. What run raises propagates.
    """
    with Crew([Call(run)] * threads) as crew, Scope() as scope:
        crew.go()
    laps = crew.laps()
    start_s = (max(lap.enter_ns for lap in laps) - scope.began_ns) / 1e9
    end_s = (min(lap.leave_ns for lap in laps) - scope.began_ns) / 1e9
    seen_s = ENOUGH_SAMPLES * scope.trace.interval_s
    if end_s - start_s < seen_s or not scope.trace.told_apart:
        return None
    return within(scope.trace, start_s, end_s)


def within(trace: Trace, start_s: float, end_s: float) -> Contention:
    """Of the racers of a trace, from the one second to the other."""
    places = racers(trace)
    spent_s = {"holds": 0.0, "wants": 0.0, "ready": 0.0}
    for segment in trace.segments:
        common_s = min(segment.end_s, end_s) - max(segment.start_s, start_s)
        if segment.thread in places and segment.state in spent_s and common_s > 0:
            spent_s[segment.state] += common_s
    held_s, wanted_s, ready_s = spent_s.values()
    whole_s = len(places) * (end_s - start_s)
    return Contention(held_s, wanted_s, ready_s, whole_s)
