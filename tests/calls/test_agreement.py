"""What counts as the same work."""

import math
from typing import Any

import numpy as np
import pytest

from lab.calls.agreement import IncomparableError, agree, short


class Thing:
    """Equal to itself alone."""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1, True),
        (1, 2, False),
        (None, 0, False),
        (1.0, 1.0 + 1e-12, True),
        (1.0, 1.001, False),
        (math.nan, math.nan, True),
        ([1, (2.0, "x")], [1, (2.0, "x")], True),
        ([1], [1, 2], False),
        ([1], (1,), False),
        ({"a": [1.0]}, {"a": [1.0]}, True),
        ({"a": 1}, {"b": 1}, False),
        (np.arange(3), np.arange(3), True),
        (np.arange(3), np.arange(4), False),
        (np.arange(3), np.arange(3.0), False),
        (np.array([1.0, np.nan]), np.array([1.0, np.nan]), True),
        (np.array([1.0, 2.0]), np.array([1.0, 3.0]), False),
        (bytearray(b"a"), bytearray(b"b"), False),
        (memoryview(b"a"), memoryview(b"a"), True),
    ],
)
def test_agree(one: Any, other: Any, same: bool) -> None:
    assert agree(one, other) is same


def test_what_cannot_be_compared() -> None:
    thing = Thing()
    assert agree(thing, thing)
    with pytest.raises(IncomparableError, match="Thing"):
        agree([thing], [Thing()])


def test_short() -> None:
    assert short("x" * 1000).count("x") < 50
    assert "\n" not in short(np.arange(1000))
