"""Does this call release the GIL, how much of its time, and what can threads gain?

A scope looks at the lock while the call runs, without ever taking it. Where there
is no scope, a thread knocks on the lock at random times instead, with a switch
interval so long that only an explicit release lets it in.

Short calls are repeated from C: no bytecode runs between two of them, so what is
seen is the callable's own doing.
"""

import math
from array import array
from collections.abc import Callable
from typing import Any

from lab.instruments.knocker import same_switch_interval
from lab.instruments.observation import (
    Look,
    Subject,
    Turns,
    knocked,
    scoped,
    turns,
    watched,
)
from lab.instruments.scope import unavailable
from lab.records.machine import gil_enabled
from lab.records.probe import Probe, ProbeVerdict
from lab.records.trace import Trace

# GIL-free fractions from which a call counts as released, up to which as held.
RELEASED, HELD = 0.9, 0.1
# A half interval wider than this tells none of them from another.
WIDEST_ERROR = 0.1
# A call at least this long is made once.
SINGLE_S = 0.25


def probe(
    func: Callable[..., object], /, *args: Any, min_time: float = 0.2, **kwargs: Any
) -> Probe:
    """Call func(*args, **kwargs) until min_time seconds are seen, or once if long.

    What it raises propagates, and the switch interval, threads and signal handlers
    are as before. ValueError unless 0 < min_time <= 60.
    """
    if not 0 < min_time <= 60:
        raise ValueError(f"min_time: expected more than 0, at most 60, got {min_time}")
    return traced(func, args, kwargs, min_time)[0]


def traced(
    func: Callable[..., object],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    min_time: float = 0.2,
    progress: "array[int] | None" = None,
) -> tuple[Probe, Trace | None]:
    """A probe, and what the scope saw of the very calls that its figures rest on.

    No call is made for the trace. It is None where there was no scope. progress:
    as stopwatch.repeat counts in it.
    """
    subject = Subject(func, args, kwargs, progress)
    with same_switch_interval():
        if not gil_enabled():
            return _without_gil(subject), None
        return _probed(subject, min_time)


def gil_free(
    func: Callable[[], object], min_time: float, widest_error: float = WIDEST_ERROR
) -> tuple[float, float] | None:
    """The GIL-free share of func() and its error, without the rest of a probe.

    None where there is no GIL, or it cannot be told: the error is wider. What func
    raises propagates.
    """
    if not gil_enabled():
        return None
    subject = Subject(func, (), {})
    observe = knocked if unavailable() else scoped
    with same_switch_interval():
        look = observe(subject, 1)
        if subject.last_s < min_time:
            look = _long_enough(subject, observe, min_time)
    return None if look.error > widest_error else (look.gil_free, look.error)


def _long_enough(
    subject: Subject, observe: Callable[[Subject, int], Look], min_time: float
) -> Look:
    """Look again where the calls, slow before on a busy machine, were over too soon."""
    for _ in range(4):
        look = observe(subject, subject.times_for(min_time))
        if subject.lasted_s >= min_time / 2:
            break
    return look


def _probed(subject: Subject, min_time: float) -> tuple[Probe, Trace | None]:
    reason = unavailable()
    observe = knocked if reason else scoped
    # The first call tells how long one takes. It may be the only one, so it is
    # watched like all the others.
    look, found = (knocked(subject, 1), Turns()) if reason else watched(subject)
    if subject.last_s < SINGLE_S:
        look = _long_enough(subject, observe, min_time)
        may_hold = look.gil_free <= HELD or look.error > WIDEST_ERROR
        found = turns(subject) if may_hold else Turns()
    return _conclude(subject, look, found, reason), look.trace


def _conclude(subject: Subject, look: Look, found: Turns, reason: str | None) -> Probe:
    verdict, doubt = _verdict(look)
    duration = subject.last_s
    longest_hold = min(look.longest_hold_s, duration)
    preemptible: bool | None = False
    if verdict in ("held", "inconclusive"):  # knocks tell it where looks do not
        preemptible = found.preemptible
    elif found.preemptible:
        preemptible = None
    if preemptible:
        # A waiter asks when its interval is over, at worst as a stretch begins.
        longest_hold = min(duration, subject.interval_s + found.stretch_s)
    return Probe(
        verdict=verdict,
        gil_free=look.gil_free,
        error=look.error,
        ceiling=1 / (1 - look.gil_free) if look.gil_free < 1 else math.inf,
        longest_hold=longest_hold,
        preemptible=preemptible,
        samples=look.samples,
        calls=subject.calls,
        duration=duration,
        method="knock" if reason else "scope",
        reason="; ".join(filter(None, (reason, doubt))),
    )


def _verdict(look: Look) -> tuple[ProbeVerdict, str]:
    if look.error > WIDEST_ERROR:
        return "inconclusive", f"too few samples: {look.samples}"
    if look.gil_free >= RELEASED:
        return "released", ""
    return ("held", "") if look.gil_free <= HELD else ("partly", "")


def _without_gil(subject: Subject) -> Probe:
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
