"""Stamps stand right around the call."""

import threading
import time

import pytest

from lab import kernels
from lab.instruments.stopwatch import timed


def test_order_and_value() -> None:
    seen: list[str] = []
    before_ns = time.monotonic_ns()

    def call() -> str:
        seen.append("call")
        return "value"

    enter_ns, leave_ns, cpu_ns, value = timed(call, lambda: seen.append("before"))
    assert seen == ["before", "call"]
    assert value == "value"
    assert before_ns <= enter_ns <= leave_ns <= time.monotonic_ns()
    assert cpu_ns >= 0


def test_processor_time_is_the_threads_own() -> None:
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            pass

    other = threading.Thread(target=spin)
    other.start()
    try:
        enter_ns, leave_ns, cpu_ns, _ = timed(lambda: time.sleep(0.1))
    finally:
        stop.set()
        other.join()
    assert leave_ns - enter_ns >= 100_000_000
    assert cpu_ns < (leave_ns - enter_ns) / 2


def test_errors_propagate() -> None:
    with pytest.raises(ZeroDivisionError):
        timed(lambda: 1 / 0)
    with pytest.raises(OSError, match="Bad file"):
        timed(lambda: None, lambda: kernels.read_held(10**6, bytearray(1)))
