"""Why a process seems to hang: who holds the GIL, who waits for whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from lab.records.thread_dump import DumpedThread, ThreadDump
from lab.records.trace import Trace

# Who held the GIL at every dump, and for this part of the time, held it throughout: of
# the time before the first sample and after the last one only half is counted.
THROUGHOUT = 0.98


@dataclass(frozen=True, slots=True)
class Hang:
    """What was seen of a process in a second or less. Threads as last seen."""

    seen_s: float
    """From the first dump to the last."""
    holder: DumpedThread | None
    """It held the GIL throughout."""
    stuck: bool
    """The holder has not run meanwhile, so it has not let it go either."""
    wants: tuple[DumpedThread, ...]
    """They want the GIL; where the holder is stuck, all that ever did."""
    cycle: tuple[DumpedThread, ...]
    """As deadlock(dumps) has it. Empty: none."""
    others: tuple[DumpedThread, ...]
    """The rest of those that wait for something."""
    trace: Trace
    """Of the same time."""
    stranded: bool = False
    """Each of its threads waits for a lock of their process, and none is left that
    could free one, but for the handler of a signal."""
    stopped: str = ""
    """As ThreadDump has it."""


def explain(dumps: Sequence[ThreadDump], trace: Trace) -> Hang:
    """Two dumps or more, one after the other, the last of them close. trace: of the
    same time."""
    last = dumps[-1]
    holder = _holder(dumps)
    stuck = holder is not None and _still(holder, dumps)
    if holder and not stuck and not _throughout(holder, trace):
        holder = None
    kept = _wanted_between(dumps) if stuck else set()
    wants = tuple(it for it in last.threads if it.wants or it.native_id in kept)
    told = {one.native_id for one in wants} | {last.holder if holder else 0}
    return Hang(
        seen_s=last.at_s - dumps[0].at_s,
        holder=holder,
        stuck=stuck,
        wants=wants,
        cycle=deadlock(dumps),
        stranded=_stranded(dumps),
        stopped=last.stopped,
        others=tuple(it for it in last.threads if it.call and it.native_id not in told),
        trace=trace,
    )


def deadlock(dumps: Sequence[ThreadDump]) -> tuple[DumpedThread, ...]:
    """Each waits for the next one, the last for the first; or, where the first waits
    for nobody in particular, for any of the others, which are all that there are, and
    they for it. Empty: none is proven. Threads as last seen.

    A thread that has not run since the first dump kept what it held, and waits for the
    same. Where it holds the GIL, who wanted that at a dump in between still does. (The
    threads of a dump are read one by one: of the first and the last that is not so.)
    """
    last = dumps[-1]
    if any(dump.stopped for dump in dumps):  # that nothing moves proves nothing then
        return ()
    follows = {
        one.native_id: one.owner
        for one in last.threads
        if one.owner and _still(one, dumps)
    }
    holder, starts = _holder(dumps), [*follows]
    if holder and _still(holder, dumps):
        wants = _wanted_between(dumps)
        others = set(last.tasks) - {holder.native_id}
        unowned = holder.private and not holder.owner and not holder.timed
        if unowned and others and others <= wants:
            return (holder, *(it for it in last.threads if it.native_id in others))
        follows |= dict.fromkeys(wants, holder.native_id)
        starts = [holder.native_id, *follows]
    cycle = next(filter(None, (_cycle(follows, start) for start in starts)), ())
    return tuple(one for n in cycle if (one := last.thread(n)) is not None)


def _stranded(dumps: Sequence[ThreadDump]) -> bool:
    last = dumps[-1]
    if any(dump.stopped for dump in dumps):
        return False
    waits = {
        one.native_id
        for one in last.threads
        if one.private and not one.timed and _still(one, dumps)
    }
    return bool(last.tasks) and waits == set(last.tasks)


def _holder(dumps: Sequence[ThreadDump]) -> DumpedThread | None:
    """Who held the GIL at each dump."""
    same = len({dump.holder for dump in dumps}) == 1
    return dumps[-1].thread(dumps[-1].holder) if same else None


def _wanted_between(dumps: Sequence[ThreadDump]) -> set[int]:
    return {one.native_id for dump in dumps[1:-1] for one in dump.threads if one.wants}


def _still(one: DumpedThread, dumps: Sequence[ThreadDump]) -> bool:
    """Whether it has not run since the first dump: it waits, in the same call."""
    before = dumps[0].thread(one.native_id)
    return (
        before is not None
        and bool(one.call)
        and not one.wants
        and (one.call, one.arguments, one.owner, one.switches)
        == (before.call, before.arguments, before.owner, before.switches)
    )


def _throughout(holder: DumpedThread, trace: Trace) -> bool:
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
