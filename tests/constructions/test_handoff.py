"""The loops of the hand-over: same results, reports where they belong."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from lab.calls.doses import mixed
from lab.constructions import handoff


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_loops_compute_the_same(n: int) -> None:
    value = 1
    for _ in range(n):
        value = (value * 6364136223846793005 + 1442695040888963407) % 2**64
    assert handoff.without_releases(n) == handoff.with_releases(n) == value
    assert handoff.reporting(n, 7, lambda done: None) == value
    assert n == 0 or mixed(n, 0, 1) % 2**64 == value


@pytest.mark.parametrize(
    ("n", "every", "reports"),
    [(10, 3, [3, 6, 9]), (9, 3, [3, 6, 9]), (2, 3, []), (0, 1, []), (2, 1, [1, 2])],
)
def test_reports(n: int, every: int, reports: list[int]) -> None:
    seen: list[int] = []
    handoff.reporting(n, every, seen.append)
    assert seen == reports


def test_an_error_in_a_report_ends_the_work() -> None:
    seen = []

    def report(done: int) -> None:
        seen.append(done)
        if done == 4:
            raise KeyError(done)

    with pytest.raises(KeyError):
        handoff.reporting(10, 2, report)
    assert seen == [2, 4]


def test_reports_from_several_threads() -> None:
    seen: list[int] = []
    threads = [
        threading.Thread(target=handoff.reporting, args=(10_000, 10, seen.append))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted([*range(10, 10_001, 10)] * 4)


def test_the_drop_comes_after_the_hold_and_before_the_end() -> None:
    begin_ns = time.monotonic_ns()
    dropped_ns = handoff.hold_then_drop(2_000_000, 3_000_000)
    end_ns = time.monotonic_ns()
    assert begin_ns + 2_000_000 <= dropped_ns <= end_ns - 3_000_000


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (handoff.without_releases, (-1,), "n: expected 0 to"),
        (handoff.with_releases, (10**10 + 1,), "n: expected 0 to"),
        (handoff.hold_then_drop, (-1, 0), "hold_ns: expected 0 to"),
        (handoff.hold_then_drop, (0, 10**9 + 1), "free_ns: expected 0 to"),
        (handoff.reporting, (-1, 1, print), "n: expected 0 to"),
        (handoff.reporting, (1, 0, print), "every: expected 1 to"),
    ],
)
def test_bad_numbers_are_named(
    function: Callable[..., Any], arguments: tuple[Any, ...], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        function(*arguments)


def test_other_things_are_type_errors() -> None:
    with pytest.raises(TypeError, match="every: expected an integer, got str"):
        handoff.reporting(1, "1", print)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not callable"):
        handoff.reporting(1, 1, None)  # type: ignore[arg-type]
