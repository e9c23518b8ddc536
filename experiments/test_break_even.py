"""A call must last about a microsecond before it pays to release the GIL.

The same integer steps are cut into calls of 20 ns to 10 ms, each with the GIL held
or released. Processor time in one thread shows what the release costs; two threads
that release, against one that holds, show what it gains, and where that curve passes
1 it begins to pay. What surprises: two threads with shorter calls are slower than
one, seven times at worst, as they fight for the GIL; and the lines that CPython has
drawn for itself, 2047 bytes for a hash and 5 KB for a checksum, are right there.

Around that line the same calls gain 0.4 or 0.9, from run to run: threads in step do not
meet at the GIL, others put each other to sleep, and both on one core take turns
(test_block_unblock.py). So where it begins to pay is a figure, and no claim: it depends
on the processor, on the scheduler, and on luck.
"""

import hashlib
import os
import zlib
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from lab.calls.doses import mixed
from lab.constructions.claims import HALF, ONE_OR_TWO, about_gil
from lab.constructions.handoff import without_releases
from lab.constructions.speedup import cores, crossing, free_part, one_core, speedup
from lab.instruments.race import full_run
from lab.instruments.stopwatch import repeat, timed
from lab.records.race import STARVED
from lab.records.series import Recorder, Series
from lab.records.units import duration

WORK_NS = 1.5e6
LONG_NS = 1e7
CALLS_NS = (20.0, 100.0, 300.0, 1e3, 3e3, 1e4, 1e5, LONG_NS)
FULL_NS = (
    20.0,
    50.0,
    100.0,
    200.0,
    300.0,
    500.0,
    700.0,
    1e3,
    2e3,
    5e3,
    1e4,
    1e5,
    LONG_NS,
)
SOURCE = "Python/ceval_gil.c take_gil, drop_gil"
CALLS = 2000
# The two curves, over the length of a call.
LOSS, GAIN = "one thread: released / held", "two threads: gain"
# CPython's own lines: the call, where it is drawn, bytes below and bytes above it. Of
# these so many that the call itself is nearly all of the time, on any processor.
LINES: dict[str, tuple[Callable[[bytes], object], str, int, int]] = {
    "sha256": (hashlib.sha256, "Modules/hashlib.h HASHLIB_GIL_MINSIZE", 2047, 2**21),
    "crc32": (zlib.crc32, "Modules/zlibmodule.c zlib_crc32_impl", 5120, 2**22),
}


def _held(steps: int, calls: int) -> Callable[[], object]:
    return partial(mixed, steps, 0, calls)


def _released(steps: int, calls: int) -> Callable[[], object]:
    return partial(mixed, 0, steps, calls)


@pytest.mark.skipif(one_core() is not None, reason=one_core() or "")
def test_break_even(record: Recorder) -> None:
    """One thread's loss, two threads' gain, and where the gain passes 1."""
    full = full_run(os.environ)
    calls_ns, rounds = (FULL_NS, 6) if full else (CALLS_NS, 2)
    step_ns = min(timed(partial(without_releases, 10**6))[2] for _ in range(5)) / 1e6

    def cut(call_ns: float) -> tuple[int, int]:
        steps, calls = round(call_ns / step_ns), round(WORK_NS / call_ns)
        return max(1, steps), max(1, calls)

    def loss(call_ns: float) -> float:
        work = cut(call_ns)
        return timed(_released(*work))[2] / timed(_held(*work))[2]

    def two_threads(call_ns: float) -> float | None:
        work = cut(call_ns)
        # Short calls fight for the GIL so often that threads stand in a queue.
        starved = 0.5 if call_ns < 1e3 else STARVED
        return speedup(_held(*work), [_released(*work)] * 2, starved)

    def measure() -> Iterator[Series]:
        steps, calls = cut(LONG_NS)
        wide = [cores([_released(steps, 2 * calls)] * 2) for _ in range(rounds)]
        yield _series(
            f"two threads, {_call(LONG_NS)}: cores in use",
            [value for value in wide if value is not None],
            "released, they run at once",
            # Between the one core that a lock allows and two. No claim on the gain:
            # two threads of one core, or a slow core, may give less than two cores.
            ONE_OR_TWO,
            unit="",
            wanted=rounds,
        )
        losses = [{x: loss(x) for x in calls_ns} for _ in range(rounds)]
        tried = [{x: two_threads(x) for x in calls_ns} for _ in range(rounds)]
        gains = [
            {x: times for x, times in one.items() if times is not None} for one in tried
        ]
        for x in calls_ns:
            shortest = x == min(CALLS_NS)
            yield _series(
                f"one thread, {_call(x)}: released / held",
                [one[x] for one in losses],
                "a release costs something" if shortest else "",
                # The same steps, and a lock and an unlock more: never less work.
                1.0 if shortest else None,
                figure=LOSS,
                at_s=x / 1e9,
            )
        for x in calls_ns:
            yield _series(
                f"two threads, {_call(x)}: gain",
                [one[x] for one in gains if x in one],
                wanted=rounds,
                figure=GAIN,
                at_s=x / 1e9,
            )
        crossed = [crossing(curve, 1.0) for curve in gains]
        yield _series(
            "releasing pays from",
            [x / 1e9 for x in crossed if x is not None],
            "the shortest call with which two threads do more than one that holds",
            unit="s",
            wanted=rounds,
        )

    record(lambda: list(map(about_gil, measure())))


def _call(call_ns: float) -> str:
    return duration(call_ns / 1e9)


@pytest.mark.parametrize("name", LINES)
def test_break_even_line(record: Recorder, name: str) -> None:
    """Where CPython draws the line: held below it, released above."""
    function, source, below, above = LINES[name]

    looks = 3 if full_run(os.environ) else 1

    def free(size: int) -> list[float]:
        found = [free_part(partial(function, bytes(size)), 0.03) for _ in range(looks)]
        return [one for one in found if one is not None]

    def call_s() -> float:
        return (
            timed(partial(repeat, function, (bytes(below),), {}, CALLS))[2]
            / 1e9
            / CALLS
        )

    def measure() -> Iterator[Series]:
        yield _series(
            f"{name} of {below} bytes: GIL-free",
            free(below),
            "held: below CPython's line",
            at_most=HALF,
            unit="",
            wanted=looks,
            source=source,
        )
        yield _series(
            f"{name} of {above} bytes: GIL-free",
            free(above),
            "released: above CPython's line",
            at_least=HALF,
            unit="",
            wanted=looks,
            source=source,
        )
        yield _series(
            f"{name} of {below} bytes",
            [call_s() for _ in range(2)],
            "the longest call for which CPython holds",
            unit="s",
            source=source,
        )

    record(lambda: list(map(about_gil, measure())))


def _series(
    subject: str,
    values: list[float],
    claim: str = "",
    at_least: float | None = None,
    at_most: float | None = None,
    *,
    unit: str = "x",
    wanted: int | None = None,
    source: str = SOURCE,
    figure: str = "",
    at_s: float | None = None,
) -> Series:
    """wanted: how many values there would be, had the machine been free."""
    return Series(
        "break-even",
        subject,
        claim,
        unit,
        tuple(values),
        at_least,
        at_most,
        dropped=0 if wanted is None else wanted - len(values),
        source=source,
        figure=figure,
        at=at_s,
    )
