"""A call that does not return is told of, though it holds the GIL."""

import os
import threading
from array import array
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab import kernels
from lab.instruments.stopwatch import repeat, stamped
from lab.instruments.watchdog_native import watch

PATIENCE_NS = 200_000_000


@contextmanager
def _watched() -> Iterator[tuple["array[int]", int]]:
    """A counter of calls that is watched, and where the notice can be read."""
    progress = array("q", [0])
    over, ends = os.pipe()
    read, out = os.pipe()
    os.set_blocking(read, False)
    watcher = threading.Thread(
        target=watch, args=(progress, over, out, b"stuck", PATIENCE_NS)
    )
    watcher.start()
    try:
        yield progress, read
    finally:
        os.close(ends)
        watcher.join()
        for each in (over, read, out):
            os.close(each)


@pytest.mark.slow
def test_it_is_told_while_the_call_holds_the_gil() -> None:
    with _watched() as (progress, read):
        # No bytecode runs between the call and the look at what was written, and the
        # watcher needs 0.3 of these 3 seconds.
        repeat(kernels.nanosleep_held, (3.0,), {}, 1, progress)
        assert os.read(read, 100) == b"stuck"


@pytest.mark.parametrize("calls", [repeat, stamped])
def test_nothing_is_told_while_calls_return(calls: object) -> None:
    assert callable(calls)
    with _watched() as (progress, read):
        calls(kernels.nanosleep_held, (0.01,), {}, 50, progress)
        assert progress[0] == 100
        with pytest.raises(BlockingIOError):
            os.read(read, 100)


def test_nothing_is_told_between_calls() -> None:
    with _watched() as (_, read):
        kernels.nanosleep_held(0.6)
        with pytest.raises(BlockingIOError):
            os.read(read, 100)
