"""The probe on calls whose answer is known, beside a busy machine too."""

import bz2
import ctypes
import hashlib
import json
import operator
import os
import pickle
import re
import select
import signal
import sys
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

import lab
from lab import kernels
from lab.calls import doses
from lab.instruments import observation
from lab.instruments import probe as probing
from lab.instruments.knocker import KNOCKER
from lab.instruments.probe import probe
from lab.instruments.scope import unavailable
from lab.records.machine import gil_enabled

needs_gil = pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to probe")
needs_scope = pytest.mark.skipif(
    unavailable() is not None, reason=f"no scope: {unavailable()}"
)
MIN_TIME = 0.05  # a quarter of what it is by itself: there are many calls
NOISE = os.urandom(300_000)
NUMBERS = list(range(100_000, 0, -1))
TEXT = json.dumps(NUMBERS)
BIG = 1 << 1_000_000
HELD: list[tuple[Callable[..., object], *tuple[Any, ...]]] = [
    (json.loads, TEXT),
    (pickle.dumps, NUMBERS),
    (re.search, "(a+)+b", "a" * 18),
    (sorted, NUMBERS),
    (operator.mul, BIG, BIG),
    (kernels.collatz_held, 20_000),
    (kernels.nanosleep_held, 0.005),
    (ctypes.PyDLL(None).usleep, 5_000),
    (hashlib.sha256, b"short"),
    (os.getpid,),
]
RELEASED: list[tuple[Callable[..., object], *tuple[Any, ...]]] = [
    (zlib.compress, NOISE),
    (hashlib.sha256, NOISE),
    (bz2.compress, NOISE),
    (time.sleep, 0.005),
    (select.select, [], [], [], 0.005),
    (os.urandom, 100_000),
    (kernels.collatz_released, 20_000),
    (kernels.nanosleep_released, 0.005),
    (ctypes.CDLL(None).usleep, 5_000),
]


def _name(case: tuple[Any, ...]) -> str:
    return str(getattr(case[0], "__name__", case[0]))


@pytest.fixture(params=["scope", "knock"])
def method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to look; the second is what is left where there is no scope."""
    if request.param == "knock":
        monkeypatch.setattr(probing, "unavailable", lambda: "switched off by a test")
    elif unavailable():
        pytest.skip(f"no scope: {unavailable()}")
    return str(request.param)


@needs_gil
@pytest.mark.parametrize("case", HELD, ids=_name)
def test_held(method: str, case: tuple[Any, ...]) -> None:
    found = probe(*case, min_time=MIN_TIME)
    assert found.verdict in ("held", "inconclusive")
    assert found.gil_free <= 0.1 + found.error
    assert found.ceiling == pytest.approx(1 / (1 - found.gil_free))
    assert found.method == method
    assert bool(found.reason) == (method == "knock" or found.verdict == "inconclusive")


@needs_gil
@pytest.mark.parametrize("case", RELEASED, ids=_name)
def test_released(method: str, case: tuple[Any, ...]) -> None:
    found = probe(*case, min_time=MIN_TIME)
    assert found.verdict in ("released", "inconclusive")
    assert found.gil_free >= 0.9 - found.error
    assert found.method == method
    assert not found.preemptible


def _verdict(gil_free: float) -> str:
    if gil_free >= probing.RELEASED:
        return "released"
    return "held" if gil_free <= probing.HELD else "partly"


@needs_scope
@pytest.mark.parametrize(
    ("hold_us", "free_us"), [(500, 500), (50, 50), (5, 5), (100, 300), (300, 100)]
)
def test_known_doses(hold_us: int, free_us: int) -> None:
    truths: list[float] = []

    def dose() -> None:
        truths.append(doses.dose(hold_us, free_us, 0.3))

    found = probe(dose)
    assert found.calls == len(truths) == 1
    error = 0.03 + 2 * found.error
    assert abs(found.gil_free - truths[0]) <= error
    # A busy machine stretches either phase, so that the truth may be near an end.
    borders = {truths[0] - error, truths[0], truths[0] + error}
    assert found.verdict == "inconclusive" or found.verdict in {
        _verdict(share) for share in borders
    }


@pytest.mark.slow
@needs_scope
def test_bytecode_takes_turns() -> None:
    def count(n: int) -> int:
        total = 0
        for value in range(n):
            total += value
        return total

    for n in (300_000, 40_000_000):  # repeated, and once
        found = probe(count, n)
        assert found.verdict in ("held", "inconclusive")
        assert found.preemptible is not False
        if found.preemptible:
            assert found.longest_hold >= min(found.duration, sys.getswitchinterval())
    assert found.calls == 1
    assert probe(kernels.collatz_held, 200_000).preemptible in (False, None)
    assert probe(kernels.collatz_held, 3_000_000).preemptible is False


def test_long_calls_are_made_once() -> None:
    calls: list[float] = []

    def call() -> None:
        calls.append(0.3)
        time.sleep(0.3)

    found = probe(call)
    assert found.calls == len(calls) == 1
    assert found.duration >= 0.3


def test_short_calls_are_counted() -> None:
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1

    found = probe(call, min_time=0.05)
    assert found.calls == calls
    assert calls > 100 or found.verdict == "no-gil"  # there, once tells it all
    assert found.longest_hold <= found.duration


def test_arguments_are_passed() -> None:
    def call(*args: int, **kwargs: int) -> None:
        assert args == (1, 2)
        assert kwargs == {"key": 3}

    probe(call, 1, 2, key=3, min_time=0.01)


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("after", [0, 3])
def test_what_it_raises_propagates(
    method: str, error: type[BaseException], after: int
) -> None:
    if after and not gil_enabled():
        pytest.skip("without a GIL the call is made once")
    raised = error("this very one")
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1
        if calls > after:
            raise raised

    interval_s = sys.getswitchinterval()
    with pytest.raises(error) as caught:
        probe(call)
    assert caught.value is raised
    assert sys.getswitchinterval() == interval_s


def test_interrupted_from_outside() -> None:
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        probe(time.sleep, 20)
    timer.join()


def test_a_callable_that_starts_threads(method: str) -> None:
    def call() -> None:
        threads = [threading.Thread(target=time.sleep, args=(0.01,)) for _ in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert probe(call).calls >= 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_callable_that_forks(method: str) -> None:
    def call() -> None:
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)

    assert probe(call).calls >= 1


def test_a_callable_that_sets_the_switch_interval(method: str) -> None:
    interval_s = sys.getswitchinterval()

    def call() -> None:
        sys.setswitchinterval(0.1)
        time.sleep(0.002)

    probe(call)
    assert sys.getswitchinterval() == interval_s


@pytest.mark.parametrize("min_time", [0, -1, 61, float("nan")])
def test_bad_min_time(min_time: float) -> None:
    with pytest.raises(ValueError, match=r"^min_time: "):
        probe(os.getpid, min_time=min_time)


def test_probe_is_frozen_and_public() -> None:
    found = lab.probe(os.getpid, min_time=0.01)
    assert isinstance(found, lab.Probe)
    with pytest.raises(FrozenInstanceError):
        found.calls = 3  # type: ignore[misc]
    assert found.verdict in str(found)


def test_too_few_samples_are_inconclusive() -> None:
    verdict, reason = probing._verdict(observation.Observation(1.0, 0.5, 0.0, 3))
    assert verdict == "inconclusive"
    assert "too few samples" in reason


@pytest.mark.slow
@needs_scope
@pytest.mark.parametrize("seconds", [0.003, 0.3])
def test_the_trace_is_of_the_calls_that_were_measured(seconds: float) -> None:
    made = 0

    def call() -> None:
        nonlocal made
        made += 1
        end_s = time.perf_counter() + seconds
        while time.perf_counter() < end_s:
            pass

    found, trace = probing.traced(call, (), {})
    assert trace is not None
    assert made == found.calls
    assert trace.samples == found.samples
    assert KNOCKER not in [thread.name for thread in trace.threads]
    assert all(segment.thread < len(trace.threads) for segment in trace.segments)
