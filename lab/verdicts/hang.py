"""Why a process seems to hang: who holds the GIL, who waits for whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from lab.records.look import Look, ThreadLook
from lab.records.trace import Trace

# Who held the GIL at every look, and for this part of the time, held it throughout: of
# the time before the first sample and after the last one only half is counted.
THROUGHOUT = 0.98


@dataclass(frozen=True, slots=True)
class Hang:
    """What was seen of a process in a second or less. Threads as last seen."""

    seen_s: float
    """From the first look to the last."""
    holder: ThreadLook | None
    """It held the GIL throughout."""
    stuck: bool
    """The holder has not run meanwhile, so it has not let it go either."""
    wants: tuple[ThreadLook, ...]
    """They want the GIL; where the holder is stuck, all that ever did."""
    cycle: tuple[ThreadLook, ...]
    """A deadlock: each waits for the next one, the last for the first. Empty: none."""
    others: tuple[ThreadLook, ...]
    """The rest of those that wait for something."""
    trace: Trace
    """Of the same time."""


def explain(looks: Sequence[Look], trace: Trace) -> Hang:
    """Two looks or more, one after the other, the last of them close.

    A deadlock is one whatever went on between looks: a thread that has not run since
    the first kept what it held, and waits for the same. Where it holds the GIL, all who
    wanted that at any look still do.
    """
    first, last = looks[0], looks[-1]
    still = {one.native_id for one in last.threads if _still(one, first)}
    held = {look.holder for look in looks}
    holder = last.thread(last.holder) if len(held) == 1 else None
    stuck = holder is not None and holder.native_id in still
    if holder and not stuck and not _throughout(holder, trace):
        holder = None
    wanted = {one.native_id for look in looks for one in look.threads if one.wants}
    now = {one.native_id for one in last.threads if one.wants}
    wants = tuple(
        one for one in last.threads if one.native_id in (wanted if stuck else now)
    )
    follows = {
        one.native_id: one.owner
        for one in last.threads
        if one.native_id in still and one.owner
    }
    if holder and stuck:
        follows |= {one.native_id: holder.native_id for one in wants}
    starts = [holder.native_id] if holder else []
    cycle = next(filter(None, (_cycle(follows, n) for n in [*starts, *follows])), ())
    told = {one.native_id for one in wants} | {last.holder if holder else 0}
    return Hang(
        seen_s=last.at_s - first.at_s,
        holder=holder,
        stuck=stuck,
        wants=wants,
        cycle=tuple(one for n in cycle if (one := last.thread(n)) is not None),
        others=tuple(it for it in last.threads if it.call and it.native_id not in told),
        trace=trace,
    )


def _still(one: ThreadLook, first: Look) -> bool:
    """Whether it has not run since: it waits, in the same call."""
    before = first.thread(one.native_id)
    return (
        before is not None
        and bool(one.call)
        and not one.wants
        and (one.call, one.arguments, one.owner, one.switches)
        == (before.call, before.arguments, before.owner, before.switches)
    )


def _throughout(holder: ThreadLook, trace: Trace) -> bool:
    return any(
        one.native_id == holder.native_id and one.holds >= THROUGHOUT
        for one in trace.threads
    )


def _cycle(follows: dict[int, int], start: int) -> tuple[int, ...]:
    """The way from `start` back to it; empty where it leads elsewhere."""
    way = [start]
    while (after := follows.get(way[-1])) is not None:
        if after == start:
            return tuple(way)
        if after in way:
            return ()
        way.append(after)
    return ()
