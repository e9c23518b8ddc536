"""Why a process seems to hang, in a paragraph."""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import pairwise

from lab.records.source_names import is_library, place
from lab.records.thread_dump import DumpedThread, NativeFrame
from lab.records.units import duration, percent
from lab.renderers.console import ascii_only
from lab.verdicts.hang import Hang

# So many threads are told of one by one.
MOST = 6
# Libraries that wait on behalf of others.
SYSTEM = ("libc.", "libc-", "libpthread", "libstdc++", "libc++", "ld-", "ld.")
# What some calls wait for, in words.
AWAITED = {
    "futex": "a lock",
    "restart_syscall": "the rest of a wait that was interrupted",
    **dict.fromkeys(("wait4", "waitid"), "the end of a child process"),
    **dict.fromkeys(
        ("poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait"),
        "something to read or write",
    ),
}
# A number of no process, as wait4 gets it: any child, or one of a group.
LEAST_NEGATIVE = 1 << 31
SLEEPS = ("nanosleep", "clock_nanosleep")
AWAITED |= dict.fromkeys(SLEEPS, "a sleep")
# The library by which ctypes and cffi call, and the function that runs bytecode.
BRIDGE, BYTECODE = "libffi", "_PyEval_EvalFrameDefault"
# Who held the GIL for less is not worth a word.
LEAST_SHARE = 0.01


def render(hang: Hang, width: int, colour: bool) -> str:
    """One paragraph in lines of at most so many columns; colour: names may be more than
    ASCII."""
    text = " ".join(_sentences(hang))
    if not colour:
        text = ascii_only(text)
    return textwrap.fill(text, width, break_on_hyphens=False) + "\n"


def _sentences(hang: Hang) -> Iterator[str]:
    if hang.stopped:
        yield f"P{hang.stopped[1:]}."
    if hang.cycle:
        yield _deadlock(hang)
    if hang.holder:
        yield _holds(hang, hang.holder)
    elif hang.trace.held >= LEAST_SHARE:
        yield _changes(hang)
    else:
        yield f"Nobody holds the GIL, in {duration(hang.seen_s)} of looking."
    if hang.wants:
        count = len(hang.wants)
        subject = "1 thread wants" if count == 1 else f"{count} threads want"
        told = [f"{one.name}{_where(one)}" for one in hang.wants]
        yield f"{subject} the GIL: {_listed(told)}."
    elif hang.holder:
        yield "No other thread wants the GIL."
    if hang.stranded:
        yield (
            "All threads wait for locks, and none is left that could free one: only "
            "the handler of a signal could."
        )
    if hang.others:
        yield f"{_listed([_blocked(one) for one in hang.others])}."


def _deadlock(hang: Hang) -> str:
    first = hang.cycle[0]
    if not first.owner:
        others = (
            "all others want" if len(hang.cycle) > 2 else "the only other one wants"
        )
        return (
            f"This is a deadlock: {first.name} waits to be woken by another thread of "
            f"its process, and {others} the GIL, which {first.name} holds. None of "
            "them can go on, unless the handler of a signal wakes it."
        )
    ring = [*hang.cycle, hang.cycle[0]]
    steps = [
        f"{one.name} waits for {_awaited(hang, one, other)}"
        for one, other in pairwise(ring)
    ]
    unless = any(one.timed and not one.wants for one in hang.cycle)
    ends = ", unless a time limit ends a wait" if unless else ""
    return f"This is a deadlock: {', '.join(steps)}. None of them can go on{ends}."


def _awaited(hang: Hang, one: DumpedThread, other: DumpedThread) -> str:
    if one in hang.wants:
        return f"the GIL, which {other.name} holds"
    if one.joins:
        return f"the end of {other.name}"
    return f"a lock that {other.name} holds"


def _holds(hang: Hang, holder: DumpedThread) -> str:
    since = duration(holder.asleep_s if hang.stuck and holder.asleep_s else hang.seen_s)
    subject = f"{holder.name} holds the GIL{_where(holder)}, for at least {since}"
    if hang.stopped:
        return f"{subject}."
    if not hang.stuck:
        return f"{subject}, and runs{_callee(hang, holder)}."
    told = f"{subject}: it does not run, but waits in {_call(holder)}."
    if hang.wants and not hang.cycle and holder.call not in SLEEPS:
        told += " If it is one of those who want the GIL that must wake it, none can."
    return told


def _changes(hang: Hang) -> str:
    trace = hang.trace
    threads = sorted(trace.threads, key=lambda one: one.holds, reverse=True)
    held = [
        f"{one.name} for {percent(one.holds, one.error)}"
        for one in threads
        if one.holds >= LEAST_SHARE
    ]
    told = (
        f"The GIL changes hands: in {duration(hang.seen_s)} it was held by "
        f"{_listed(held)} of the time, and free for "
        f"{percent(trace.gil_free, trace.error)} ({trace.samples} samples)."
    )
    for line in trace.lines[:1]:
        calls = f", calling {line.callee}" if line.callee else ""
        told += f" Most often it was held in {line.function} ({place(line)}){calls}."
    return told


def _callee(hang: Hang, holder: DumpedThread) -> str:
    """What the holder's function calls, as far as its source tells."""
    for line in hang.trace.lines if holder.frames else ():
        if line.callee and (line.file, line.line, line.function) == holder.frames[0]:
            return f", calling {line.callee}"
    return ""


def _blocked(one: DumpedThread) -> str:
    since = f", for {duration(one.asleep_s)}" if one.asleep_s else ""
    return f"{one.name} waits in {_call(one)}{_where(one)}{since}"


def _call(one: DumpedThread) -> str:
    told = f"{one.call} of {one.descriptor}" if one.descriptor else one.call
    awaited = AWAITED.get(one.call)
    if one.call == "wait4" and 0 < one.arguments[0] < LEAST_NEGATIVE:
        awaited = f"the end of process {one.arguments[0]}"
    return f"{told} ({awaited})" if awaited else told


def _where(one: DumpedThread) -> str:
    """The place in the program, and which C function is called there."""
    told = ""
    if one.frames:
        frame, *callers = one.frames
        told = f" in {frame.function} ({place(frame)})"
        if is_library(frame.file):
            own = next((it for it in callers if not is_library(it.file)), None)
            if own:
                told += f", called from {own.function} ({place(own)})"
    function = None if one.wants else _called(one)
    if function:
        told += f", C function {function.function} of {function.library}"
    return told


def _called(one: DumpedThread) -> NativeFrame | None:
    """The C function that its innermost Python function is in: not one of the system's,
    unless nothing but ctypes or cffi called that."""
    called = None
    for frame in one.native:
        if frame.function.startswith(BYTECODE):  # or a part of it, .cold
            return None
        if frame.library.startswith(BRIDGE):
            return called
        called = frame if frame.function else called
        if frame.function and not frame.library.startswith(SYSTEM):
            return frame
    return None


def _listed(told: Sequence[str]) -> str:
    more = len(told) - MOST
    if more > 0:
        return "; ".join([*told[:MOST], f"and {more} more"])
    return "; ".join(told)
