"""Four ways to release, one result."""

import ctypes
from collections.abc import Callable
from functools import partial

import pytest

from lab import macros
from lab.gain import free_part
from lab.machine import gil_enabled

WAYS = [macros.held, macros.with_nogil, macros.by_hand, macros.with_macros]


@pytest.mark.parametrize("n", [0, 1, 2, 1000])
def test_all_compute_the_same(n: int) -> None:
    value = 1
    for _ in range(n):
        value = (value * 6364136223846793005 + 1442695040888963407) % 2**64
    assert {way(n) for way in WAYS} == {value}
    assert macros.foreign()(n, 1) == value
    assert macros.foreign(ctypes.PyDLL)(n, 1) == value


@pytest.mark.parametrize("way", WAYS)
def test_bad_input_is_named(way: Callable[..., int]) -> None:
    with pytest.raises(ValueError, match=r"n: expected 0 to 10+, got -1"):
        way(-1)
    with pytest.raises(ValueError, match=r"n: expected .*, got 1000000000001"):
        way(10**12 + 1)
    with pytest.raises(TypeError, match=r"n: expected an integer, got float"):
        way(1.5)


@pytest.mark.skipif(not gil_enabled(), reason="no GIL to hold or release here")
def test_who_releases() -> None:
    def held(call: Callable[..., int], *more: int) -> bool | None:
        """None where a busy machine does not let that be told."""
        part = free_part(partial(call, 200_000, *more), 0.05)
        return None if part is None else part < 0.5

    assert held(macros.held) is True
    assert all(held(way) in (False, None) for way in WAYS[1:])
    assert held(macros.foreign(), 1) in (False, None)
    assert held(macros.foreign(ctypes.PyDLL), 1) is True
