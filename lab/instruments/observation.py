"""Looking at a call while it runs: by a scope, or by knocking on the lock.

A scope never takes the lock. Where there is none, a thread knocks at random times,
with a switch interval so long that only an explicit release lets it in.
"""

import math
import sys
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lab.instruments.knocker import KNOCKER, Knock, Knocker
from lab.instruments.preemption import (
    PROMPT_NS,
    Entries,
    StampedCall,
    blurred,
    entries,
    longest_stretch_s,
    preempted,
)
from lab.instruments.scope import Scope
from lab.instruments.starvation import Readiness
from lab.instruments.stopwatch import repeat, stamped
from lab.instruments.switch_interval import NEVER_S
from lab.records.statistics import part_of
from lab.records.trace import Trace

# Two switch intervals: bytecode lets a waiting thread in after whichever is set,
# C that merely holds for a while does not know of them.
SHORT_S, LONG_S = 1e-3, 20e-3
# Most knocks ask soon, so that there are many; those that wait for long tell whether
# they are let in by an explicit release.
INTERVALS_S = (*(SHORT_S,) * 15, LONG_S)
# Calls are knocked on for so long at a time, until it can be told; and in all.
STRETCH_S, MOST_S = 0.14, 3.0
# A shorter call is not stamped: switching threads takes more of its time than a part.
SHORTEST_S = 20e-6
# So many knocks speak for themselves.
MANY_KNOCKS = 50


@dataclass(frozen=True, slots=True)
class Observation:
    """What one method saw during some calls."""

    gil_free: float
    """The part of the time in which nobody held the GIL."""
    error: float
    """Half the width of its 95 % interval."""
    longest_hold_s: float
    """The longest that anybody was seen to hold it."""
    samples: int
    """How often the lock's state was read."""
    trace: Trace | None = None
    """What the scope, if there is one, saw of these very calls."""


@dataclass(frozen=True, slots=True)
class Preemption:
    """Where within a call others get in, as knocks saw it."""

    preemptible: bool | None = None
    """Whether they do all over the call; None where it cannot be told."""
    stretch_s: float = 0.0
    """The longest that the call runs without checking whether anybody waits."""


class TimedCall:
    """The callable, with a count of its calls and the time of the last ones."""

    def __init__(
        self,
        func: Callable[..., object],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        progress: "array[int] | None" = None,
    ) -> None:
        self._call = func, args, kwargs
        self._progress = progress
        self.interval_s = sys.getswitchinterval()
        self.calls = 0
        self.last_s = 0.0
        self.enter_ns = self.leave_ns = 0
        self.starved_ns = 0
        self.stamps: list[StampedCall] = []

    def call(self, times: int, *, stamp: bool = False) -> None:
        """Call it so many times in a row; stamp: keep when each of them was."""
        self.stamps = []
        with Readiness() as ready:
            before_ns = ready.read_ns() or 0
            if stamp:
                stamps = stamped(*self._call, times, self._progress)
                self.stamps = [
                    StampedCall(*stamps[at : at + 4]) for at in range(0, 4 * times, 4)
                ]
                self.enter_ns, self.leave_ns = stamps[0], stamps[-2]
            else:
                self.enter_ns, self.leave_ns = repeat(
                    *self._call, times, self._progress
                )
            self.starved_ns = (ready.read_ns() or 0) - before_ns
        self.calls += times
        self.last_s = (self.leave_ns - self.enter_ns) / 1e9 / times

    @property
    def lasted_s(self) -> float:
        """How long the last run of calls took."""
        return (self.leave_ns - self.enter_ns) / 1e9

    @property
    def starved(self) -> float:
        """The part of that in which the calling thread stood ready without a core."""
        return min(1.0, self.starved_ns / max(1, self.leave_ns - self.enter_ns))

    def times_for(self, seconds: float) -> int:
        """How many calls take about so long; a short try-out of more than one call
        first, as the first call of all is often slow."""
        tries = 1
        while self.last_s * tries < seconds / 50 and tries < 10**6:
            tries *= 8
            self.call(tries)
        return max(1, math.ceil(seconds / max(self.last_s, 1e-8)))


def left_open(gil_free: float, starved: float) -> float:
    """How far the GIL-free share of the call's own time may be from the one seen.

    A wait for a core is no time of its own, and may have come with the GIL held as
    well as without: all of it in the one, or all of it in the other. All are parts of
    the time, 0 to 1.
    """
    held, free = min(starved, 1 - gil_free), min(starved, gil_free)
    highest = gil_free / (1 - held) if held < 1 else 1.0
    lowest = (gil_free - free) / (1 - free) if free < 1 else 0.0
    return max(highest - gil_free, gil_free - lowest)


def scoped(target: TimedCall, times: int) -> Observation:
    with Scope() as scope:
        target.call(times, stamp=times == 1)
    trace = scope.trace
    # What the knocker holds, if there is one, is not the callable's doing.
    knockers = [thread for thread in trace.threads if thread.name == KNOCKER]
    trace = trace.only(
        [place for place, each in enumerate(trace.threads) if each.name != KNOCKER]
    )
    return Observation(
        gil_free=min(1.0, trace.gil_free + sum(thread.holds for thread in knockers)),
        error=trace.error,
        longest_hold_s=trace.longest_hold_s,
        samples=trace.samples,
        trace=trace,
    )


def scoped_and_knocked(target: TimedCall) -> tuple[Observation, Preemption]:
    """Scope and knocks at once, for a call that may be made only once."""
    # After each knock the lock is free until the call has a core again: not too many.
    with Knocker(5 * SHORT_S, INTERVALS_S) as knocker:
        seen = scoped(target, times=1)
    knocks = _within(target, knocker.knocks)
    return seen, _preemption(entries(knocks, target.stamps, target.starved_ns))


def preemption(target: TimedCall) -> Preemption:
    """Knock on calls until it can be told where in a call waiters get in."""
    stamp = target.last_s >= SHORTEST_S
    knocks: list[Knock] = []
    calls: list[StampedCall] = []
    starved_ns = 0
    over_s = time.monotonic() + MOST_S
    while True:
        times = max(1, math.ceil(STRETCH_S / max(target.last_s, 1e-8)))
        with Knocker(SHORT_S / 2, INTERVALS_S) as knocker:
            target.call(times, stamp=stamp)
        knocks += _within(target, knocker.knocks)
        calls += target.stamps or [StampedCall(target.enter_ns, 0, target.leave_ns, 0)]
        starved_ns += target.starved_ns
        found = entries(knocks, calls, starved_ns)
        told = _preemption(found, stamp)
        unclear = not stamp or (len(found.knocks) > MANY_KNOCKS and blurred(found))
        hopeless = bool(found.knocks) and unclear
        if told.preemptible is not None or hopeless or time.monotonic() > over_s:
            return told


def _preemption(found: Entries, stamped: bool = True) -> Preemption:
    return Preemption(preempted(found, LONG_S, stamped), longest_stretch_s(found))


def _within(target: TimedCall, knocks: list[Knock]) -> list[Knock]:
    """The knocks that waited while the calls ran, from when they did."""
    enter_ns, leave_ns = target.enter_ns, target.leave_ns
    return [
        replace(knock, wanted_ns=max(knock.wanted_ns, enter_ns))
        for knock in knocks
        if knock.wanted_ns <= leave_ns and knock.got_ns >= enter_ns
    ]


def knocked(target: TimedCall, times: int) -> Observation:
    with Knocker(SHORT_S / 4, (NEVER_S,)) as knocker:
        target.call(times)
    return from_knocks(target.enter_ns, target.leave_ns, knocker.knocks)


def from_knocks(enter_ns: int, leave_ns: int, knocks: list[Knock]) -> Observation:
    """Knocks come at random: the part of them that found the lock free is the part
    of the time it was. While one waits no other comes: with only a few knocks, the
    time they waited counts as held. A release shorter than waking a thread takes,
    some 50 us, can go unseen.
    """
    seen = [knock for knock in knocks if enter_ns <= knock.wanted_ns <= leave_ns]
    waits_ns = [
        min(knock.got_ns, leave_ns) - knock.wanted_ns
        for knock in seen
        if knock.wait_ns > PROMPT_NS
    ]
    wall_ns = leave_ns - enter_ns
    if not seen or not wall_ns:
        return Observation(0.0, 1.0, 0.0, 0)
    count, free = len(seen), (len(seen) - len(waits_ns)) / len(seen)
    low, high = part_of(len(seen) - len(waits_ns), count, 1.96)
    open_part = 1.0 if count >= MANY_KNOCKS else 1 - sum(waits_ns) / wall_ns
    # It lies to one side where the part is near 0 or 1: its farther end counts.
    error = open_part * max(free - low, high - free)
    return Observation(open_part * free, error, max(waits_ns, default=0) / 1e9, count)
