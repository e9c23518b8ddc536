"""Where threads are while they wait."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.demo.positions import positions
from tests.waiting import until


def reads(path: Path) -> None:
    path.read_bytes()


@contextmanager
def _reading(path: Path) -> Iterator[threading.Thread]:
    """A thread that reads from a FIFO that stays empty."""
    os.mkfifo(path)
    thread = threading.Thread(target=reads, args=(path,), name="reader")
    thread.start()
    with path.open("wb"):
        yield thread
    thread.join()


def test_a_thread_is_seen_in_python_and_in_the_system_below(tmp_path: Path) -> None:
    told = sys.platform == "linux"
    with _reading(tmp_path / "fifo") as thread:

        def reading() -> bool:
            (now,) = positions([thread])
            return now.function == "read_bytes" and bool(now.call or not told)

        until(reading)
        (found,) = positions([thread])
        assert found.thread == "reader"
        assert found.file == Path(Path.read_bytes.__code__.co_filename).name
        assert found.line > Path.read_bytes.__code__.co_firstlineno
        assert found.call == ("read(2) from a FIFO" if told else "")


def test_who_has_ended_or_not_begun_is_nowhere() -> None:
    thread = threading.Thread(target=len, args=("",))
    assert positions([thread]) == ()
    thread.start()
    thread.join()
    assert positions([thread]) == ()


def test_who_runs_is_in_no_call() -> None:
    (here,) = positions([threading.current_thread()])
    assert (here.function, here.call) == ("positions", "")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_read_from_what_is_no_fifo_is_told_so() -> None:
    ours, theirs = os.openpty()
    thread = threading.Thread(target=os.read, args=(theirs, 1))
    thread.start()
    until(lambda: any(one.call for one in positions([thread])))
    (found,) = positions([thread])
    os.write(ours, b"\n")
    thread.join()
    os.close(ours)
    os.close(theirs)
    assert found.call == "read(2)"
