"""Claims about the GIL, where there may be none, and the bounds that they share.

A claim rests on what CPython's source says of the lock alone, and holds on any
processor and beside any load. What depends on the processor, its caches, the compiler
or the scheduler is a figure: a series without a bound.
"""

from dataclasses import replace

from lab.records.machine import gil_enabled
from lab.records.series import Series

# A call has the GIL or does without it: 0 or 1 of its time, but for its first and
# last moments. Whatever an instrument sees of that is nearer to the one or the other.
HALF = 0.5
# One lock lets one thread run; without it two run on two cores. Half way between.
ONE_OR_TWO = 1.5


def about_gil(series: Series) -> Series:
    """The series as it is; where the GIL is off, without its claim, saying so."""
    if gil_enabled():
        return series
    return replace(
        series,
        claim="there is no GIL here, so nothing is claimed",
        at_least=None,
        at_most=None,
        gil=False,
    )
