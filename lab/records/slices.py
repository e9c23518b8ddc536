"""The time of a trace in equal slices, where its segments are too many to show."""

from dataclasses import replace
from itertools import groupby

from lab.records.trace import BY_THREAD, Segment, State, Trace


def in_slices(trace: Trace, count: int) -> dict[int, list[State | None]]:
    """Per thread, by its place, the state in which it spent most of each of
    `count` equal slices of the time of the segments."""
    start_s = trace.segments_start_s
    slice_s = (trace.duration_s - start_s) / count
    spent: dict[int, list[dict[State, float]]] = {}
    for segment in trace.segments:
        cells = spent.setdefault(segment.thread, [{} for _ in range(count)])
        first = max(0, min(count - 1, int((segment.start_s - start_s) / slice_s)))
        last = max(0, min(count - 1, int((segment.end_s - start_s) / slice_s)))
        for place in range(first, last + 1):
            begin_s = max(segment.start_s, start_s + place * slice_s)
            end_s = min(segment.end_s, start_s + (place + 1) * slice_s)
            cell = cells[place]
            if end_s > begin_s:
                cell[segment.state] = cell.get(segment.state, 0.0) + end_s - begin_s
    most: dict[int, list[State | None]] = {}
    for thread, cells in spent.items():
        ranked = [sorted(cell, key=cell.__getitem__) for cell in cells]
        most[thread] = [states[-1] if states else None for states in ranked]
    return most


def thinned(trace: Trace, count: int) -> Trace:
    """Where a thread has more than `count` segments: as many equal slices, each in
    the state of most of its time. The figures stay."""
    slice_s = (trace.duration_s - trace.segments_start_s) / count
    segments: list[Segment] = []
    for thread, states in in_slices(trace, count).items():
        own = [segment for segment in trace.segments if segment.thread == thread]
        if len(own) > count:
            edges_s = [trace.segments_start_s + n * slice_s for n in range(count + 1)]
            own = []
            for state, run in groupby(range(count), states.__getitem__):
                places = list(run)
                start_s, end_s = edges_s[places[0]], edges_s[places[-1] + 1]
                if state is not None:
                    own.append(Segment(thread, state, start_s, end_s))
        segments += own
    return replace(trace, segments=tuple(sorted(segments, key=BY_THREAD)))
