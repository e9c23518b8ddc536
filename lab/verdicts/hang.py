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
    """As deadlock(looks) has it. Empty: none."""
    others: tuple[ThreadLook, ...]
    """The rest of those that wait for something."""
    trace: Trace
    """Of the same time."""


def explain(looks: Sequence[Look], trace: Trace) -> Hang:
    """Two looks or more, one after the other, the last of them close. trace: of the
    same time."""
    last = looks[-1]
    holder = _holder(looks)
    stuck = holder is not None and _still(holder, looks)
    if holder and not stuck and not _throughout(holder, trace):
        holder = None
    kept = _wanted_between(looks) if stuck else set()
    wants = tuple(it for it in last.threads if it.wants or it.native_id in kept)
    told = {one.native_id for one in wants} | {last.holder if holder else 0}
    return Hang(
        seen_s=last.at_s - looks[0].at_s,
        holder=holder,
        stuck=stuck,
        wants=wants,
        cycle=deadlock(looks),
        others=tuple(it for it in last.threads if it.call and it.native_id not in told),
        trace=trace,
    )


def deadlock(looks: Sequence[Look]) -> tuple[ThreadLook, ...]:
    """Each waits for the next one, the last for the first; or, where the first waits
    for nobody in particular, for any of the others, which are all that there are, and
    they for it. Empty: none is proven. Threads as last seen.

    A thread that has not run since the first look kept what it held, and waits for the
    same. Where it holds the GIL, who wanted that at a look in between still does. (The
    threads of a look are read one by one: of the first and the last that is not so.)
    """
    last = looks[-1]
    follows = {
        one.native_id: one.owner
        for one in last.threads
        if one.owner and _still(one, looks)
    }
    holder, starts = _holder(looks), [*follows]
    if holder and _still(holder, looks):
        wants = _wanted_between(looks)
        others = set(last.tasks) - {holder.native_id}
        unowned = holder.private and not holder.owner and not holder.timed
        if unowned and others and others <= wants:
            return (holder, *(it for it in last.threads if it.native_id in others))
        follows |= dict.fromkeys(wants, holder.native_id)
        starts = [holder.native_id, *follows]
    cycle = next(filter(None, (_cycle(follows, start) for start in starts)), ())
    return tuple(one for n in cycle if (one := last.thread(n)) is not None)


def _holder(looks: Sequence[Look]) -> ThreadLook | None:
    """Who held the GIL at each look."""
    same = len({look.holder for look in looks}) == 1
    return looks[-1].thread(looks[-1].holder) if same else None


def _wanted_between(looks: Sequence[Look]) -> set[int]:
    return {one.native_id for look in looks[1:-1] for one in look.threads if one.wants}


def _still(one: ThreadLook, looks: Sequence[Look]) -> bool:
    """Whether it has not run since the first look: it waits, in the same call."""
    before = looks[0].thread(one.native_id)
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
