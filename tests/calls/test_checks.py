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
from tests.calls.hostile_values import HOSTILE, Raises, anything


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
    value = rng.choice(HOSTILE) if name == "fd" else anything(rng)
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
