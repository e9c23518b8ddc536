"""What the scope saw: who held the GIL, who ran without it, who waited.

Plain data, saved as JSON; trace_file.py reads it again. None of the compiled
instruments is needed for either.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from lab import records
from lab.records.harmless import Harmless
from lab.records.lines import Line, StackNode, of_threads
from lab.system.files import write_whole

if TYPE_CHECKING:  # msgspec, which reads files by the types, is not needed before
    import lab.records.codec  # noqa: F401 (as records.codec)

State = Literal["holds", "runs_free", "wants", "ready", "blocked", "waits"]
STATES: tuple[State, ...] = get_args(State)
# As people read them.
STATE_NAMES: dict[State, str] = {
    "holds": "holds the GIL",
    "runs_free": "runs free",
    "wants": "wants the GIL",
    "ready": "no core",
    "blocked": "blocked",
    "waits": "waits",
}
# Where the system does not tell for what a thread waits.
ALIKE: tuple[State, ...] = ("holds", "runs_free", "waits")

# Of the file. 1: the first. 2: asked_s. 3: waiting told apart, from told_apart on.
# 4: lines, from has_lines on.
FORMAT = 4
KIND = "gil-lab trace"


class Segment(NamedTuple):
    """One thread in one state, in seconds since the scope began."""

    thread: records.codec.Count
    """Index into `Trace.threads`."""
    state: State
    """What the thread did."""
    start_s: records.codec.NotNegative
    """When it began to."""
    end_s: records.codec.NotNegative
    """When it no longer did."""
    line: records.codec.Count | None = None
    """Of a hold: the line that held for most of it, an index into `Trace.lines`; None
    where that is not known."""


# The order of a trace's segments.
BY_THREAD = attrgetter("thread", "start_s")


@dataclass(frozen=True)
class Call(Harmless):
    """A system call in which a thread was blocked for a part of the time."""

    name: str
    """As the system's own headers name it, such as clock_nanosleep."""
    share: records.codec.Fraction
    """Of the scope's whole duration."""


class Behind(NamedTuple):
    """Who held the GIL while a thread wanted it, for a part of the time."""

    holder: records.codec.Count
    """Index into `Trace.threads`."""
    share: records.codec.Fraction
    """Of the scope's whole duration."""


@dataclass(frozen=True)
class ThreadTrace(Harmless):
    """One thread. Fractions are of the scope's whole duration, 0 to 1.

    Where the thread started late or ended early they add up to less than 1.
    """

    name: str
    """As Python names it; a thread Python never met: "native" and its number."""
    native_id: records.codec.Count
    """The system's number for it (threading.get_native_id)."""
    start_s: records.codec.NotNegative
    """When it was first seen, in seconds since the scope began."""
    end_s: records.codec.NotNegative
    """When it was last seen alive."""
    holds: records.codec.Fraction
    """It holds the GIL, running or not."""
    runs_free: records.codec.NotNegative
    """It runs without the GIL; above 1 where "others" stands for several threads."""
    waits: records.codec.Fraction
    """Neither: it waits for the GIL, for a processor or in a system call. `wants`,
    `ready` and `blocked` are parts of it; the rest is not told apart."""
    error: records.codec.Fraction
    """Half width of the 95 % interval of `holds`."""
    longest_hold_s: records.codec.NotNegative
    """The longest time in which every sample found it holding.

    An upper bound: releases shorter than the pause between samples can go unseen.
    """
    wants: records.codec.Fraction = 0.0
    """It waits to get the GIL."""
    wants_error: records.codec.Fraction = 0.0
    """Half width of the 95 % interval of `wants`."""
    longest_want_s: records.codec.NotNegative = 0.0
    """The longest time in which every sample found it wanting the GIL."""
    ready: records.codec.Fraction = 0.0
    """It could run, and has no core. Who has just been woken is seen late, so that this
    is too low, where there are more than 8 threads."""
    blocked: records.codec.Fraction = 0.0
    """It is in a system call, or waits for a lock other than the GIL."""
    calls: tuple[Call, ...] = ()
    """Parts of `blocked` by system call, the largest first: the first 6 calls seen."""
    behind: tuple[Behind, ...] = ()
    """Parts of `wants` by who held the GIL, the largest first: the first 8 seen."""

    def _only(self, new: dict[int, int]) -> ThreadTrace:
        """Where some threads are left out: the places of the others."""
        behind = [
            one._replace(holder=new[one.holder])
            for one in self.behind
            if one.holder in new
        ]
        return replace(self, behind=tuple(behind))


@dataclass(frozen=True)
class Trace(Harmless):
    """A scope's record. `held`, `runs_free` and `idle` are fractions that add up to 1.

    Nobody holds the GIL in `gil_free` = `runs_free` + `idle` of the time.
    """

    python: str
    """Version of the interpreter, such as "3.13.0"."""
    duration_s: records.codec.Positive
    """From the beginning of the scope to its end."""
    interval_s: records.codec.NotNegative
    """Mean pause between samples; waking up adds to it."""
    samples: records.codec.Count
    """How often the lock's state was read."""
    lost: records.codec.Count
    """Samples that were due while the system kept the sampler from running."""
    gil_free: records.codec.Fraction
    """Nobody holds the GIL."""
    error: records.codec.Fraction
    """Half width of the 95 % interval of `gil_free`, for this very run."""
    held: records.codec.Fraction
    """Some thread holds the GIL."""
    runs_free: records.codec.Fraction
    """Nobody holds it and at least one thread of Python's runs."""
    idle: records.codec.Fraction
    """Nobody holds it and all threads wait."""
    threads: tuple[ThreadTrace, ...]
    """In the order of their start."""
    folded: records.codec.Count
    """Ended threads counted in the whole only, for want of room."""
    segments: tuple[Segment, ...]
    """By thread, then by time."""
    segments_start_s: records.codec.NotNegative
    """Segments before are not kept, for want of room; fractions cover everything."""
    asked_s: records.codec.NotNegative = 0.0
    """Mean pause asked for; 0 in a trace of format 1, where none was made longer."""
    told_apart: bool = False
    """Whether the system told for what threads wait; else all of it is "waits"."""
    contention: records.codec.Fraction = 0.0
    """At least one thread wants the GIL and does not have it."""
    contention_error: records.codec.Fraction = 0.0
    """Half width of the 95 % interval of `contention`."""
    has_lines: bool = False
    """Whether the lines that hold were looked for."""
    lines: tuple[Line, ...] = ()
    """The longest holders first; those that only called a holder come last."""
    stacks: tuple[StackNode, ...] = ()
    """The stacks of those who held, as a tree: callers before what they call."""
    lines_unread: records.codec.Fraction = 0.0
    """The GIL was held, but where in the program could not be read consistently."""
    lines_native: records.codec.Fraction = 0.0
    """It was held by a thread that ran no Python function."""
    lines_folded: records.codec.Fraction = 0.0
    """It was held at lines for which there was no room."""

    @property
    def longest_hold_s(self) -> float:
        """The longest hold of any thread, in seconds; 0 where nobody held."""
        return max((thread.longest_hold_s for thread in self.threads), default=0.0)

    @property
    def coarsened(self) -> bool:
        """Whether only the most recent segments were kept."""
        return self.segments_start_s > 0

    def only(self, places: Sequence[int]) -> Trace:
        """These threads and their segments; the figures of the whole stay."""
        new = {place: number for number, place in enumerate(places)}
        segments = [
            segment._replace(thread=new[segment.thread])
            for segment in self.segments
            if segment.thread in new
        ]
        return replace(
            self,
            threads=tuple(self.threads[place]._only(new) for place in places),
            segments=tuple(sorted(segments, key=BY_THREAD)),
            stacks=of_threads(self.stacks, new),
        )

    def last(self, seconds: float) -> Trace:
        """The segments of the last `seconds`; the figures of the whole stay."""
        start_s = max(self.segments_start_s, self.duration_s - seconds)
        segments = [
            segment._replace(start_s=max(segment.start_s, start_s))
            for segment in self.segments
            if segment.end_s > start_s
        ]
        return replace(self, segments=tuple(segments), segments_start_s=start_s)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace to `path` as JSON, whole or not at all. Raises OSError."""
        import json

        from lab.records.codec import encode

        data = {"kind": KIND, "format": FORMAT} | encode(self)
        write_whole(path, json.dumps(data) + "\n")
