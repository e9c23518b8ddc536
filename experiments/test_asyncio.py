"""asyncio.to_thread keeps an event loop alive only if the call releases the GIL.

A call of 200 ms runs in asyncio.to_thread, held, released or bytecode, while a task
of the loop beats every 5 ms. A beat's lag is how late it comes; the largest is
compared with the call's own length, so that a slow machine changes nothing.
It surprises that the word "thread" promises nothing: a held call stops the loop as
long as a plain call in a coroutine would.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from functools import partial

from lab.lag import INTERVAL_S, LOADS, Beat, Beside, during, next_due_ns
from lab.machine import gil_enabled
from lab.race import full_run
from lab.records import Recorder, Series
from lab.stopwatch import timed

CALL_S = 0.2
TURNS = 9 if full_run(os.environ) else 3
# Held: all of the call but for 5 ms until the next beat is due. The others: a busy
# machine wakes the loop late, but not for half a call.
STOPPED, ALIVE = 0.8, 0.5
SOURCE = "Lib/asyncio/threads.py to_thread; Python/ceval_gil.c take_gil"


def test_asyncio(record: Recorder) -> None:
    """The loop's largest lag, as a fraction of the call beside it."""
    record(lambda: list(_measure()))


def _measure() -> Iterator[Series]:
    gil = gil_enabled()
    found = asyncio.run(_turns())
    for name, turns in found.items():
        held = name == "held"
        claim = (
            f"at least {STOPPED}: the loop stands still" if held else "the loop runs"
        )
        yield Series(
            "asyncio",
            f"{name} in to_thread: largest lag / call",
            claim=claim if gil else "no claim: there is no GIL to hold",
            unit="",
            values=tuple(one.largest for one in turns),
            at_least=STOPPED if gil and held else None,
            at_most=ALIVE if gil and not held else None,
            source=SOURCE,
            gil=gil,
        )
        yield Series(
            "asyncio",
            f"{name} in to_thread: largest lag",
            claim="",
            unit="s",
            values=tuple(one.largest * one.call_s for one in turns),
            source=SOURCE,
            gil=gil,
        )


async def _turns() -> dict[str, list[Beside]]:
    found: dict[str, list[Beside]] = {"held": [], "released": [], "bytecode": []}
    for _ in range(TURNS):
        for name, turns in found.items():
            turns.append(await _beside(LOADS[name]))
    return found


async def _beside(load: Callable[[float], None]) -> Beside:
    beats: list[Beat] = []
    over = False

    async def beat() -> None:
        while not over:
            due_ns = next_due_ns()
            await asyncio.sleep(INTERVAL_S)
            beats.append(Beat(due_ns, time.monotonic_ns()))

    heart = asyncio.create_task(beat())
    await asyncio.sleep(2 * INTERVAL_S)
    enter_ns, leave_ns, *_ = await asyncio.to_thread(timed, partial(load, CALL_S))
    over = True
    await heart  # its last beat counts: it may have waited for all of the call
    return during(beats, enter_ns, leave_ns)
