"""What threads gain, or None where the machine was too busy to tell.

For experiments that sweep something; the catalogue's kernels are raced in full.
"""

import resource
from collections.abc import Callable, Mapping, Sequence

from lab.calls.kernel import Call
from lab.constructions.claims import HALF, ONE_OR_TWO
from lab.instruments.probe import gil_free
from lab.instruments.race import REFERENCES, lap, raced
from lab.records import race as records
from lab.records.machine import TWO_CORES, usable_cores
from lab.records.race import STARVED, Lap

# How often a reference and its race are tried.
ATTEMPTS = 2
# Laps that overlap by a smaller part of the shorter one count as one after the other:
# of so little time the clocks are not sure.
LEAST_MET = 0.1
# A probe that saw too little is repeated, so many times as long.
LONGER = 4


def one_core() -> str | None:
    """Why two threads cannot be told from one here, if so."""
    return "one usable core" if usable_cores() < TWO_CORES else None


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
    laps = raced([Call(run) for run in runs])
    return None if records.starved(laps, starved) else records.wall_ns(laps)


def speedup(
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


def cores(runs: Sequence[Callable[[], object]]) -> float | None:
    """How many cores these calls, one thread each, had in use at once, or more.

    None where the machine was too busy to tell, twice.
    """
    for _ in range(ATTEMPTS):
        found = cores_at_once(raced([Call(run) for run in runs]))
        if found is not None:
            return found
    return None


def cores_at_once(laps: Sequence[Lap]) -> float | None:
    """The least number of cores that two laps can have had in use while both ran.

    At most 1 where one lock keeps them apart, whatever the cores are like: a slow
    core that goes on alone does not count. None for a low number where a thread was
    ready without a core for long, or nothing counts that: what kept it then may not be
    the lock. A high one tells, however busy the machine.
    """
    found = records.cores_in_use(laps)
    together_ns = min(one.leave_ns for one in laps) - max(one.enter_ns for one in laps)
    met = together_ns > LEAST_MET * min(one.wall_ns for one in laps)
    if met:
        # Outside, each ran at most all of the time.
        outside_ns = sum(one.wall_ns - together_ns for one in laps)
        cpu_ns = sum(one.cpu_ns for one in laps)
        found = max(found, (cpu_ns - outside_ns) / together_ns)
    if found >= ONE_OR_TWO:
        return found
    if any(one.starved_ns is None for one in laps):
        return None
    # One after the other, let go from one barrier: all of their time counts.
    counted_ns = together_ns if met else records.wall_ns(laps)
    starved_ns = sum(one.starved_ns or 0 for one in laps)
    return None if starved_ns > STARVED * counted_ns else found


def cores_wanted(laps: Sequence[Lap]) -> float | None:
    """Cores in use; None where there were few, and threads might have used more.

    That is where they were ready without a core for so long that with one they
    would have reached ONE_OR_TWO, or where nothing counts that.
    """
    found = records.cores_in_use(laps)
    if found >= ONE_OR_TWO:
        return found
    starved_ns = [one.starved_ns for one in laps if one.starved_ns is not None]
    wanted = found + sum(starved_ns) / records.wall_ns(laps)
    return found if len(starved_ns) == len(laps) and wanted < ONE_OR_TWO else None


def met(laps: Sequence[Lap]) -> bool:
    """Whether all of them were in their calls at one moment, as far as stamps tell."""
    return max(lap.enter_ns for lap in laps) < min(lap.leave_ns for lap in laps)


def free_part(call: Callable[[], object], min_time_s: float) -> float | None:
    """The GIL-free part of a call's time, looked for longer where that is too short.

    None where the error does not leave it on one side of HALF. What the call raises
    propagates.
    """
    for time_s in (min_time_s, LONGER * min_time_s):
        found = gil_free(call, time_s, widest_error=HALF)
        if found is not None and abs(found[0] - HALF) > found[1]:
            return found[0]
    return None


def sleeps() -> int | None:
    """How often this thread has gone to sleep so far; None where nothing counts it."""
    who = getattr(resource, "RUSAGE_THREAD", None)  # Linux and FreeBSD have it
    return None if who is None else resource.getrusage(who).ru_nvcsw


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
