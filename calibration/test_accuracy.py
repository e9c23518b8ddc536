"""The scope tells the GIL-free share of a call to one part in a hundred.

A kernel of known dose holds the GIL for h us, releases it for r us, in turn, and
says what part of the time really was released; the scope watches from outside.
The same doses are shown to gilknocker, where it is installed (gil-lab[compare]),
and calls of fixed work tell what being watched costs. It surprises that windows of
2 us are seen as well as long ones: random looks need no luck with the period.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

import pytest

from lab import kernels
from lab.machine import usable_cores
from lab.race import full_run, lap
from lab.records import Recorder, Series
from lab.scope import Scope, unavailable
from lab.stopwatch import timed
from lab.trace import Trace
from lab.twins import Call

SYMMETRIC = [(us, us) for us in (5000, 1000, 200, 50, 20, 10, 5, 2)]
LOPSIDED = [(5000, 500), (500, 5000), (500, 50), (50, 500), (100, 10), (10, 100)]
NARROW = [(20, 2), (2, 20)]
FEW = [(5000, 5000), (500, 50), (2, 2)]
DOSE_S = 0.15
SWEEPS = 4
WORK = (40_000, 40_000, 300)  # hold, free, cycles of kernels.mixed: some 20 ms
EDGES = 15
PAIRS = 12
# Of the time, a call with a core to itself computes this part at least.
CORE = 0.95


@dataclass(frozen=True)
class Watched:
    """A call under an instrument: what it returned, the GIL-free share seen, and
    whether it had a core to itself. Where not, the machine was watched as well."""

    value: float
    seen: float
    had_core: bool


Watch = Callable[[Callable[[], float]], Watched]


@pytest.fixture(autouse=True)
def scope_works() -> None:
    """Skip, with the reason, where there is no scope."""
    reason = unavailable()
    if reason:
        pytest.skip(f"no scope: {reason}")


def by_scope(call: Callable[[], float]) -> Watched:
    """A call under the scope."""
    with Scope() as scope:
        enter_ns, leave_ns, cpu_ns, value = timed(call)
    return Watched(value, scope.trace.gil_free, cpu_ns > CORE * (leave_ns - enter_ns))


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
    return Watched(value, seen, cpu_ns > 0.5 * (leave_ns - enter_ns))


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


@pytest.mark.parametrize(("name", "watch"), INSTRUMENTS)
def test_accuracy(record: Recorder, name: str, watch: Watch) -> None:
    """Absolute errors over all doses: their mean and the largest."""
    doses = SYMMETRIC + LOPSIDED + NARROW if full_run(os.environ) else FEW
    ours = name == "scope"

    def measure() -> Iterator[Series]:
        errors: list[list[float]] = []
        for hold_us, free_us in doses:
            dose = partial(kernels.dose, hold_us, free_us, DOSE_S)
            looks = [watch(dose) for _ in range(SWEEPS)]
            usable = [look for look in looks if look.had_core]
            errors.append([abs(look.seen - look.value) for look in usable])
            truth = statistics.median(look.value for look in looks)
            yield Series(
                "accuracy",
                f"{name} {hold_us}/{free_us} us",
                claim=f"GIL-free share seen; the truth is {truth:.3f}",
                unit="",
                values=tuple(look.seen for look in usable),
                dropped=len(looks) - len(usable),
            )
        sweeps = list(zip(*errors, strict=False))  # as many as all doses have
        dropped = SWEEPS - len(sweeps)
        yield Series(
            "accuracy",
            f"{name}, mean error",
            claim="mean absolute error at most 0.01" if ours else "for comparison",
            unit="",
            values=tuple(map(statistics.mean, sweeps)),
            at_most=0.01 if ours else None,
            dropped=dropped,
        )
        yield Series(
            "accuracy",
            f"{name}, largest error",
            claim="largest absolute error at most 0.03" if ours else "for comparison",
            unit="",
            values=tuple(map(max, sweeps)),
            at_most=0.03 if ours else None,
            dropped=dropped,
        )

    record(lambda: list(measure()))


@pytest.mark.parametrize(("name", "watch"), INSTRUMENTS)
def test_accuracy_cost(record: Recorder, name: str, watch: Watch) -> None:
    """What being watched costs: pairs of the same work, watched and not."""
    if usable_cores() < 2:
        pytest.skip("one usable core: whoever watches takes it from the call")
    ours = name == "scope"
    work = partial(kernels.mixed, *WORK)

    def time_s() -> float:
        enter_ns, leave_ns, _, _ = timed(work)
        return (leave_ns - enter_ns) / 1e9

    def ratio() -> float | None:
        before, watched, after = lap(Call(work)), watch(time_s), lap(Call(work))
        if not (watched.had_core and before.had_core and after.had_core):
            return None
        return 2e9 * watched.value / (before.wall_ns + after.wall_ns)

    def measure() -> Iterator[Series]:
        ratios = [ratio() for _ in range(PAIRS)]
        values = tuple(value for value in ratios if value is not None)
        yield Series(
            "accuracy",
            f"{name}, slow-down",
            claim="takes less than 1.02 x the time" if ours else "for comparison",
            unit="x",
            values=values,
            at_most=1.02 if ours else None,
            dropped=len(ratios) - len(values),
        )

    record(lambda: list(measure()))


def test_accuracy_edges(record: Recorder) -> None:
    """Samples a second; edges of segments against stamps taken at the release."""

    def measure() -> Iterator[Series]:
        looks = [_edges() for _ in range(SWEEPS)]
        usable = [look for look in looks if look is not None]
        dropped = len(looks) - len(usable)
        yield Series(
            "accuracy",
            "scope, samples a second",
            claim="5000 or more at the default interval",
            unit="",
            values=tuple(trace.samples / trace.duration_s for trace, _ in usable),
            at_least=5000,
            dropped=dropped,
        )
        yield Series(
            "accuracy",
            "scope, edges, in intervals",
            claim="edges of segments within 2 intervals of the truth",
            unit="",
            values=tuple(statistics.median(offs) for _, offs in usable),
            at_most=2,
            dropped=dropped,
        )

    record(lambda: list(measure()))


def _edges() -> tuple[Trace, list[float]] | None:
    """A trace of held and released calls in turn, and how far each true edge is
    from the nearest edge that was seen, in mean intervals between samples. None if
    the calls had no core to themselves, or the scope could not look half the time."""
    with Scope() as scope:
        begin_ns = time.monotonic_ns()
        truths_s, cpu_ns = [], 0
        for _ in range(EDGES):
            for call in (kernels.collatz_held, kernels.collatz_released):
                enter_ns, leave_ns, spent_ns, _ = timed(partial(call, 15_000))
                cpu_ns += spent_ns
            truths_s += [(enter_ns - begin_ns) / 1e9, (leave_ns - begin_ns) / 1e9]
        wall_ns = leave_ns - begin_ns
    trace = scope.trace
    if cpu_ns < CORE * wall_ns or trace.lost > trace.samples:
        return None
    seen_s = [edge for one in trace.segments for edge in (one.start_s, one.end_s)]
    return trace, [
        min(abs(seen - truth) for seen in seen_s) / trace.interval_s
        for truth in truths_s
    ]
