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

from lab.instruments.held_in import held_in
from lab.instruments.observation import (
    Observation,
    Preemption,
    TimedCall,
    knocked,
    left_open,
    preemption,
    scoped,
    scoped_and_knocked,
)
from lab.instruments.scope import unavailable
from lab.instruments.switch_interval import switch_interval
from lab.records.machine import gil_enabled
from lab.records.probe import Probe, ProbeVerdict
from lab.records.statistics import ceiling
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
    target = TimedCall(func, args, kwargs, progress)
    with switch_interval():
        if not gil_enabled():
            return _without_gil(target), None
        return _probed(target, min_time)


def gil_free(
    func: Callable[[], object], min_time: float, widest_error: float = WIDEST_ERROR
) -> tuple[float, float] | None:
    """The GIL-free share of func() and its error, without the rest of a probe.

    None where there is no GIL, or it cannot be told: the error is wider, with what the
    calling thread's waits for a core leave open. What func raises propagates.
    """
    if not gil_enabled():
        return None
    target = TimedCall(func, (), {})
    observe = knocked if unavailable() else scoped
    with switch_interval():
        seen = observe(target, 1)
        if target.last_s < min_time:
            seen = _long_enough(target, observe, min_time)
    error = seen.error + left_open(seen.gil_free, target.starved)
    return None if error > widest_error else (seen.gil_free, error)


def _long_enough(
    target: TimedCall, observe: Callable[[TimedCall, int], Observation], min_time: float
) -> Observation:
    """Observe again where calls that were slow at first were over too soon."""
    for _ in range(4):
        seen = observe(target, target.times_for(min_time))
        if target.lasted_s >= min_time / 2:
            break
    return seen


def _probed(target: TimedCall, min_time: float) -> tuple[Probe, Trace | None]:
    reason = unavailable()
    observe = knocked if reason else scoped
    # The first call tells how long one takes. It may be the only one, so it is
    # observed like all the others.
    seen, found = (
        (knocked(target, 1), Preemption()) if reason else scoped_and_knocked(target)
    )
    if target.last_s < SINGLE_S:
        seen = _long_enough(target, observe, min_time)
        may_hold = seen.gil_free <= HELD or seen.error > WIDEST_ERROR
        found = preemption(target) if may_hold else Preemption()
    return _conclude(target, seen, found, reason), seen.trace


def _conclude(
    target: TimedCall, seen: Observation, found: Preemption, reason: str | None
) -> Probe:
    verdict, doubt = _verdict(seen)
    duration = target.last_s
    longest_hold = min(seen.longest_hold_s, duration)
    preemptible: bool | None = False
    if verdict in ("held", "inconclusive"):  # knocks tell it where looks do not
        preemptible = found.preemptible
    elif found.preemptible:
        preemptible = None
    if preemptible:
        # A waiter asks when its interval is over, at worst as a stretch begins.
        longest_hold = min(duration, target.interval_s + found.stretch_s)
    longest = ""
    if seen.trace and verdict in ("held", "partly"):
        longest = held_in(seen.trace)
    return Probe(
        verdict=verdict,
        gil_free=seen.gil_free,
        error=seen.error,
        ceiling=ceiling(seen.gil_free),
        longest_hold=longest_hold,
        preemptible=preemptible,
        samples=seen.samples,
        calls=target.calls,
        duration=duration,
        method="knock" if reason else "scope",
        reason="; ".join(filter(None, (reason, doubt))),
        held_in=longest,
    )


def _verdict(seen: Observation) -> tuple[ProbeVerdict, str]:
    if seen.error > WIDEST_ERROR:
        return "inconclusive", f"too few samples: {seen.samples}"
    if seen.gil_free >= RELEASED:
        return "released", ""
    return ("held", "") if seen.gil_free <= HELD else ("partly", "")


def _without_gil(target: TimedCall) -> Probe:
    target.call(1)
    return Probe(
        verdict="no-gil",
        gil_free=1.0,
        error=0.0,
        ceiling=math.inf,
        longest_hold=0.0,
        preemptible=False,
        samples=0,
        calls=1,
        duration=target.last_s,
        method="scope",
        reason="this free-threaded Python runs with the GIL off",
    )
