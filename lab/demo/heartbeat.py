"""From glances at the lanes of a phase to a beat for each slice of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from lab.demo.board import Lane

# Of full speed. Two threads that take turns go at half speed each.
FULL, STILL = 0.75, 0.05


class Beat(Enum):
    """What one lane did in one slice of time."""

    RUNS = "runs"
    SLOW = "slow"
    STILL = "still"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Glance:
    """All lanes of a phase, seen `at_s` after it began."""

    at_s: float
    lanes: tuple[Lane, ...]


def beats(
    glances: Sequence[Glance], lane: int, alone_s: float | None, slice_s: float
) -> list[Beat]:
    """What a lane did, from the beginning to the last glance, slice by slice.

    alone_s: how long the call takes when it has the machine to itself; None for a
    call that waits, which beats while it is under way.
    """
    if not glances:
        return []
    at_s = [0.0, *(glance.at_s for glance in glances)]
    lanes = [glance.lanes[lane] for glance in glances]
    if alone_s is None:
        # Between two glances a call is where the first of them saw it.
        inside = [float(each.inside) for each in (lanes[0], *lanes[:-1])]
        active_s = np.cumsum([0.0, *(np.diff(at_s) * inside)])
    else:
        active_s = np.array([0.0, *(each.done * alone_s for each in lanes)])
    over_s = next((g.at_s for g in glances if g.lanes[lane].done >= 1), float("inf"))
    count = int(at_s[-1] / slice_s)
    edges_s = np.arange(count + 1) * slice_s
    speeds = np.diff(np.interp(edges_s, at_s, active_s)) / slice_s
    if alone_s is None:
        speeds = np.round(speeds)  # under way or not: a wait has no speed
    return [
        # What came to its end between two glances has no beat left after it.
        _beat(float(speed), over=start_s >= over_s - (slice_s if speed < STILL else 0))
        for speed, start_s in zip(speeds, edges_s, strict=False)
    ]


def _beat(speed: float, over: bool) -> Beat:
    if over:
        return Beat.OVER
    if speed < STILL:
        return Beat.STILL
    return Beat.RUNS if speed >= FULL else Beat.SLOW
