"""Slices of time in the state of most of it."""

import dataclasses

from lab.records.slices import thinned
from lab.records.trace import Segment, Trace


def test_thinned_where_there_is_too_much(trace: Trace) -> None:
    assert thinned(trace, 3) == trace
    halves = thinned(trace, 2)  # only the first thread has more than two
    assert halves.segments[-2:] == trace.segments[-2:]
    assert [segment[2:4] for segment in halves.segments[:-2]] in (
        [(0.0, 2.0), (2.0, 4.0)],
        [(0.0, 4.0)],
    )
    early = dataclasses.replace(
        trace.last(3.0),
        segments=(
            Segment(0, "holds", 1.0, 1.6),
            Segment(0, "waits", 1.6, 2.0),
            Segment(0, "holds", 2.0, 2.5),
            Segment(1, "waits", 3.0, 4.0),
        ),
    )
    assert thinned(early, 3).segments[0] == Segment(0, "holds", 1.0, 1.6)
    assert thinned(early, 1).segments[0] == Segment(0, "holds", 1.0, 4.0)
    assert thinned(early, 2).segments[0] == Segment(0, "holds", 1.0, 2.5)
