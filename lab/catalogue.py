"""One row a kernel: its twins, their input, what bounds it, what is claimed.

The bench, its table and the tests take their kernels from here: a new row at the
end of `catalogue()` is all they need.
"""

import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lab import interpreted, kernels
from lab.libc import Libc, Timespec, expect
from lab.peer import Peer
from lab.twins import (
    Bound,
    Call,
    Claim,
    Kernel,
    Setting,
    Twin,
    bytecode,
    each,
    held,
    released,
)

DELAY_S = 0.05  # a blocking call: long beside the handing over of the GIL
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
                held(kernels.mandelbrot_held, lambda: (_image(400), 250)),
                released(kernels.mandelbrot_released, lambda: (_image(400), 250)),
                bytecode(interpreted.mandelbrot, lambda: (_image(60), 250)),
            ),
            source=CYTHON,
            sample=lambda: (_image(16), 60),
        ),
        Kernel(
            "collatz",
            Bound.COMPUTE,
            twins=(
                held(kernels.collatz_held, lambda: (150_000,)),
                released(kernels.collatz_released, lambda: (150_000,)),
                bytecode(interpreted.collatz, lambda: (7_000,)),
            ),
            source=CYTHON,
            sample=lambda: (3_000,),
        ),
        Kernel(
            "sum_squares",
            Bound.MEMORY,
            twins=(
                held(kernels.sum_squares_held, lambda: (_large_vector(), 1)),
                released(
                    kernels.sum_squares_released,
                    lambda: (_large_vector(), 1),
                    claim=Claim.HELPS_SOME,
                ),
                Twin(
                    "numpy",
                    "NumPy",
                    each(np.einsum, lambda: ("i,i->", *(_large_vector(),) * 2)),
                    Claim.HELPS_SOME,
                ),
            ),
            rounds=5,
            source=CYTHON,
            sample=lambda: (np.linspace(-1.0, 1.0, 1003), 3),
        ),
        Kernel(
            "nanosleep",
            Bound.BLOCKING,
            twins=(
                held(kernels.nanosleep_held, lambda: (DELAY_S,)),
                released(kernels.nanosleep_released, lambda: (DELAY_S,)),
            ),
            rounds=3,
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
            rounds=3,
            delay_s=DELAY_S,
            source=CYTHON,
        ),
        Kernel("libc.usleep", Bound.BLOCKING, _libc(_usleep), 3, DELAY_S, CTYPES),
        Kernel("libc.nanosleep", Bound.BLOCKING, _libc(_nanosleep), 3, DELAY_S, CTYPES),
        Kernel("libc.read", Bound.BLOCKING, _libc(_libc_read), 3, DELAY_S, CTYPES),
        # sleep(3) counts whole seconds: 8 held threads take 8 s a round.
        Kernel("libc.sleep", Bound.BLOCKING, _libc(_sleep), 2, 1.0, CTYPES),
        Kernel(
            "mixed",
            Bound.COMPUTE,
            tuple(map(_mixed, range(0, 101, 25))),
            5,
            source=CYTHON,
        ),
        # A new kernel's row goes here.
    )


def _mixed(percent: int) -> Twin:
    """A call that is without the GIL for so much of its work, in turns of 0.1 ms."""
    steps = 100_000
    free = steps * percent // 100
    return Twin(
        f"{percent}% free",
        "Cython",
        each(kernels.mixed, lambda: (steps - free, free, 200)),
        {0: Claim.NO_HELP, 100: Claim.HELPS}.get(percent, Claim.TO_CEILING),
    )


def _image(side: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    return np.zeros((side, side), np.int32)


def _large_vector() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Float64 ones, more than the last-level cache holds, if memory allows."""
    caches = Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size")
    sizes = [int(path.read_text().rstrip("K\n")) * 1024 for path in caches]
    wanted = max(64 * 2**20, *(size + size // 8 for size in sizes), 0)
    free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return np.ones(min(wanted, free // 16) // 8)


def _libc(setting: Callable[[Libc], Setting]) -> tuple[Twin, ...]:
    """The two ctypes twins: they differ by the class of the library alone."""
    return (
        Twin("held", "ctypes", setting(Libc(ctypes.PyDLL)), Claim.NO_HELP),
        Twin("released", "ctypes", setting(Libc(ctypes.CDLL)), Claim.HELPS),
    )


def _raw(function: Callable[..., Any], *arguments: Any) -> Setting:
    """Every thread makes the same foreign call, which returns 0 when complete."""

    @contextmanager
    def setting(threads: int) -> Iterator[Sequence[Call]]:
        call = Call(partial(function, *arguments), check=partial(expect, expected=0))
        yield [call] * threads

    return setting


def _usleep(libc: Libc) -> Setting:
    return _raw(libc.usleep_raw, round(DELAY_S * 1e6))


def _sleep(libc: Libc) -> Setting:
    return _raw(libc.sleep_raw, 1)


def _nanosleep(libc: Libc) -> Setting:
    return _raw(libc.nanosleep_raw, Timespec(0, round(DELAY_S * 1e9)), None)


def _libc_read(libc: Libc) -> Setting:
    return _reading(
        lambda fd: partial(libc.read_raw, fd, ctypes.create_string_buffer(1), 1)
    )


def _read(kernel: Callable[[int, bytearray], int]) -> Setting:
    return _reading(lambda fd: partial(kernel, fd, bytearray(1)))


def _reading(read: Callable[[int], Callable[[], object]]) -> Setting:
    """Every thread asks the peer on a channel of its own and reads the answer.

    The question is asked with the GIL held, right before the read: could the GIL
    change hands in between, answers would pile up and held reads seem to overlap.
    """
    write = Libc(ctypes.PyDLL).write_raw

    @contextmanager
    def setting(threads: int) -> Iterator[Sequence[Call]]:
        with Peer(threads, DELAY_S) as peer:
            yield [
                Call(
                    read(channel.fileno()),
                    before=partial(write, channel.fileno(), b"?", 1),
                    check=partial(expect, expected=1),
                )
                for channel in peer.channels
            ]

    return setting
