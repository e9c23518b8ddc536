"""The Cython kernels are as fast as C: what they show is no weakness of Cython.

The same loops, written in C and compiled by the same compiler with -O3, are called
through ctypes in turn with the Cython kernels, and their processor times compared
pair by pair. It surprises that nothing is lost: the generated C is a plain loop.
"""

import ctypes
import shlex
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab import kernels
from lab.race import lap
from lab.records import Recorder, Series
from lab.twins import Call

SOURCE = Path(__file__).with_name("native.c")
PAIRS = 15


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> ctypes.PyDLL:
    """native.c, compiled by the compiler that Python was built with."""
    library = tmp_path_factory.mktemp("native") / "native.so"
    compiler = shlex.split(sysconfig.get_config_var("CC"))
    command = [*compiler, "-O3", "-shared", "-fPIC", str(SOURCE), "-o", str(library)]
    subprocess.run(command, check=True)
    return ctypes.PyDLL(str(library))


@pytest.mark.parametrize("name", ["mandelbrot", "collatz", "sum_squares"])
def test_native(record: Recorder, native: ctypes.PyDLL, name: str) -> None:
    """Processor time in Cython / in C, at most 1.1."""
    image = np.zeros((200, 200), np.int32)
    vector = np.ones(2**20)
    calls: dict[str, tuple[Callable[[], object], tuple[Any, ...]]] = {
        "mandelbrot": (
            partial(kernels.mandelbrot_held, image, 250),
            (
                image.ctypes.data_as(ctypes.c_void_p),
                *map(ctypes.c_ssize_t, (200, 200)),
                250,
            ),
        ),
        "collatz": (partial(kernels.collatz_held, 50_000), (ctypes.c_int64(50_000),)),
        "sum_squares": (
            partial(kernels.sum_squares_held, vector),
            (vector.ctypes.data_as(ctypes.c_void_p), ctypes.c_ssize_t(2**20)),
        ),
    }
    cython, arguments = calls[name]
    native_call = partial(getattr(native, name), *arguments)

    def ratio() -> float:
        return lap(Call(cython)).cpu_ns / lap(Call(native_call)).cpu_ns

    def measure() -> Iterator[Series]:
        ratio()  # caches and pages
        yield Series(
            "native",
            name,
            claim="Cython takes at most 1.1 x the time of C",
            unit="x",
            values=tuple(ratio() for _ in range(PAIRS)),
            at_most=1.1,
        )

    record(lambda: list(measure()))
