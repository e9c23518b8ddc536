"""The scope sees when the GIL is taken and released: edges, against stamps."""

import statistics
from collections.abc import Iterator
from functools import partial

from calibration.watched import CORE, grown, needs_scope, series
from lab import kernels
from lab.instruments.scope import Scope
from lab.instruments.stopwatch import timed
from lab.records.series import Recorder, Series
from lab.records.trace import Trace

pytestmark = needs_scope

# An edge is seen by the first sample after it: one pause later on average. Pauses as
# they were: how fast a system wakes the scope up is the system's.
PAUSES = 2.0
EDGES = 15
EDGE_NS = 1_000_000


def test_edges(record: Recorder) -> None:
    """Samples a second; edges of segments against stamps taken at the release."""

    def measure() -> Iterator[Series]:
        watched = [_edges()]
        yield series(
            "scope, samples a second",
            [one and one[0].samples / one[0].duration_s for one in watched],
            "the system's timer decides",
        )
        yield series(
            "scope, edges, in pauses",
            [one and statistics.median(one[1]) for one in watched],
            f"within {PAUSES:g} pauses between samples",
            at_most=PAUSES,
        )

    record(lambda: list(measure()))


def _edges() -> tuple[Trace, list[float]] | None:
    """A trace of held and released calls in turn, and how far each true edge is
    from the nearest edge that was seen, in mean pauses between samples. None if
    the calls had no core to themselves, or the scope could not sample half the time."""
    n = 1000 * grown(lambda n: partial(kernels.collatz_held, 1000 * n), EDGE_NS)
    with Scope() as scope:
        begin_ns = scope.began_ns
        truths_s, cpu_ns = [], 0
        for _ in range(EDGES):
            for call in (kernels.collatz_held, kernels.collatz_released):
                enter_ns, leave_ns, spent_ns, _ = timed(partial(call, n))
                cpu_ns += spent_ns
            truths_s += [(enter_ns - begin_ns) / 1e9, (leave_ns - begin_ns) / 1e9]
        wall_ns = leave_ns - begin_ns
    trace = scope.trace
    if cpu_ns < CORE * wall_ns or trace.lost > trace.samples:
        return None
    pause_s = trace.duration_s / trace.samples
    seen_s = [edge for one in trace.segments for edge in (one.start_s, one.end_s)]
    return trace, [
        min(abs(seen - truth) for seen in seen_s) / pause_s for truth in truths_s
    ]
