"""Looking at a call while it runs: by a scope, or by knocking on the lock.

A scope never takes the lock. Where there is none, a thread knocks at random times,
with a switch interval so long that only an explicit release lets it in.
"""

import math
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lab.knocker import KNOCKER, Knock, Knocker
from lab.scope import Scope
from lab.stopwatch import repeat
from lab.trace import Trace

# Two switch intervals: bytecode lets a waiting thread in after whichever is set,
# C that merely holds for a while does not know of them.
SHORT_S, LONG_S = 1e-3, 20e-3
# A switch interval that never ends: only an explicit release lets anyone in.
NEVER_S = 1000.0
# A knock answered this fast found the lock free; waking up a waiter takes longer.
PROMPT_NS = 10_000
# So many knocks speak for themselves.
MANY_KNOCKS = 50


@dataclass(frozen=True, slots=True)
class Look:
    """What one method saw during some calls."""

    gil_free: float
    error: float
    longest_hold_s: float
    samples: int
    trace: Trace | None = None
    """Where the method is a scope: of these very calls."""


class Subject:
    """The callable, with a count of its calls and the time of the last ones."""

    def __init__(
        self,
        func: Callable[..., object],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self._func, self._args, self._kwargs = func, args, kwargs
        self.interval_s = sys.getswitchinterval()
        self.calls = 0
        self.last_s = 0.0
        self.enter_ns = self.leave_ns = 0

    def call(self, times: int) -> None:
        """Call it so many times in a row."""
        self.enter_ns, self.leave_ns = repeat(
            self._func, self._args, self._kwargs, times
        )
        self.calls += times
        self.last_s = (self.leave_ns - self.enter_ns) / 1e9 / times

    def times_for(self, seconds: float) -> int:
        """How many calls take about so long; a short try-out of more than one call
        first, as the first call of all is often slow."""
        tries = 1
        while self.last_s * tries < seconds / 50 and tries < 10**6:
            tries *= 8
            self.call(tries)
        return max(1, math.ceil(seconds / max(self.last_s, 1e-8)))


def scoped(subject: Subject, times: int) -> Look:
    with Scope() as scope:
        subject.call(times)
    trace = scope.trace
    # What the knocker holds, if there is one, is not the callable's doing.
    knockers = [thread for thread in trace.threads if thread.name == KNOCKER]
    trace = trace.only(
        [place for place, each in enumerate(trace.threads) if each.name != KNOCKER]
    )
    return Look(
        gil_free=min(1.0, trace.gil_free + sum(thread.holds for thread in knockers)),
        error=trace.error,
        longest_hold_s=trace.longest_hold_s,
        samples=trace.samples,
        trace=trace,
    )


def watched(subject: Subject) -> tuple[Look, list[Knock]]:
    """Scope and knocks at once, for a call that may be made only once."""
    with Knocker(2 * SHORT_S, (SHORT_S, LONG_S)) as knocker:
        look = scoped(subject, times=1)
    return look, _within(subject, knocker.knocks)


def knocks_during(subject: Subject, times: int) -> list[Knock]:
    with Knocker(SHORT_S / 2, (SHORT_S, LONG_S)) as knocker:
        subject.call(times)
    return _within(subject, knocker.knocks)


def _within(subject: Subject, knocks: list[Knock]) -> list[Knock]:
    """The knocks that waited while the calls ran, from when they did."""
    enter_ns, leave_ns = subject.enter_ns, subject.leave_ns
    return [
        replace(knock, wanted_ns=max(knock.wanted_ns, enter_ns))
        for knock in knocks
        if knock.wanted_ns <= leave_ns and knock.got_ns >= enter_ns
    ]


def knocked(subject: Subject, times: int) -> Look:
    with Knocker(SHORT_S / 4, (NEVER_S,)) as knocker:
        subject.call(times)
    return from_knocks(subject.enter_ns, subject.leave_ns, knocker.knocks)


def from_knocks(enter_ns: int, leave_ns: int, knocks: list[Knock]) -> Look:
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
        return Look(0.0, 1.0, 0.0, 0)
    count, free = len(seen), (len(seen) - len(waits_ns)) / len(seen)
    open_part = 1.0 if count >= MANY_KNOCKS else 1 - sum(waits_ns) / wall_ns
    # Two knocks of each kind more keep an interval around 0 and 1 (Agresti, Coull).
    softened = (free * count + 2) / (count + 4)
    error = open_part * 1.96 * math.sqrt(softened * (1 - softened) / (count + 4))
    return Look(open_part * free, error, max(waits_ns, default=0) / 1e9, count)


def preempted(knocks: list[Knock], leave_ns: int) -> bool | None:
    """Whether waits for the lock follow the switch interval, as only bytecode's do.

    leave_ns: the end of the calls. None where too few knocks were answered by then,
    or the machine blurred them.
    """
    answered = [knock for knock in knocks if knock.got_ns <= leave_ns]
    if not answered:
        waited_ns = max((leave_ns - knock.wanted_ns for knock in knocks), default=0)
        return False if waited_ns >= 4e9 * LONG_S else None  # nobody got in, or asked
    # A knock that found the lock free says nothing: the call may have been forced off
    # it before, and not have got a core since to take it back.
    waits = [knock for knock in answered if knock.wait_ns > PROMPT_NS]
    short = [knock.wait_ns for knock in waits if knock.interval_s == SHORT_S]
    long = [knock.wait_ns for knock in waits if knock.interval_s == LONG_S]
    if len(short) < 2 or len(long) < 2:
        return None
    # Hardly anybody gets in before the long interval is over, most do soon after
    # the short one. Waits for C that holds for a while and releases are like both.
    late = sum(wait_ns >= 0.9e9 * LONG_S for wait_ns in long) / len(long)
    soon = statistics.median(short) <= 0.5e9 * LONG_S
    if late >= 0.9 and soon:
        return True
    return False if late <= 0.5 else None
