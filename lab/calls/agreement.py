"""Whether twins do the same work, told by what they return and write."""

import math
from reprlib import Repr
from typing import Any

import numpy as np

# Twins may add the same numbers in another order: so far floats are the same.
CLOSE = 1e-9


class IncomparableError(Exception):
    """Values of this type cannot be compared."""


def agree(one: Any, other: Any) -> bool:
    """Whether two outcomes are equal; floats to some nine digits, NaN equals NaN.

    IncomparableError for values that are only equal to themselves.
    """
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        if one.dtype.kind in "fc":
            return np.allclose(one, other, rtol=CLOSE, atol=0, equal_nan=True)
        return bool(np.array_equal(one, other))
    if isinstance(one, list | tuple) and type(one) is type(other):
        return len(one) == len(other) and all(map(agree, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(agree(one[k], other[k]) for k in one)
    if isinstance(one, float) and isinstance(other, float):
        same = math.isnan(one) and math.isnan(other)
        return same or math.isclose(one, other, rel_tol=CLOSE)
    if isinstance(one, memoryview) and isinstance(other, memoryview):
        return one.tobytes() == other.tobytes()
    if type(one) is type(other) and "__eq__" not in _defined(type(one)):
        if one is other:
            return True
        raise IncomparableError(type(one).__name__)
    return bool(one == other)


def _defined(kind: type) -> set[str]:
    """What a type or one that it inherits from defines, apart from object."""
    return {name for base in kind.__mro__[:-1] for name in vars(base)}


def short(value: Any) -> str:
    """A value in a few words."""
    words = Repr()
    words.maxother = words.maxstring = words.maxlong = 40
    return " ".join(words.repr(value).split())
