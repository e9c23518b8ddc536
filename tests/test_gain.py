"""Curves cross where they should, and races gain what the GIL lets them."""

import threading
from functools import partial

import pytest

from lab import gain
from lab.kernels import mixed
from lab.machine import gil_enabled


@pytest.mark.parametrize(
    ("curve", "x"),
    [
        ({1.0: 0.0, 100.0: 2.0}, 10.0),
        ({1.0: 0.5, 10.0: 0.5, 1000.0: 1.5}, 100.0),
        ({1.0: 1.0, 10.0: 2.0}, 1.0),  # never below
        ({10.0: 2.0, 1.0: 0.0, 100.0: 0.0, 1000.0: 2.0}, 10**2.5),  # the last time
        ({1.0: 0.0, 10.0: 1.0}, 10.0),
    ],
)
def test_crossing(curve: dict[float, float], x: float) -> None:
    assert gain.crossing(curve, 1.0) == pytest.approx(x)


@pytest.mark.parametrize("curve", [{}, {1.0: 0.5}, {1.0: 2.0, 10.0: 0.9}])
def test_no_crossing(curve: dict[float, float]) -> None:
    assert gain.crossing(curve, 1.0) is None


def test_a_reference_has_a_core_or_is_none() -> None:
    found = gain.reference(partial(mixed, 10**6, 0, 1))
    assert found is None or found.cpu_ns >= 0.9 * found.wall_ns
    assert gain.reference(partial(threading.Event().wait, 0.02)) is None


def test_each_thread_makes_its_call() -> None:
    made: list[int] = []
    gain.race_ns([partial(made.append, 1), partial(made.append, 2)])
    assert sorted(made) == [1, 2]


@pytest.mark.skipif(not gil_enabled(), reason="no GIL to hold here")
def test_a_held_kernel_gains_nothing() -> None:
    held = partial(mixed, 5 * 10**6, 0, 1)
    found = [gain.gain(held, [held, held]) for _ in range(5)]
    assert all(times is None or times < 1.5 for times in sorted(found, key=str)[:3])


def test_what_a_call_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="hold: expected"):
        gain.gain(partial(mixed, -1, 0, 1), [])


def test_half_gain_is_between() -> None:
    assert 1.0 <= gain.half_gain() <= 1.5
    assert (gain.one_core() is None) == (gain.half_gain() >= 1.4)
