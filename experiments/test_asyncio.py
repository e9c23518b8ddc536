"""asyncio.to_thread keeps an event loop alive only if the call releases the GIL.

A call of 100 ms runs in asyncio.to_thread, held, released or bytecode, while a task
of the loop beats every 5 ms. A beat's lag is how late it comes; the largest is
compared with the call's own length, so that a slow machine changes nothing.
It surprises that the word "thread" promises nothing: a held call stops the loop as
long as a plain call in a coroutine would.
"""

import asyncio
import os
from collections.abc import Callable, Iterator

from lab.constructions.claims import HALF
from lab.constructions.latency import (
    INTERVAL_S,
    LOADS,
    Beat,
    Beside,
    during,
    made,
    next_due_ns,
    note,
    since,
)
from lab.instruments.race import full_run, starved_so_far_ns
from lab.records.machine import gil_enabled
from lab.records.series import Recorder, Series

CALL_S = 0.1
TURNS = 3 if full_run(os.environ) else 1
# Until the call ends no beat can come, and one is due within 5 ms of its beginning:
# so late it comes at least, as a fraction of the call, whatever the machine.
STOPPED = 1 - INTERVAL_S / CALL_S
SOURCE = "Lib/asyncio/threads.py to_thread; Python/ceval_gil.c take_gil"


def test_asyncio(record: Recorder) -> None:
    """The loop's largest lag, as a fraction of the call beside it."""
    record(lambda: list(_measure()))


def _measure() -> Iterator[Series]:
    found = asyncio.run(_turns())
    for name, turns in found.items():
        yield _largest(name, turns)
    for name, turns in found.items():
        yield Series(
            "asyncio",
            f"{name} in to_thread: largest lag",
            claim="",
            unit="s",
            values=tuple(max(one.lags_s) for one in turns if one.lags_s),
            dropped=sum(not one.lags_s for one in turns),
            source=SOURCE,
            gil=gil_enabled(),
        )


def _largest(name: str, turns: list[Beside]) -> Series:
    gil, held = gil_enabled(), name == "held"
    claim = "the loop stands still until the call is over" if held else "the loop runs"
    # Not held, all that a beat may wait for is a core, which is told apart, or one
    # switch interval: it is nearer to none of the call than to all of it.
    told = [one.largest if held else one.largest_by_lock(HALF) for one in turns]
    values = tuple(value for value in told if value is not None)
    return Series(
        "asyncio",
        f"{name} in to_thread: largest lag / call",
        claim=claim if gil else "no claim: there is no GIL to hold",
        unit="",
        values=values,
        at_least=STOPPED if gil and held else None,
        at_most=HALF if gil and not held else None,
        dropped=len(turns) - len(values),
        source=SOURCE,
        gil=gil,
    )


async def _turns() -> dict[str, list[Beside]]:
    found: dict[str, list[Beside]] = {"held": [], "released": [], "bytecode": []}
    for _ in range(TURNS):
        for name, turns in found.items():
            turns.append(await _beside(LOADS[name](CALL_S)))
    return found


async def _beside(load: Callable[[], object]) -> Beside:
    beats: list[Beat] = []
    over = False
    before_ns = starved_so_far_ns()

    async def beat() -> None:
        due_ns = next_due_ns()
        while not over:
            await asyncio.sleep(INTERVAL_S)
            due_ns = note(beats, due_ns)

    heart = asyncio.create_task(beat())
    await asyncio.sleep(2 * INTERVAL_S)
    call = await asyncio.to_thread(made, load)
    over = True
    await heart  # its last beat counts: it may have waited for all of the call
    return during(beats, call, since(before_ns))
