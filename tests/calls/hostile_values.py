"""Whatever somebody may pass where a kernel wants a number or an array."""

import array
import ctypes
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

SCALARS = [
    *"?bBhHiIlLqQefdgFDGO",
    "S1",
    "S3",
    "U2",
    "V1",
    "V4",
    "V8",
    "M8[s]",
    "m8[ns]",
]


class Raises:
    """A number whose methods raise."""

    def __init__(self, error: type[Exception]) -> None:
        self.error = error

    def __index__(self) -> int:
        raise self.error("no number")

    def __float__(self) -> float:
        raise self.error("no number")


class Changing:
    """A buffer that is another one each time it is asked for (from Python 3.12)."""

    def __init__(self, *turns: Any) -> None:
        self.turns = list(turns)

    def __buffer__(self, flags: int) -> memoryview:
        self.turns.append(self.turns.pop(0))
        return memoryview(self.turns[-1])


class Bits(ctypes.Structure):
    _fields_ = (("low", ctypes.c_int, 3), ("high", ctypes.c_int, 29))


class Pair(ctypes.Structure):
    _fields_ = (("first", ctypes.c_int), ("second", ctypes.c_double))


class Either(ctypes.Union):
    _fields_ = (("whole", ctypes.c_int), ("bytes", ctypes.c_uint8 * 4))


ELEMENTS = [
    *(Bits, Pair, Either, ctypes.c_bool, ctypes.c_char, ctypes.c_int, ctypes.c_long),
    *(ctypes.c_double, ctypes.c_longdouble, ctypes.c_void_p, ctypes.c_int.__ctype_be__),
]


def _released_view() -> memoryview:
    view = memoryview(bytearray(8))
    view.release()
    return view


# No kernel takes one of them as a number, and as good as none as an array.
HOSTILE: list[Any] = [
    *(None, "3", b"3", [], [1.0], {}, object(), int, ..., slice(3), memoryview(b"")),
    *(-1, -(10**400), 10**400, 10**5000, 2**63, -(2**63) - 1, 1e300, 1j),
    *(float("nan"), float("inf"), -float("inf"), Fraction(-1, 3), Decimal(-1)),
    *(Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity")),
    *(np.array(""), np.array("x"), np.array(None), np.float32("nan"), np.int8(-1)),
    *(np.datetime64("NaT", "s"), np.timedelta64(-3, "s")),
    *(Raises(kind) for kind in (TypeError, ValueError, OverflowError)),
    *(Changing(np.zeros(3, "i4,f8")), _released_view()),
]


def _dtype(rng: random.Random, depth: int = 0) -> np.dtype[Any]:
    """Any dtype: plain in either byte order, sub-array, structure, nested."""
    kind = rng.random() + 0.15 * depth
    if kind > 0.4:
        order: Any = rng.choice("=<>")
        plain: np.dtype[Any] = np.dtype(rng.choice(SCALARS))
        return plain.newbyteorder(order)
    if kind > 0.3:
        return np.dtype(
            (_dtype(rng, depth + 1), (rng.randint(1, 2),) * rng.randint(1, 2))
        )
    names = [
        rng.choice("abcdé:{}Tix ") * (1 + place) for place in range(rng.randint(1, 4))
    ]
    fields = [_dtype(rng, depth + 1) for _ in names]
    if rng.random() < 0.3:  # with gaps
        ends = np.cumsum([3 + field.itemsize for field in fields])
        offsets = [
            int(end) - field.itemsize for end, field in zip(ends, fields, strict=True)
        ]
        return np.dtype({"names": names, "formats": fields, "offsets": offsets})
    return np.dtype(list(zip(names, fields, strict=True)), align=rng.random() < 0.5)


def _array(rng: random.Random) -> Any:
    """Any NumPy array: of a kernel's type or another; cut, moved, locked."""
    dtype = (
        np.dtype(rng.choice(["i4", "f8", "u1"])) if rng.random() < 0.5 else _dtype(rng)
    )
    shape = tuple(
        rng.choice([0, 1, 2, 3, 5]) for _ in range(rng.choice([0, 1, 1, 2, 2, 3]))
    )
    size = int(np.prod(shape)) * dtype.itemsize
    if rng.random() < 0.2 and not dtype.hasobject and size:
        moved = np.frombuffer(bytearray(size + 1), np.uint8)[1:]
        made = np.ndarray(shape, dtype, moved)
    else:
        made = np.zeros(shape, dtype)
    how = rng.random()
    if how < 0.1 and made.ndim:
        made = made[::2]
    elif how < 0.2:
        made = made.T
    elif how < 0.25 and made.ndim:
        made = made[::-1]
    elif how < 0.3:
        made = np.broadcast_to(made, (2, *made.shape))
    if rng.random() < 0.15:
        made.flags.writeable = False
    return made


def _other(rng: random.Random) -> Any:
    """Any other buffer."""
    kind = rng.randrange(7)
    if kind == 0:
        element: Any = rng.choice(ELEMENTS)
        whole = element * rng.randint(0, 4)
        return (whole * rng.randint(0, 3))() if rng.random() < 0.4 else whole()
    if kind == 1:
        view = memoryview(bytearray(rng.choice([0, 16, 48])))
        form: Any = rng.choice(["", "@"]) + rng.choice("bBchHiIlLqQfdnN?P")
        size = view.nbytes // memoryview(bytes(16)).cast(form).itemsize
        return (
            view.cast(form, [1, size])
            if rng.random() < 0.5 and size
            else view.cast(form)
        )
    if kind == 2:
        return array.array(rng.choice("bBhHiIlLqQfd"), [0] * rng.randint(0, 4))
    if kind == 3:
        return rng.choice([bytes, bytearray])(rng.randint(0, 9))
    if kind == 4:
        return memoryview(bytearray(24))[:: rng.choice([1, 2, -1])]
    if kind == 5:
        return Changing(*(np.zeros(4, rng.choice(["f8", "i4,f8", "u1"])) for _ in "ab"))
    return rng.choice([Pair, Bits, Either])()


def anything(rng: random.Random) -> Any:
    kind = rng.random()
    if kind < 0.5:
        return _array(rng)
    return _other(rng) if kind < 0.75 else rng.choice(HOSTILE)
