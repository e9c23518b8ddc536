"""The stacks of a trace as paths, for exports and charts."""

from collections.abc import Iterator
from dataclasses import dataclass

from lab.errors import UsageError
from lab.records.lines import Line
from lab.records.trace import Trace


@dataclass(frozen=True, slots=True)
class StackPath:
    """A stack on top of which the GIL was held."""

    thread: str
    """Its name."""
    lines: tuple[Line, ...]
    """Callers first."""
    held_s: float
    """For how long, in seconds."""
    wanted_s: float
    """For how long of it another thread wanted the GIL."""


def paths(trace: Trace) -> Iterator[StackPath]:
    """Those of all threads that held: none where the lines were not looked for."""
    found: list[tuple[Line, ...]] = []
    for node in trace.stacks:
        callers = () if node.parent is None else found[node.parent]
        found.append((*callers, trace.lines[node.line]))
        if node.held:
            yield StackPath(
                trace.threads[node.thread].name,
                found[-1],
                node.held * trace.duration_s,
                node.wanted * trace.duration_s,
            )


def looked_for(trace: Trace) -> Iterator[StackPath]:
    """The same, for exports: UsageError where the lines were not looked for, as that
    nothing held would be false."""
    if not trace.has_lines:
        raise UsageError(
            "this trace is of an older format, without the lines that held the GIL: "
            "leave out --speedscope, --collapsed and --collapsed-waited"
        )
    return paths(trace)
