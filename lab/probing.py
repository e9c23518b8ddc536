"""Does this call release the GIL, how much of its time, and what can threads gain?

A scope looks at the lock while the call runs, without ever taking it. Where there
is no scope, a thread knocks on the lock at random times instead, with a switch
interval so long that only an explicit release lets it in.

Short calls are repeated from C: no bytecode runs between two of them, so what is
seen is the callable's own doing.
"""

import math
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from lab.knocker import KNOCKER, Knock, Knocker, same_switch_interval
from lab.machine import gil_enabled
from lab.scope import Scope, unavailable
from lab.stopwatch import repeat

ProbeVerdict = Literal["released", "held", "partly", "inconclusive", "no-gil"]

# GIL-free fractions from which a call counts as released, up to which as held.
RELEASED, HELD = 0.9, 0.1
# A half interval wider than this tells none of them from another.
WIDEST_ERROR = 0.1
# A call at least this long is made once.
SINGLE_S = 0.25
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
class Probe:
    """What was found about one callable.

    gil_free: the part of the call's wall time in which nobody holds the GIL, 0 to
    1; error: half width of its 95 % interval; ceiling: 1 / (1 - gil_free), the most
    that any number of threads can gain; longest_hold: seconds without a chance for
    other threads; preemptible: it is bytecode, which lets others in every switch
    interval, so that threads take turns but never run in parallel; None where that
    cannot be told; samples: looks at the lock that gil_free rests on; calls: made in
    all; duration: seconds a call; method: "scope" or "knock"; reason: why there is
    no scope, or no verdict; else empty.
    """

    verdict: ProbeVerdict
    gil_free: float
    error: float
    ceiling: float
    longest_hold: float
    preemptible: bool | None
    samples: int
    calls: int
    duration: float
    method: Literal["scope", "knock"]
    reason: str = ""

    def __str__(self) -> str:
        from lab.renderers.probe_text import text

        return text(self)


@dataclass(frozen=True, slots=True)
class _Look:
    """What one method saw during some calls."""

    gil_free: float
    error: float
    longest_hold_s: float
    samples: int


def probe(
    func: Callable[..., object], /, *args: Any, min_time: float = 0.2, **kwargs: Any
) -> Probe:
    """Call func(*args, **kwargs) until min_time seconds are seen, or once if long.

    What it raises propagates, and the switch interval, threads and signal handlers
    are as before. ValueError unless 0 < min_time <= 60.
    """
    if not 0 < min_time <= 60:
        raise ValueError(f"min_time: expected more than 0, at most 60, got {min_time}")
    subject = _Subject(func, args, kwargs)
    if not gil_enabled():
        return _without_gil(subject)
    with same_switch_interval():
        return _probed(subject, min_time)


def gil_free(func: Callable[[], object], min_time: float) -> tuple[float, float] | None:
    """The GIL-free share of func() and its error, without the rest of a probe.

    None where there is no GIL, or it cannot be told. What func raises propagates.
    """
    if not gil_enabled():
        return None
    subject = _Subject(func, (), {})
    observe = _knocked if unavailable() else _scoped
    with same_switch_interval():
        look = observe(subject, 1)
        if subject.last_s < min_time:
            look = observe(subject, subject.times_for(min_time))
    return None if look.error > WIDEST_ERROR else (look.gil_free, look.error)


def _probed(subject: "_Subject", min_time: float) -> Probe:
    reason = unavailable()
    observe = _knocked if reason else _scoped
    # The first call tells how long one takes. It may be the only one, so it is
    # watched like all the others.
    look, knocks = (_knocked(subject, 1), []) if reason else _watched(subject)
    if subject.last_s < SINGLE_S:
        look = observe(subject, subject.times_for(min_time))
        if look.gil_free <= HELD:
            knocks = _knocks(subject, subject.times_for(7 * LONG_S))
    return _conclude(subject, look, knocks, reason)


class _Subject:
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


def _scoped(subject: _Subject, times: int) -> _Look:
    with Scope() as scope:
        subject.call(times)
    trace = scope.trace
    # What the knocker holds, if there is one, is not the callable's doing.
    knockers = [thread for thread in trace.threads if thread.name == KNOCKER]
    others = [thread for thread in trace.threads if thread.name != KNOCKER]
    return _Look(
        gil_free=min(1.0, trace.gil_free + sum(thread.holds for thread in knockers)),
        error=trace.error,
        longest_hold_s=max((thread.longest_hold_s for thread in others), default=0.0),
        samples=trace.samples,
    )


def _watched(subject: _Subject) -> tuple[_Look, list[Knock]]:
    """Scope and knocks at once, for a call that may be made only once."""
    with Knocker(2 * SHORT_S, (SHORT_S, LONG_S)) as knocker:
        look = _scoped(subject, times=1)
    return look, _within(subject, knocker.knocks)


def _knocks(subject: _Subject, times: int) -> list[Knock]:
    with Knocker(SHORT_S / 2, (SHORT_S, LONG_S)) as knocker:
        subject.call(times)
    return _within(subject, knocker.knocks)


def _within(subject: _Subject, knocks: list[Knock]) -> list[Knock]:
    """The knocks that waited while the calls ran, from when they did."""
    enter_ns, leave_ns = subject.enter_ns, subject.leave_ns
    return [
        replace(knock, wanted_ns=max(knock.wanted_ns, enter_ns))
        for knock in knocks
        if knock.wanted_ns <= leave_ns and knock.got_ns >= enter_ns
    ]


def _knocked(subject: _Subject, times: int) -> _Look:
    with Knocker(SHORT_S / 4, (NEVER_S,)) as knocker:
        subject.call(times)
    return _from_knocks(subject.enter_ns, subject.leave_ns, knocker.knocks)


def _from_knocks(enter_ns: int, leave_ns: int, knocks: list[Knock]) -> _Look:
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
        return _Look(0.0, 1.0, 0.0, 0)
    count, free = len(seen), (len(seen) - len(waits_ns)) / len(seen)
    open_part = 1.0 if count >= MANY_KNOCKS else 1 - sum(waits_ns) / wall_ns
    # Two knocks of each kind more keep an interval around 0 and 1 (Agresti, Coull).
    softened = (free * count + 2) / (count + 4)
    error = open_part * 1.96 * math.sqrt(softened * (1 - softened) / (count + 4))
    return _Look(open_part * free, error, max(waits_ns, default=0) / 1e9, count)


def _conclude(
    subject: _Subject, look: _Look, knocks: list[Knock], reason: str | None
) -> Probe:
    verdict, doubt = _verdict(look)
    duration = subject.last_s
    preemptible = (
        None
        if reason and duration >= SINGLE_S
        else _preempted(knocks, subject.leave_ns)
    )
    longest_hold = min(look.longest_hold_s, duration)
    if preemptible:
        longest_hold = min(longest_hold, subject.interval_s)
    return Probe(
        verdict=verdict,
        gil_free=look.gil_free,
        error=look.error,
        ceiling=1 / (1 - look.gil_free) if look.gil_free < 1 else math.inf,
        longest_hold=longest_hold,
        preemptible={"held": preemptible, "inconclusive": None}.get(verdict, False),
        samples=look.samples,
        calls=subject.calls,
        duration=duration,
        method="knock" if reason else "scope",
        reason="; ".join(filter(None, (reason, doubt))),
    )


def _verdict(look: _Look) -> tuple[ProbeVerdict, str]:
    if look.error > WIDEST_ERROR:
        return "inconclusive", f"too few samples: {look.samples}"
    if look.gil_free >= RELEASED:
        return "released", ""
    return ("held", "") if look.gil_free <= HELD else ("partly", "")


def _preempted(knocks: list[Knock], leave_ns: int) -> bool | None:
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


def _without_gil(subject: _Subject) -> Probe:
    subject.call(1)
    return Probe(
        verdict="no-gil",
        gil_free=1.0,
        error=0.0,
        ceiling=math.inf,
        longest_hold=0.0,
        preemptible=False,
        samples=0,
        calls=1,
        duration=subject.last_s,
        method="scope",
        reason="this free-threaded Python runs with the GIL off",
    )
