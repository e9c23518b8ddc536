"""A figure that an experiment measured several times, and what is claimed of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from lab.records.codec import Count, Figure, NotNegative, Record
from lab.records.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Series(Record):
    """One figure, measured several times, and the range claimed for it."""

    experiment: str
    """Which experiment measured it."""
    subject: str
    """What the figure is, for people."""
    claim: str
    """What is claimed, for people."""
    unit: str
    """"s" for a time, "x" for a ratio, "" for a count or a fraction."""
    values: tuple[Figure, ...]
    """What was measured, one value a time."""
    at_least: Figure | None = None
    """Lower end of the claimed range; None where it is open."""
    at_most: Figure | None = None
    """Upper end; both ends are None for a figure without a claim."""
    dropped: Count = 0
    """Values that were set aside because the machine was too busy for them."""
    source: str = ""
    """Where CPython does it: file and function."""
    gil: bool = True
    """Whether there was a GIL."""
    error: NotNegative | None = None
    """Half the width of the 95 % interval, where an instrument states it of a single
    value, which is a share."""
    figure: str = ""
    """For a point of a sweep: which of the experiment's curves it belongs to."""
    at: Figure | str | None = None
    """For a point of a sweep: where on the curve, as seconds or as a name."""
    processes: tuple[Count, ...] = ()
    """Which of the run's processes each value is from; empty where all are from one."""

    KIND: ClassVar[str] = "series"


# An experiment hands over how to measure its records; it is run, timed and kept.
Recorder = Callable[[Callable[[], Iterable[Series | Timeline]]], None]
