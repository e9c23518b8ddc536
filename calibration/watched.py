"""A call under an instrument, and what it knows of itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import pytest

from lab.instruments.scope import Scope, unavailable
from lab.instruments.stopwatch import timed
from lab.records.series import Series

# Of the time, a call with a core to itself computes this part at least.
CORE = 0.95


@dataclass(frozen=True)
class Watched:
    """A call under an instrument."""

    value: float
    """What it returned."""
    seen: float
    """The GIL-free share that was seen."""
    error: float | None
    """The error stated for it."""
    had_core: bool
    """Whether the call had a core to itself; where not, the machine was watched too."""


Watch = Callable[[Callable[[], float]], Watched]


needs_scope = pytest.mark.skipif(
    unavailable() is not None, reason=f"no scope: {unavailable()}"
)


def by_scope(call: Callable[[], float]) -> Watched:
    """A call under the scope."""
    with Scope() as scope:
        enter_ns, leave_ns, cpu_ns, value = timed(call)
    trace = scope.trace
    had_core = cpu_ns > CORE * (leave_ns - enter_ns)
    return Watched(value, trace.gil_free, trace.error, had_core)


def by_gilknocker(call: Callable[[], float]) -> Watched:
    """A call under gilknocker, at its fastest polling that is no busy loop."""
    from gilknocker import KnockKnock

    knocker = KnockKnock(
        polling_interval_micros=100,
        sampling_interval_micros=100,
        sleeping_interval_micros=None,
    )
    knocker.start()
    try:
        enter_ns, leave_ns, cpu_ns, value = timed(call)
        seen = 1 - knocker.contention_metric
    finally:
        knocker.stop()
    # It takes the GIL, and so the call's time: having a core shows in what is left.
    return Watched(value, seen, None, cpu_ns > 0.5 * (leave_ns - enter_ns))


INSTRUMENTS = [
    pytest.param("scope", by_scope, id="scope"),
    pytest.param(
        "gilknocker",
        by_gilknocker,
        id="gilknocker",
        marks=pytest.mark.skipif(
            find_spec("gilknocker") is None,
            reason="gilknocker is not installed: pip install 'gil-lab[compare]'",
        ),
    ),
]


def series(
    subject: str, values: Sequence[float | None], claim: str = "", **more: Any
) -> Series:
    """What there is of these values; None where the machine was too busy."""
    usable = tuple(value for value in values if value is not None)
    dropped = len(values) - len(usable)
    unit = more.pop("unit", "")
    return Series("accuracy", subject, claim, unit, usable, dropped=dropped, **more)


def grown(call: Callable[[int], Callable[[], object]], wanted_ns: int) -> int:
    """The amount of work that takes so long here, or up to twice as long."""
    amount = 1
    while timed(call(amount))[2] < wanted_ns:
        amount *= 2
    return amount
