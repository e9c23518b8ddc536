"""A call that holds the GIL stops all other threads, however many cores are idle.

A thread wakes up every 5 ms while another makes a C call of 60 ms that holds the GIL,
or one that releases it, runs bytecode, or sleeps, in turn. Its latency is how
late it does so; the largest is compared with the length of the call beside it.
No speedup shows this cost, as it falls on the others; and bytecode surprises as the
better neighbour: every switch interval (sys.getswitchinterval) it lets them in.
"""

import os
import sys
from collections.abc import Iterator

import numpy as np

from lab.constructions.claims import HALF
from lab.constructions.latency import INTERVAL_S, LOADS, Latencies, beside
from lab.instruments.race import full_run
from lab.records.machine import gil_enabled
from lab.records.race import STARVED
from lab.records.series import Recorder, Series

CALL_S = 0.06
ROUNDS = 3 if full_run(os.environ) else 1
# Until the call ends no tick can come, and one is due within 5 ms of its beginning:
# so late it comes at least, as a fraction of the call, whatever the machine.
STOPPED = 1 - INTERVAL_S / CALL_S
QUANTILES = {"median": 50, "p99": 99, "largest": 100}
SOURCE = "Python/ceval_gil.c take_gil, drop_gil"


def test_responsiveness(record: Recorder) -> None:
    """Latencies in seconds, and the largest as a fraction of the call."""
    record(lambda: list(_measure()))


def _measure() -> Iterator[Series]:
    rounds: dict[str, list[Latencies]] = {name: [] for name in LOADS}
    for _ in range(ROUNDS):
        for name, load in LOADS.items():
            rounds[name].append(beside(load(CALL_S)))
    for name, found in rounds.items():
        yield from _latencies(name, found)
    for name in ("held", *(name for name in LOADS if name != "held")):
        yield _largest(name, rounds[name])
    yield _waits_an_interval(rounds["bytecode"])


def _latencies(name: str, found: list[Latencies]) -> Iterator[Series]:
    some = [one for one in found if one.latencies_s]
    for word, percent in QUANTILES.items():
        yield Series(
            "responsiveness",
            f"beside {name}: lag, {word}",
            claim="",
            unit="s",
            values=tuple(
                float(np.percentile(one.latencies_s, percent)) for one in some
            ),
            dropped=len(found) - len(some),
            source=SOURCE,
            gil=gil_enabled(),
            figure=f"lag, {word}",
            at=name,
        )


def _largest(name: str, found: list[Latencies]) -> Series:
    gil, held = gil_enabled(), name == "held"
    claim = "nobody else runs until the call is over" if held else "the others run"
    # Not held, all that a tick may wait for is a core, which is told apart, or one
    # switch interval: it is nearer to none of the call than to all of it.
    told = [one.largest if held else one.largest_by_lock(HALF) for one in found]
    values = tuple(value for value in told if value is not None)
    return Series(
        "responsiveness",
        f"beside {name}: largest lag / call",
        claim=claim if gil else "no claim: there is no GIL to hold",
        unit="",
        values=values,
        at_least=STOPPED if gil and held else None,
        at_most=HALF if gil and not held else None,
        dropped=len(found) - len(values),
        source=SOURCE,
        gil=gil,
    )


def _waits_an_interval(found: list[Latencies]) -> Series:
    gil = gil_enabled()
    told = [one.median_inside_s(STARVED) for one in found]
    values = tuple(
        latency_s / sys.getswitchinterval()
        for latency_s in told
        if latency_s is not None
    )
    return Series(
        "responsiveness",
        "beside bytecode: median lag / switch interval",
        claim="one at least: only then is the bytecode asked to let others in"
        if gil
        else "no claim: there is no GIL to wait for",
        unit="x",
        values=values,
        # take_gil sets gil_drop_request only when a wait of one interval timed out,
        # and a wait never ends before its time.
        at_least=1.0 if gil else None,
        dropped=len(found) - len(values),
        source=SOURCE,
        gil=gil,
    )
