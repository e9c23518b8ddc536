"""What each thread of a scene did, slice of time by slice, from snapshots of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lab.demo.shared_progress import ThreadProgress
from lab.demo.symbols import Activity

# Of full speed. Two threads that take turns go at half speed each.
FULL, STILL = 0.75, 0.05


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far all threads of a scene were at one moment."""

    at_s: float
    """Seconds since the scene began."""
    threads: tuple[ThreadProgress, ...]


def activities(
    snapshots: Sequence[Snapshot], thread: int, alone_s: float | None, slice_s: float
) -> list[Activity]:
    """What a thread did, from the beginning to the last snapshot, slice by slice.

    thread: its place in a snapshot. alone_s: how long its work takes when it has the
    machine to itself; None for a call that waits, which runs while it is under way.
    """
    if not snapshots:
        return []
    at_s = [0.0, *(snapshot.at_s for snapshot in snapshots)]
    seen = [snapshot.threads[thread] for snapshot in snapshots]
    if alone_s is None:
        # Between two snapshots a call is where the first of them saw it.
        inside = [float(each.inside) for each in (seen[0], *seen[:-1])]
        active_s = np.cumsum([0.0, *(np.diff(at_s) * inside)])
    else:
        active_s = np.array([0.0, *(each.done * alone_s for each in seen)])
    ended = zip(at_s[1:], seen, strict=True)
    over_s = next((when_s for when_s, each in ended if each.done >= 1), float("inf"))
    count = int(at_s[-1] / slice_s)
    edges_s = np.arange(count + 1) * slice_s
    speeds = np.diff(np.interp(edges_s, at_s, active_s)) / slice_s
    if alone_s is None:
        speeds = np.round(speeds)  # under way or not: a wait has no speed
    return [
        # A thread that ended between two snapshots does not stand still after it.
        _activity(speed, over=start_s >= over_s - (slice_s if speed < STILL else 0))
        for speed, start_s in zip(speeds.tolist(), edges_s, strict=False)
    ]


def _activity(speed: float, over: bool) -> Activity:
    if over:
        return Activity.OVER
    if speed < STILL:
        return Activity.STILL
    return Activity.RUNS if speed >= FULL else Activity.SLOW
