"""However the release is written, it is one and the same, and costs the same.

One C function of about 1 ms is called four ways: under Cython's `with nogil:`; between
PyEval_SaveThread and PyEval_RestoreThread by hand; from C between the macros
Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS, which expand to those two; and by
ctypes.CDLL. Each is probed for the part of its time in which nobody holds the GIL,
and its processor time is compared with `with nogil:`, call by call in turn. What
surprises is the empty call: ctypes itself takes longer than any release. Its time
differs by some nanoseconds from process to process, with where the code comes to lie.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from lab.calls import macros
from lab.constructions.claims import HALF, about_gil
from lab.constructions.speedup import free_part
from lab.instruments.stopwatch import repeat, timed
from lab.records.series import Recorder, Series

STEPS = 10**6  # about 1 ms
LOOKS = 1
ROUNDS = 3
EMPTY_CALLS, EMPTY_TIMES = 10_000, 2
# Each way: the function, and its arguments but for the number of steps.
WAYS: dict[str, tuple[Callable[..., object], tuple[Any, ...]]] = {
    "with-nogil": (macros.with_nogil, ()),
    "by-hand": (macros.by_hand, ()),
    "macros": (macros.with_macros, ()),
    "ctypes": (macros.foreign(), (1,)),
}
SOURCE = "Include/ceval.h Py_BEGIN_ALLOW_THREADS"


@pytest.mark.parametrize("way", WAYS)
def test_macros(record: Recorder, way: str) -> None:
    """The same effect, the same cost, and what an empty call takes."""
    function, more = WAYS[way]
    first, first_more = WAYS["with-nogil"]

    def effect() -> Series:
        call = partial(function, STEPS, *more)
        looks = [free_part(call, 0.02) for _ in range(LOOKS)]
        told = [look for look in looks if look is not None]
        return Series(
            "macros",
            f"{way}: GIL-free",
            claim="nobody holds the GIL while the C function runs",
            unit="",
            values=tuple(told),
            # All of a million steps but the release and the return.
            at_least=HALF,
            dropped=len(looks) - len(told),
            source=SOURCE,
        )

    def cost() -> Series:
        def ratio() -> float:
            mine = timed(partial(function, STEPS, *more))[2]
            return mine / timed(partial(first, STEPS, *first_more))[2]

        return Series(
            "macros",
            f"{way} / with-nogil",
            claim="processor time: the same two functions, whoever calls them",
            unit="x",
            values=tuple(ratio() for _ in range(ROUNDS)),
            source=SOURCE,
        )

    def empty() -> Series:
        def call_s() -> float:
            calls = partial(repeat, function, (0, *more), {}, EMPTY_CALLS)
            return timed(calls)[2] / 1e9 / EMPTY_CALLS

        return Series(
            "macros",
            f"{way}: empty call",
            claim="the call, the release and the return, nothing else",
            unit="s",
            values=tuple(call_s() for _ in range(EMPTY_TIMES)),
            source=SOURCE,
        )

    def measure() -> Iterator[Series]:
        yield effect()
        if way != "with-nogil":
            yield cost()
        yield empty()

    record(lambda: list(map(about_gil, measure())))
