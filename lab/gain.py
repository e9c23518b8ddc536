"""What threads gain, or None where the machine was too busy to tell.

For experiments that sweep something; the catalogue's kernels are raced in full.
"""

from collections.abc import Callable, Mapping, Sequence

from lab import records
from lab.machine import TWO_CORES, usable_cores
from lab.race import REFERENCES, Crew, lap
from lab.records import STARVED, Lap
from lab.twins import Call

# How often a reference and its race are tried.
ATTEMPTS = 2


def one_core() -> str | None:
    """Why two threads cannot be told from one here, if so."""
    return "one usable core" if usable_cores() < TWO_CORES else None


def half_gain() -> float:
    """Half way between no gain and the most that two threads can gain here."""
    return (1 + min(2.0, usable_cores())) / 2


def reference(run: Callable[[], object]) -> Lap | None:
    """One thread's call with about a whole core; None if there was none."""
    laps = (lap(Call(run)) for _ in range(REFERENCES))
    return next((one for one in laps if one.had_core), None)


def race_ns(
    runs: Sequence[Callable[[], object]], starved: float = STARVED
) -> int | None:
    """From the first to enter its call to the last to leave, one thread each.

    None where more than the part `starved` of their time went by without a core.
    """
    with Crew([Call(run) for run in runs]) as crew:
        crew.go()
        laps = crew.laps()
    return None if records.starved(laps, starved) else records.wall_ns(laps)


def gain(
    alone: Callable[[], object],
    together: Sequence[Callable[[], object]],
    starved: float = STARVED,
) -> float | None:
    """How many times the work of `alone` these threads do in its time.

    Each of them does the work that it does. The reference is taken right before.
    None where the machine was too busy, twice. starved: as for race_ns; more where
    threads fight for the GIL so often that waking up keeps them from a core.
    """
    for _ in range(ATTEMPTS):
        single = reference(alone)
        wall_ns = race_ns(together, starved) if single is not None else None
        if single is not None and wall_ns is not None:
            return len(together) * single.wall_ns / wall_ns
    return None


def crossing(curve: Mapping[float, float], level: float) -> float | None:
    """The smallest x, above 0, from which on a rising curve stays at or above level.

    Straight lines between the points, over the logarithm of x. None where the last
    point is below; the first x where none is.
    """
    below = [x for x in sorted(curve) if curve[x] < level]
    above = [x for x in sorted(curve) if not below or x > below[-1]]
    if not below or not above:
        return above[0] if above else None
    left, right = below[-1], above[0]
    part = (level - curve[left]) / (curve[right] - curve[left])
    return float(left * (right / left) ** part)
