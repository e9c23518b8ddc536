"""A call that holds the GIL stops all other threads, however many cores are idle.

A thread beats every 5 ms while another sleeps, runs bytecode, or makes a C call of
100 ms, one that holds the GIL or one that releases it, in turn. A beat's lag is how
late it comes; the largest is compared with the length of the call beside it.
No speedup shows this cost, as it falls on the others; and bytecode surprises as the
better neighbour: every switch interval (sys.getswitchinterval) it lets them in.
"""

import os
import sys
from collections.abc import Iterator

import numpy as np

from lab.lag import LOADS, Beside, beside
from lab.machine import gil_enabled
from lab.race import full_run
from lab.records import Recorder, Series

CALL_S = 0.1
TURNS = 15 if full_run(os.environ) else 5
# Held: all of the call but for 5 ms until the next beat is due. The others: a busy
# machine wakes a thread late, but not for half a call.
STOPPED, ALIVE = 0.8, 0.5
QUANTILES = {"median": 50, "p99": 99, "largest": 100}
SOURCE = "Python/ceval_gil.c take_gil, drop_gil"


def test_responsiveness(record: Recorder) -> None:
    """Lags in seconds, and the largest as a fraction of the call."""
    record(lambda: list(_measure()))


def _measure() -> Iterator[Series]:
    turns: dict[str, list[Beside]] = {name: [] for name in LOADS}
    for _ in range(TURNS):
        for name, load in LOADS.items():
            turns[name].append(beside(load, CALL_S))
    for name, found in turns.items():
        yield from _lags(name, found)
    for name, found in turns.items():
        yield _largest(name, found)
    yield _waits_an_interval(turns["bytecode"])


def _lags(name: str, found: list[Beside]) -> Iterator[Series]:
    beaten = [one for one in found if one.lags_s]
    for word, percent in QUANTILES.items():
        yield Series(
            "responsiveness",
            f"beside {name}: lag, {word}",
            claim="",
            unit="s",
            values=tuple(float(np.percentile(one.lags_s, percent)) for one in beaten),
            dropped=len(found) - len(beaten),
            source=SOURCE,
            gil=gil_enabled(),
            figure=f"lag, {word}",
            at=name,
        )


def _largest(name: str, found: list[Beside]) -> Series:
    gil, held = gil_enabled(), name == "held"
    claim = f"at least {STOPPED}: nobody else runs" if held else f"at most {ALIVE}"
    return Series(
        "responsiveness",
        f"beside {name}: largest lag / call",
        claim=claim if gil else "no claim: there is no GIL to hold",
        unit="",
        values=tuple(one.largest for one in found),
        at_least=STOPPED if gil and held else None,
        at_most=ALIVE if gil and not held else None,
        source=SOURCE,
        gil=gil,
    )


def _waits_an_interval(found: list[Beside]) -> Series:
    gil = gil_enabled()
    return Series(
        "responsiveness",
        "beside bytecode: median lag / switch interval",
        claim="at least 0.8: it is let in once it has waited for an interval"
        if gil
        else "no claim: there is no GIL to wait for",
        unit="x",
        values=tuple(
            float(np.median(one.lags_s)) / sys.getswitchinterval()
            for one in found
            if one.lags_s
        ),
        at_least=0.8 if gil else None,
        source=SOURCE,
        gil=gil,
    )
