"""One run of the bench: what was measured, on what, and what could not be."""

from dataclasses import dataclass

from lab.records.codec import NotNegative
from lab.records.harmless import Harmless
from lab.records.machine import Machine
from lab.records.race import Race
from lab.records.series import Series
from lab.records.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Failure(Harmless):
    """What could not be measured: it did not return, crashed or raised."""

    experiment: str
    """Which experiment it is part of."""
    subject: str
    """Kernel and twin, or the name of the test."""
    reason: str
    """What happened, in a line."""
    place: str = ""
    """Where in C and in Python, as far as that is known."""


@dataclass(frozen=True, slots=True)
class Run(Harmless):
    """One run of the bench. Texts are empty where the file does not tell."""

    machine: Machine
    """What it ran on."""
    races: tuple[Race, ...]
    """Races of kernels, experiments' own included."""
    series: tuple[Series, ...] = ()
    """Figures of experiments."""
    timelines: tuple[Timeline, ...] = ()
    """Calls with their traces."""
    date: str = ""
    """When it ended, ISO 8601."""
    processor: str = ""
    """The processor's name for itself."""
    versions: str = ""
    """Packages that it was measured with, and their versions."""
    no_scope: str = ""
    """Why there was no scope; empty if there was one."""
    part: str = ""
    """The arguments that chose a part of the bench; empty for all of it."""
    took_s: NotNegative = 0.0
    """How long the run took; 0 where the file does not tell."""
    failures: tuple[Failure, ...] = ()
    """What could not be measured."""
