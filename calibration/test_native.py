"""The Cython kernels are as fast as C: what they show is no weakness of Cython.

The same loops, written in C and compiled with -O3 by the compiler that builds the
extension, are called through ctypes in turn with the Cython kernels, and their
processor times compared. It surprises how much hangs on where a loop lies: the same
machine code can take 1.1 or even 1.9 x the time when the linker moves it by 16 bytes.
So the C is built at several places, and Cython held against the slowest of them:
what is no slower than C that was merely moved, is as fast as C.
"""

import ctypes
import os
import shlex
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab import kernels
from lab.instruments.stopwatch import timed
from lab.records.series import Recorder, Series

SOURCE = Path(__file__).with_name("native.c")
# As the extension is compiled: hatch_build.py says why.
FLAGS = ("-O3", "-ffp-contract=off", "-shared", "-fPIC")
# Bytes before the code. Processors fetch it in blocks of 16 to 64 bytes.
PLACES = (0, 16, 32, 48)
# Long beside the clock's steps and a call through ctypes, and so much work that the
# processor cannot learn the turns of collatz by heart.
CALL_NS = 4_000_000
TURNS = 6
# An L2 cache of no known size is taken for the smallest common one.
L2_BYTES = 256 * 1024
# The loops compile to the same instructions, so the ratio is 1; the rest is for what
# else the machine does meanwhile.
AT_MOST = 1.05

Run = Callable[[], Any]


@dataclass(frozen=True)
class Loop:
    """A kernel on input of some size.

    calls: given an amount of work, the call in Cython and those in C, which do the
    same. result: what a call has computed, given what it returned.
    """

    calls: Callable[[int], tuple[Run, list[Run]]]
    result: Callable[[Any], object]


# Given the C builds and the bytes of input.
Maker = Callable[[list[ctypes.PyDLL], int], Loop]


def _compiler() -> list[str]:
    """What builds extensions: CC in the environment, else as Python names it."""
    return shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> list[ctypes.PyDLL]:
    """native.c, compiled once for each place."""
    compiler = _compiler()
    if shutil.which(compiler[0]) is None:
        pytest.skip(
            f"no compiler {compiler[0]}: no C to compare with (CC=... names one)"
        )
    folder = tmp_path_factory.mktemp("native")
    libraries = []
    for place in PLACES:
        source, library = folder / f"{place}.c", folder / f"{place}.so"
        # Functions lie where the one before ends, so all after the first move too.
        before = f'__asm__(".text\\n.p2align 6\\n.space {place}");\n' if place else ""
        source.write_text(before + SOURCE.read_text())
        command = [*compiler, *FLAGS, "-falign-functions=16", str(source)]
        subprocess.run([*command, "-o", str(library)], check=True)
        libraries.append(ctypes.PyDLL(str(library)))
        libraries[-1].sum_squares.restype = ctypes.c_double
        libraries[-1].collatz.restype = ctypes.c_int64
    return libraries


def _l2_bytes() -> int:
    """The size of the L2 cache, as the system tells it."""
    try:
        size = os.sysconf("SC_LEVEL2_CACHE_SIZE")
    except (ValueError, OSError):  # a name that not every C library knows
        size = 0
    if size > 0:
        return size
    folder = Path("/sys/devices/system/cpu/cpu0/cache")
    for index in sorted(folder.glob("index*")):
        try:
            if (index / "level").read_text().strip() == "2":
                return int((index / "size").read_text().rstrip("K\n")) * 1024
        except (OSError, ValueError):
            continue
    return L2_BYTES


def _mandelbrot(native: list[ctypes.PyDLL], size_bytes: int) -> Loop:
    side = int((size_bytes / 4) ** 0.5)
    image = np.zeros((side, side), np.int32)
    where = image.ctypes.data_as(ctypes.c_void_p)
    shape = (ctypes.c_ssize_t(side), ctypes.c_ssize_t(side))

    def calls(work: int) -> tuple[Run, list[Run]]:
        limit = 4 * work  # a step or two a pixel would be a test of the loop's end
        return partial(kernels.mandelbrot_held, image, limit), [
            partial(one.mandelbrot, where, *shape, ctypes.c_int32(limit))
            for one in native
        ]

    return Loop(calls, lambda _: image.tobytes())


def _collatz(native: list[ctypes.PyDLL], _: int) -> Loop:
    def calls(work: int) -> tuple[Run, list[Run]]:
        return partial(kernels.collatz_held, 1000 * work), [
            partial(one.collatz, ctypes.c_int64(1000 * work)) for one in native
        ]

    return Loop(calls, lambda value: value)


def _sum_squares(native: list[ctypes.PyDLL], size_bytes: int) -> Loop:
    # Not all alike, and no whole number of turns: the rest is summed too.
    values = np.linspace(-1.0, 1.0, size_bytes // 8 - 3)
    where = values.ctypes.data_as(ctypes.c_void_p)
    length = ctypes.c_ssize_t(values.size)

    def calls(work: int) -> tuple[Run, list[Run]]:
        return partial(kernels.sum_squares_held, values, work), [
            partial(one.sum_squares, where, length, ctypes.c_int64(work))
            for one in native
        ]

    return Loop(calls, lambda value: value)


LOOPS = [
    pytest.param("collatz", _collatz, 0, id="collatz"),
    *(
        pytest.param(f"{name} {where} L2", of, part, id=f"{name}-{where}")
        for name, of in (("mandelbrot", _mandelbrot), ("sum_squares", _sum_squares))
        for where, part in (("within", 0.5), ("beyond", 4.0))
    ),
]


@pytest.mark.parametrize(("name", "of", "part"), LOOPS)
def test_native(
    record: Recorder,
    native: list[ctypes.PyDLL],
    name: str,
    of: Maker,
    part: float,
) -> None:
    """Processor time in Cython / in C; and how far the C builds are apart."""
    loop = of(native, int(part * _l2_bytes()))
    work = 1
    while timed(loop.calls(work)[1][0])[2] < CALL_NS:
        work *= 2
    cython, others = loop.calls(work)
    # The same to the last bit, or it is not the same loop.
    assert len({loop.result(call()) for call in (cython, *others)}) == 1

    def lowest() -> list[float]:
        # Interleaved, and the lowest of each: what disturbs only ever adds.
        turns = [[timed(call)[2] for call in (cython, *others)] for _ in range(TURNS)]
        return [min(times) for times in zip(*turns, strict=True)]

    def measure() -> Iterator[Series]:
        spent = lowest(), lowest()
        yield Series(
            "native",
            name,
            claim=f"Cython takes at most {AT_MOST} x the time of C",
            unit="x",
            values=tuple(ours / max(theirs) for ours, *theirs in spent),
            at_most=AT_MOST,
        )
        yield Series(
            "native",
            f"{name}, C by place",
            claim="C, slowest / fastest of 4 places",
            unit="x",
            values=tuple(max(theirs) / min(theirs) for _, *theirs in spent),
        )

    record(lambda: list(measure()))
