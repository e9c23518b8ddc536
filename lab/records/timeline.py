"""Calls of several threads, as noted by themselves and as the scope saw them."""

from dataclasses import dataclass
from typing import ClassVar

from lab.records.codec import NotNegative, Record
from lab.records.harmless import Harmless
from lab.records.trace import Trace


@dataclass(frozen=True, slots=True)
class Span(Harmless):
    """One call of one thread, in seconds since the trace beside it began."""

    thread: str
    """Name of the thread, as in the trace."""
    enter_s: NotNegative
    """When the call began."""
    leave_s: NotNegative
    """When it ended."""


@dataclass(frozen=True, slots=True)
class Timeline(Record):
    """Threads that made the same calls under the scope."""

    kernel: str
    """Name of the kernel."""
    twin: str
    """Name of the twin."""
    calls: tuple[Span, ...]
    """As a simple tracer in Python notes them, right before and right after each call.
    A thread can lose the GIL between a call and the stamp that follows it."""
    trace: Trace
    """What the scope saw."""

    KIND: ClassVar[str] = "timeline"
