"""asyncio.to_thread keeps an event loop alive only if the call releases the GIL.

A call of 60 ms runs in asyncio.to_thread, held, released or bytecode, while a task
of the loop wakes up every 5 ms. Its latency is how late it does; the largest is
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
    Latencies,
    Tick,
    during,
    next_due_ns,
    note,
    timed_call,
)
from lab.instruments.race import full_run
from lab.instruments.starvation import starved_since, starved_so_far_ns
from lab.records.machine import gil_enabled
from lab.records.series import Recorder, Series

CALL_S = 0.06
ROUNDS = 3 if full_run(os.environ) else 1
# Until the call ends no tick can come, and one is due within 5 ms of its beginning:
# so late it comes at least, as a fraction of the call, whatever the machine.
STOPPED = 1 - INTERVAL_S / CALL_S
SOURCE = "Lib/asyncio/threads.py to_thread; Python/ceval_gil.c take_gil"


def test_asyncio(record: Recorder) -> None:
    """The loop's largest latency, as a fraction of the call beside it."""
    record(lambda: list(_measure()))


def _measure() -> Iterator[Series]:
    found = asyncio.run(_measured())
    for name, rounds in found.items():
        yield _largest(name, rounds)
    for name, rounds in found.items():
        yield Series(
            "asyncio",
            f"{name} in to_thread: largest lag",
            claim="",
            unit="s",
            values=tuple(max(one.latencies_s) for one in rounds if one.latencies_s),
            dropped=sum(not one.latencies_s for one in rounds),
            source=SOURCE,
            gil=gil_enabled(),
        )


def _largest(name: str, rounds: list[Latencies]) -> Series:
    gil, held = gil_enabled(), name == "held"
    claim = "the loop stands still until the call is over" if held else "the loop runs"
    # Not held, all that a tick may wait for is a core, which is told apart, or one
    # switch interval: it is nearer to none of the call than to all of it.
    told = [one.largest if held else one.largest_by_lock(HALF) for one in rounds]
    values = tuple(value for value in told if value is not None)
    return Series(
        "asyncio",
        f"{name} in to_thread: largest lag / call",
        claim=claim if gil else "no claim: there is no GIL to hold",
        unit="",
        values=values,
        at_least=STOPPED if gil and held else None,
        at_most=HALF if gil and not held else None,
        dropped=len(rounds) - len(values),
        source=SOURCE,
        gil=gil,
    )


async def _measured() -> dict[str, list[Latencies]]:
    found: dict[str, list[Latencies]] = {"held": [], "released": [], "bytecode": []}
    for _ in range(ROUNDS):
        for name, rounds in found.items():
            rounds.append(await _beside(LOADS[name](CALL_S)))
    return found


async def _beside(load: Callable[[], object]) -> Latencies:
    ticks: list[Tick] = []
    over = False
    before_ns = starved_so_far_ns()

    async def tick() -> None:
        due_ns = next_due_ns()
        while not over:
            await asyncio.sleep(INTERVAL_S)
            due_ns = note(ticks, due_ns)

    ticker = asyncio.create_task(tick())
    await asyncio.sleep(2 * INTERVAL_S)
    call = await asyncio.to_thread(timed_call, load)
    over = True
    await ticker  # its last tick counts: it may have waited for all of the call
    return during(ticks, call, starved_since(before_ns))
