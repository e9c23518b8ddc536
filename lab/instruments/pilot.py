"""How much work makes a call last as long as a race wants, whatever the processor."""

import math
from collections.abc import Callable, Mapping, MutableMapping

from lab.calls.kernel import Kernel, Twin
from lab.instruments.race import lap

# Long beside the start of a thread, short enough for many rounds.
CALL_S = 0.02
# Near enough: twice and half the time make no other experiment.
NEAR = 1.25
# Timings of one size, of which the shortest counts: a busy machine only adds.
TIMES = 2
# By how much a size grows while its call is far too short, and how often it is mended.
STEP, MENDS = 4, 5
# More work than this is asked for by a mistake: a call whose size changes nothing.
LARGEST = 2**40

# Sizes found in this run, by kernel and what makes the call.
Sizes = MutableMapping[str, int]


def sized(
    kernel: Kernel, twin: Twin, sizes: Sizes, before: Mapping[str, int] | None = None
) -> tuple[Twin, int | None]:
    """The twin with calls of about CALL_S, and the size of their work.

    Twins that are called alike do the same work: the first of them is timed, and
    `sizes` remembers. before: sizes of an earlier run, taken where such a call still
    lasts half to twice as long as it should, so that times of two runs compare. None,
    and the twin as it is, where its work is fixed.
    """
    if twin.scale is None:
        return twin, None
    name = f"{kernel.name} {twin.via}"
    if name not in sizes:
        alike = (one for one in kernel.twins if one.via == twin.via and one.scale)
        first = next(alike, twin)
        known = (before or {}).get(name, 0)
        fits = known > 0 and _fits(first, known)
        sizes[name] = known if fits else find(lambda size: _cpu_s(first, size))
    return twin.sized(sizes[name]), sizes[name]


def _fits(twin: Twin, size: int) -> bool:
    try:
        return 0.5 <= _cpu_s(twin, size) / CALL_S <= 2
    except ValueError:  # more than the call takes, by now
        return False


def find(
    time_s: Callable[[int], float], wanted_s: float = CALL_S, step: int = STEP
) -> int:
    """The size, 1 or more, at which time_s(size) is about wanted_s.

    time_s need not be proportional to the size, but grow with it. ValueError from
    it means that the size is more than the call takes; the largest that it does
    take is returned then. step: by how much it grows at first.
    """
    size, took_s = 1, time_s(1)
    slope = 1.0
    while took_s < wanted_s / STEP**2 and size < LARGEST:
        try:
            next_s = time_s(size * step)
        except ValueError:
            return size
        slope = _slope(next_s / took_s, step)
        size, took_s = size * step, next_s
    for _ in range(MENDS):
        if size >= LARGEST or 1 / NEAR <= took_s / wanted_s <= NEAR:
            break
        times = min(STEP, (wanted_s / took_s) ** (1 / slope))  # work may be memory
        mended = max(1, round(size * times))
        if mended == size:
            break
        try:
            next_s = time_s(mended)
        except ValueError:
            break
        slope = _slope(next_s / took_s, mended / size)
        size, took_s = mended, next_s
    return size


def _slope(times: float, sizes: float) -> float:
    """The power of the size that the time grows with, kept from running away."""
    if times <= 0 or sizes <= 0 or sizes == 1:
        return 1.0
    return min(3.0, max(0.5, math.log(times) / math.log(sizes)))


def _cpu_s(twin: Twin, size: int) -> float:
    """Processor time of one call in one thread, in seconds; never 0."""
    with twin.sized(size).workload(1) as calls:
        return max(1, min(lap(calls[0]).cpu_ns for _ in range(TIMES))) / 1e9
