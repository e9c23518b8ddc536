"""Lines that held the GIL, and the stacks on top of which they did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lab import records
from lab.records.harmless import Harmless

if TYPE_CHECKING:  # msgspec, which reads files by the types, is not needed before
    import lab.records.codec  # noqa: F401 (as records.codec)


@dataclass(frozen=True, slots=True)
class Line(Harmless):
    """A line of source. Fractions are of the scope's whole duration, 0 to 1."""

    file: str
    """As the code object names it; empty where `function` says why there is none."""
    line: records.codec.Count
    """Its number; 0 where the instruction has none."""
    function: str
    """Qualified name of the function that it is part of."""
    callee: str = ""
    """What it called while it held longest, as its source says; empty: no call."""
    held: records.codec.Fraction = 0.0
    """The GIL was held by a thread with this line on top of its stack."""
    longest_s: records.codec.NotNegative = 0.0
    """The longest stretch of one hold in which every sample that could be read found
    this line on top."""
    wanted: records.codec.Fraction = 0.0
    """The part of `held` in which another thread wanted the GIL."""


class StackNode(NamedTuple):
    """A line on a thread's stack, called by its parent."""

    parent: records.codec.Count | None
    """Index into `Trace.stacks`, before this one; None where a thread begins."""
    thread: records.codec.Count
    """Index into `Trace.threads`."""
    line: records.codec.Count
    """Index into `Trace.lines`."""
    held: records.codec.Fraction
    """The GIL was held by this very line, not by what it called."""
    wanted: records.codec.Fraction
    """The part of `held` in which another thread wanted the GIL."""


def of_threads(
    stacks: Sequence[StackNode], new: dict[int, int]
) -> tuple[StackNode, ...]:
    """The stacks of some threads; new: the place that each of them has from now on."""
    kept = {place for place, node in enumerate(stacks) if node.thread in new}
    return tuple(node._replace(thread=new[node.thread]) for node in _only(stacks, kept))


def of_program(
    stacks: Sequence[StackNode], lines: Sequence[Line], runner: str, through: Set[str]
) -> tuple[StackNode, ...]:
    """The stacks without what runs the program: lines of the file `runner`, all that
    lead there, and those of the files that it goes `through` from there."""
    ours = {at for at, node in enumerate(stacks) if lines[node.line].file == runner}
    for at in reversed(range(len(stacks))):
        parent = stacks[at].parent
        if at in ours and parent is not None:
            ours.add(parent)
    for at, node in enumerate(stacks):
        if node.parent in ours and lines[node.line].file in through:
            ours.add(at)
    return tuple(_only(stacks, set(range(len(stacks))) - ours))


def _only(stacks: Sequence[StackNode], kept: Set[int]) -> Iterator[StackNode]:
    """Some of them. Whose caller is not among them begins a stack."""
    now: dict[int | None, int] = {}
    for place, node in enumerate(stacks):
        if place in kept:
            now[place] = len(now)
            yield node._replace(parent=now.get(node.parent))
