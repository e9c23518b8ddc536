"""Whatever a kernel is given, it works or names the argument: nothing crashes.

`make sanitize` runs this file too, and then nothing reads or writes beside an array.
"""

import array
import ctypes
import os
import random
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from inspect import signature
from typing import Any, cast

import numpy as np
import pytest

from lab import kernels
from lab.calls import doses, macros
from lab.catalogue import catalogue
from lab.constructions import handoff, shared_data
from lab.instruments.stopwatch import repeat, stamped
from lab.instruments.watchdog_native import watch

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


def _anything(rng: random.Random) -> Any:
    kind = rng.random()
    if kind < 0.5:
        return _array(rng)
    return _other(rng) if kind < 0.75 else rng.choice(HOSTILE)


@dataclass(frozen=True)
class Target:
    """A function, arguments with which it is soon done, and the places to spoil."""

    function: Callable[..., Any]
    arguments: Callable[[], tuple[Any, ...]]
    places: tuple[int, ...]


def _target(
    function: Callable[..., Any], *arguments: Any, places: tuple[int, ...] | None = None
) -> Target:
    chosen = tuple(range(len(arguments))) if places is None else places
    return Target(function, lambda: arguments, chosen)


def _nothing(*_: object) -> None:
    pass


@pytest.fixture(scope="module")
def targets() -> Iterator[list[Target]]:
    """Every kernel with a sample, and what else in Cython checks its arguments."""
    progress, counter = array.array("q", [0]), shared_data.Counter()
    with open(os.devnull, "rb") as null:
        fd = null.fileno()
        yield [
            *(
                Target(twin.function, kernel.sample, tuple(range(len(kernel.sample()))))
                for kernel in catalogue()
                if kernel.sample is not None
                for twin in kernel.twins
                if twin.function is not None and twin.via == "Cython"
            ),
            _target(kernels.nanosleep_held, 0.0),
            _target(kernels.nanosleep_released, 0.0),
            _target(kernels.read_held, fd, bytearray(3)),
            _target(kernels.read_released, fd, bytearray(3)),
            _target(doses.dose, 1.0, 1.0, 1e-6),
            _target(doses.mixed, 1, 1, 1),
            _target(handoff.without_releases, 3),
            _target(handoff.with_releases, 3),
            _target(handoff.hold_then_drop, 1, 1),
            _target(handoff.reporting, 3, 2, _nothing, places=(0, 1)),
            _target(macros.held, 3),
            _target(macros.with_nogil, 3),
            _target(macros.by_hand, 3),
            _target(macros.with_macros, 3),
            _target(repeat, _nothing, (), {}, 2, progress, places=(3, 4)),
            _target(stamped, _nothing, (), {}, 2, progress, places=(3, 4)),
            # At the end of its file, the descriptor ends the watch at once.
            _target(watch, progress, fd, fd, b"", 0, places=(0,)),
            _target(shared_data.careless_held, counter, 1, 0.0, places=(1, 2)),
            _target(shared_data.careless_released, counter, 1, 0.0, places=(1, 2)),
            _target(shared_data.atomic_released, counter, 1, places=(1,)),
            _target(shared_data.mutex_released, counter, 1, places=(1,)),
        ]


# By the name of the argument: the dtypes taken, dimensions, whether it is written to.
TAKEN = {
    "out": ((np.dtype("i4"),), 2, True),
    "values": ((np.dtype("f8"),), 1, False),
    "buffer": ((np.dtype("u1"), np.dtype("?")), 1, True),
    "progress": ((np.dtype("i8"),), 1, True),
}


def _fits(name: str, value: "np.ndarray[Any, Any]") -> bool:
    """Whether an array is what the documentation says."""
    dtypes, dimensions, written = TAKEN[name]
    flags = value.flags
    return bool(
        value.dtype in dtypes
        and value.ndim == dimensions
        and value.size
        and flags.c_contiguous
        and flags.aligned
        and (flags.writeable or not written)
    )


def _try(target: Target, rng: random.Random) -> None:
    """One call with one argument spoilt: it works, or a right error names it."""
    arguments = list(target.arguments())
    names = list(signature(target.function).parameters)
    place = rng.choice(target.places)
    name = names[place]
    # An array of no dimensions may be an integer: not for a descriptor, please.
    value = rng.choice(HOSTILE) if name == "fd" else _anything(rng)
    arguments[place] = value
    # Of a structure NumPy may copy the fields alone, and leave its gaps to chance.
    plain = isinstance(value, np.ndarray) and value.dtype.isbuiltin
    before = value.tobytes() if plain else None
    said = f"{target.function.__name__}, {name}: {type(value).__name__}"
    try:
        target.function(*arguments)
    except (TypeError, ValueError) as error:
        refused = str(error)
    except Exception as error:
        pytest.fail(f"{said}: {error!r}")
    else:
        refused = ""
    if refused:
        assert re.match(rf"({'|'.join(names)}): ", refused), f"{said}: {refused}"
        assert before is None or value.tobytes() == before, f"{said}: written to"
    if name in TAKEN and isinstance(value, np.ndarray):
        assert bool(refused) != _fits(name, value), f"{said}, {value.dtype}: {refused}"


# Which NumPy lets be a number, and which only with a warning, differs by its version.
@pytest.mark.filterwarnings("ignore:Conversion of an array:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Casting complex:numpy.exceptions.ComplexWarning")
@pytest.mark.parametrize(
    "calls", [4_000, pytest.param(100_000, marks=pytest.mark.slow)]
)
def test_anything_works_or_is_named(targets: list[Target], calls: int) -> None:
    rng = random.Random(calls)
    for _ in range(calls):
        _try(rng.choice(targets), rng)


@pytest.mark.parametrize("fields", ["i4,f8", "f8,i4", "i4,i4", "u1,i4", "i4,u1,f8"])
def test_structures_do_not_crash(fields: str) -> None:
    """Cython's own check of the format follows a null pointer on some of these."""
    for call, name in (
        (lambda: kernels.mandelbrot_held(np.zeros((4, 4), fields), 5), "out"),
        (lambda: kernels.sum_squares_held(np.zeros(4, fields), 1), "values"),
        (lambda: kernels.read_held(0, cast(Any, np.zeros(4, fields))), "buffer"),
    ):
        with pytest.raises(ValueError, match=f"^{name}: expected a .* got elements"):
            call()


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((2, 3), np.intc),
        np.zeros((2, 3), "=i4"),
        np.zeros((2, 3), f"{'<' if sys.byteorder == 'little' else '>'}i4"),
        ((ctypes.c_int * 3) * 2)(),
        memoryview(bytearray(24)).cast("i", [2, 3]),
        memoryview(bytearray(24)).cast("@i", [2, 3]),
        np.zeros((4, 3), np.int32)[1:3],
        np.zeros((1, 3), np.int32)[::-1],
    ],
)
def test_a_native_int32_is_taken(image: Any) -> None:
    kernels.mandelbrot_held(image, 5)
    assert np.any(image)


@pytest.mark.parametrize(
    "buffer",
    [
        bytearray(4),
        np.zeros(4, np.uint8),
        np.zeros(4, bool),
        ctypes.create_string_buffer(4),
        (ctypes.c_ubyte * 4)(),
        (ctypes.c_bool * 4)(),
        memoryview(bytearray(4)).cast("c"),
        array.array("B", [0] * 4),
    ],
)
def test_bytes_are_taken(buffer: Any) -> None:
    reader, writer = os.pipe()
    try:
        os.write(writer, b"\1\1\1\1\1")
        assert kernels.read_held(reader, buffer) == 4
        assert bytes(buffer) == b"\1\1\1\1"
    finally:
        os.close(reader)
        os.close(writer)


def test_what_an_argument_raises_itself_propagates() -> None:
    with pytest.raises(ZeroDivisionError):
        kernels.collatz_held(cast(Any, Raises(ZeroDivisionError)))
    with pytest.raises(ZeroDivisionError):
        kernels.nanosleep_held(cast(Any, Raises(ZeroDivisionError)))


def test_what_is_watched_is_not_resized() -> None:
    """A pointer to its integer is held for as long as the calls last."""
    progress = array.array("q", [0])
    with pytest.raises(BufferError):
        repeat(progress.append, (1,), {}, 1, progress)
    assert list(progress) == [1]
