"""A deadlock in a child, which ends, and where its threads stood."""

import inspect

import pytest

from lab.constructions import deadlock
from lab.constructions.deadlock import positions, trials
from lab.records.machine import gil_enabled

with_gil = pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to hold")


def test_deadlocked_child_ends_and_its_twin_is_through() -> None:
    held, released = trials([("held", 0.5), ("released", 20)])
    assert released.ended
    if gil_enabled():
        assert not held.ended
        assert (held.reader, held.writer) == ("read()", "sign.acquire()")
    else:
        assert held.ended


def test_failing_child_is_told() -> None:
    with pytest.raises(ChildProcessError, match="KeyError"):
        trials([("neither", 5)])


def test_stood_without_threads() -> None:
    assert positions("Timeout (0:00:01)!\n") == ("", "")


def test_stood_in_a_path_that_the_dump_spells_with_escapes() -> None:
    lines = inspect.getsource(deadlock).splitlines()
    at = lines.index("    sign.acquire()") + 1
    frame = f'  File "/a b/caf\\xe9/lab/constructions/deadlock.py", line {at} in writer'
    dump = f"Timeout (0:00:01)!\nThread 0x1 (most recent call first):\n{frame}\n"
    assert positions(dump) == ("", "sign.acquire()")
