"""One row a kernel: its twins, their input, what bounds it, what is claimed.

The bench, its table and the tests take their kernels from here: a new row at the
end of `catalogue()` is all they need.
"""

import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lab import kernels
from lab.calls import doses, pure_python
from lab.calls.kernel import (
    Call,
    Kernel,
    Twin,
    Workload,
    bytecode,
    held,
    released,
    twin,
)
from lab.calls.libc import Libc, Timespec, expect
from lab.constructions.blocking import DELAY_S, receiving
from lab.records.race import Bound, Claim

# An interval wants a round from each of six processes: enough for a blocking call,
# which shows its order in each, and for memory, whose figure is no claim.
ROUNDS = 6
# Where the releases are: with nogil: is this macro, ctypes has its own place.
CYTHON = "Include/ceval.h Py_BEGIN_ALLOW_THREADS"
CTYPES = "Modules/_ctypes/callproc.c _call_function_pointer"


def catalogue() -> tuple[Kernel, ...]:
    """All kernels, in the order of the table."""
    return (
        Kernel(
            "mandelbrot",
            Bound.COMPUTE,
            twins=(
                held(kernels.mandelbrot_held, lambda n: (_image(n), 250)),
                released(kernels.mandelbrot_released, lambda n: (_image(n), 250)),
                bytecode(pure_python.mandelbrot, lambda n: (_image(n), 250)),
            ),
            source=CYTHON,
            sample=lambda: (_image(16), 60),
        ),
        Kernel(
            "collatz",
            Bound.COMPUTE,
            twins=(
                held(kernels.collatz_held, lambda n: (n,)),
                released(kernels.collatz_released, lambda n: (n,)),
                bytecode(pure_python.collatz, lambda n: (n,)),
            ),
            source=CYTHON,
            sample=lambda: (3_000,),
        ),
        Kernel(
            "sum_squares",
            Bound.MEMORY,
            twins=(
                held(kernels.sum_squares_held, lambda n: (_large_vector(), n)),
                released(
                    kernels.sum_squares_released,
                    lambda n: (_large_vector(), n),
                    claim=Claim.HELPS_SOME,
                ),
                replace(
                    twin(
                        "numpy",
                        _passes,
                        lambda n: (_large_vector(), n),
                        Claim.HELPS_SOME,
                        "NumPy",
                    ),
                    function=None,  # it adds in another order
                ),
            ),
            rounds=ROUNDS,
            source=CYTHON,
            sample=lambda: (np.linspace(-1.0, 1.0, 1003), 2),
        ),
        Kernel(
            "nanosleep",
            Bound.BLOCKING,
            twins=(
                held(kernels.nanosleep_held, lambda: (DELAY_S,)),
                released(kernels.nanosleep_released, lambda: (DELAY_S,)),
            ),
            rounds=ROUNDS,
            delay_s=DELAY_S,
            source=CYTHON,
        ),
        Kernel(
            "read",
            Bound.BLOCKING,
            twins=(
                Twin("held", "Cython", _read(kernels.read_held), Claim.NO_HELP),
                Twin("released", "Cython", _read(kernels.read_released), Claim.HELPS),
            ),
            rounds=ROUNDS,
            delay_s=DELAY_S,
            source=CYTHON,
        ),
        _foreign(
            "libc.usleep",
            _libc(lambda libc: _raw(libc.usleep_raw, round(DELAY_S * 1e6))),
        ),
        _foreign(
            "libc.nanosleep",
            _libc(
                lambda libc: _raw(
                    libc.nanosleep_raw, Timespec(0, round(DELAY_S * 1e9)), None
                )
            ),
        ),
        _foreign(
            "libc.read",
            _libc(
                lambda libc: _read(libc.read_raw, 1, buffer=ctypes.create_string_buffer)
            ),
        ),
        # sleep(3) counts whole seconds: 3 held threads take 3 s a round.
        replace(
            _foreign("libc.sleep", _libc(lambda libc: _raw(libc.sleep_raw, 1))),
            delay_s=1.0,
            threads=3,
            beside=True,
        ),
        Kernel(
            "mixed",
            Bound.COMPUTE,
            twins=tuple(map(_mixed, range(0, 101, 25))),
            source=CYTHON,
        ),
        # A new kernel's row goes here.
    )


def _foreign(name: str, twins: tuple[Twin, ...]) -> Kernel:
    """A blocking call of libc's, through ctypes."""
    return Kernel(name, Bound.BLOCKING, twins, ROUNDS, DELAY_S, source=CTYPES)


def _mixed(percent: int) -> Twin:
    """A call that is without the GIL for so much of its work, 200 times in turn.

    The least size is 100 steps a cycle, so that each percentage is exact.
    """

    def arguments(size: int) -> tuple[int, int, int]:
        return (100 - percent) * size, percent * size, 200

    claim = {0: Claim.NO_HELP, 100: Claim.HELPS}.get(percent, Claim.TO_CEILING)
    return replace(
        twin(f"{percent}% free", doses.mixed, arguments, claim, "Cython"),
        function=None,  # each has work of its own: the tests have nothing to compare
    )


def _passes(values: np.ndarray[Any, np.dtype[np.float64]], passes: int) -> None:
    """NumPy's sum of squares, so many times: bytecode between calls of some ms."""
    for _ in range(passes):
        np.einsum("i,i->", values, values)


def _image(side: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    return np.zeros((side, side), np.int32)


def _large_vector() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Float64 ones, twice what the last-level cache holds, if memory allows.

    Each thread has its own: all of them take a quarter of the memory at most.
    """
    caches = Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size")
    sizes = [int(path.read_text().rstrip("K\n")) * 1024 for path in caches]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    most = memory // (4 * max(2, os.cpu_count() or 1))
    return np.ones(min(2 * max(sizes, default=32 * 2**20), most) // 8)


def _libc(workload: Callable[[Libc], Workload]) -> tuple[Twin, ...]:
    """The two ctypes twins: they differ by the class of the library alone."""
    return (
        Twin("held", "ctypes", workload(Libc(ctypes.PyDLL)), Claim.NO_HELP),
        Twin("released", "ctypes", workload(Libc(ctypes.CDLL)), Claim.HELPS),
    )


def _raw(function: Callable[..., Any], *arguments: Any) -> Workload:
    """Every thread makes the same foreign call, which returns 0 when complete."""

    @contextmanager
    def workload(threads: int) -> Iterator[Sequence[Call]]:
        call = Call(partial(function, *arguments), check=partial(expect, expected=0))
        yield [call] * threads

    return workload


def _read(
    read: Callable[..., int], *size: int, buffer: Callable[[int], Any] = bytearray
) -> Workload:
    """Every thread reads a byte that a peer sends DELAY_S after it was asked."""
    return receiving(
        lambda channel: partial(read, channel.fileno(), buffer(1), *size), DELAY_S
    )
