"""Each blocking call by itself: it does block, it does end, it leaves nothing.

That nothing is left, no thread, process, descriptor or switch interval, is checked
around every test (conftest.py).
"""

import ctypes
import io
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from lab.calls.kernel import Call, Workload
from lab.calls.libc import Libc, unix_address
from lab.constructions import blocking, peer
from lab.constructions.blocking import (
    PEER_S,
    accepting,
    connecting,
    fifo,
    receiving,
    sending,
    whole_fifo,
)
from lab.instruments.race import Crew, lap
from lab.records.machine import gil_enabled

with_gil = pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to hold")


def _libc(library: type[ctypes.CDLL]) -> dict[str, Workload]:
    libc = Libc(library)

    def connect(end: socket.socket, path: str) -> Callable[[], object]:
        address = unix_address(path)
        return partial(libc.connect_raw, end.fileno(), address, len(address))

    one = ctypes.create_string_buffer(1)
    return {
        "fifo": fifo(lambda fd: partial(libc.read_raw, fd, one, 1)),
        "accept": accepting(lambda end: partial(libc.accept_raw, end.fileno(), 0, 0)),
        "connect": connecting(connect),
        "send": sending(lambda end: partial(libc.send_raw, end.fileno(), b"x", 1, 0)),
        "recv": receiving(lambda end: partial(libc.recv_raw, end.fileno(), one, 1, 0)),
    }


PYTHON: dict[str, Workload] = {
    "whole fifo": whole_fifo(lambda path: path.read_bytes),
    "fifo": fifo(lambda fd: partial(os.read, fd, 1)),
    "buffered fifo": fifo(lambda fd: partial(io.FileIO(fd, closefd=False).read, 1)),
    "accept": accepting(lambda end: end.accept),
    "connect": connecting(lambda end, path: partial(end.connect, path)),
    "send": sending(lambda end: partial(end.send, b"x")),
    "recv": receiving(lambda end: partial(end.recv, 1)),
}
HELD, RELEASED = _libc(ctypes.PyDLL), _libc(ctypes.CDLL)
ALL = [
    *(pytest.param(made, id=f"Python {name}") for name, made in PYTHON.items()),
    *(pytest.param(made, id=f"PyDLL {name}") for name, made in HELD.items()),
    *(pytest.param(made, id=f"CDLL {name}") for name, made in RELEASED.items()),
]


@pytest.fixture(autouse=True)
def no_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], list[str]]]:
    """Temporary folders are made here, and gone afterwards."""
    folder = tempfile.mkdtemp(prefix="g")  # short, as socket paths must be
    monkeypatch.setattr(tempfile, "tempdir", folder)
    yield lambda: os.listdir(folder)
    monkeypatch.undo()
    os.rmdir(folder)  # refuses while anything is left in it


def _noting(call: Call, asked_ns: list[int]) -> Call:
    """The same call; when the peer is asked is noted.

    A thread that loses its core in between finds the answer ready: how long the call
    itself took would tell nothing.
    """

    def ask() -> None:
        asked_ns.append(time.monotonic_ns())
        assert call.before is not None
        call.before()

    return Call(call.run, before=ask, check=call.check)


@pytest.mark.parametrize("workload", ALL)
def test_ends_when_the_peer_answers(workload: Workload) -> None:
    asked_ns: list[int] = []
    with workload(1) as calls:
        for _ in range(3):
            leave_ns = lap(_noting(calls[0], asked_ns)).leave_ns
            assert leave_ns - asked_ns[-1] >= PEER_S * 1e9


@pytest.mark.parametrize("name", RELEASED)
def test_released_calls_overlap(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "PEER_S", 0.3)  # all four get a core meanwhile
    with RELEASED[name](4) as calls, Crew(calls) as crew:
        crew.go()
        laps = crew.laps()
    assert max(lap.enter_ns for lap in laps) < min(lap.leave_ns for lap in laps)


@with_gil
@pytest.mark.parametrize("name", HELD)
def test_held_calls_take_turns_and_each_blocks(name: str) -> None:
    asked_ns: list[int] = []
    with (
        HELD[name](4) as calls,
        Crew([_noting(call, asked_ns) for call in calls]) as crew,
    ):
        crew.go()
        laps = sorted(crew.laps(), key=lambda lap: lap.enter_ns)
    for earlier, later in pairwise(laps):
        assert earlier.leave_ns <= later.enter_ns
    for one, asked in zip(laps, asked_ns, strict=True):  # in turn, so in this order
        assert one.leave_ns - asked >= PEER_S * 1e9


@pytest.mark.parametrize("workload", ALL)
def test_killed_peer_ends_the_wait(
    workload: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held calls too: no other thread of ours could help them."""
    # A listener hears nothing of its callers' end: for accept it is the bound.
    monkeypatch.setattr(blocking, "LIMIT_S", 0.5)
    with workload(1) as calls:
        (other,) = psutil.Process().children()

        def ask_and_kill() -> None:
            assert calls[0].before is not None
            calls[0].before()
            other.kill()

        doomed = Call(calls[0].run, before=ask_and_kill, check=calls[0].check)
        ends = "gone|Broken pipe|reset|refused|temporarily unavailable"
        with pytest.raises(OSError, match=ends):
            lap(doomed)
        with pytest.raises(BrokenPipeError):  # and nobody waits again
            lap(calls[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["accept", "send", "recv"])
@pytest.mark.parametrize("workloads", [HELD, RELEASED], ids=["PyDLL", "CDLL"])
def test_stopped_peer_is_given_up(
    workloads: dict[str, Workload], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocking, "LIMIT_S", 0.2)
    monkeypatch.setattr(peer, "LIMIT_S", 1)
    with workloads[name](1) as calls:
        (other,) = psutil.Process().children()
        other.suspend()
        while other.status() != psutil.STATUS_STOPPED:  # not at once, if busy
            time.sleep(0.01)
        with pytest.raises(OSError, match="temporarily unavailable"):
            lap(calls[0])


def test_socket_bound_is_exact_and_blocking() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        peer.bound(ours, 0.05)
        assert os.get_blocking(ours.fileno())
        start = time.monotonic()
        with pytest.raises(BlockingIOError):
            ours.recv(1)
        # A mistaken unit would be a thousand times as long.
        assert 0.04 <= time.monotonic() - start < 1000 * 0.05


def test_peer_without_its_fifo() -> None:
    with pytest.raises(ConnectionError), peer.Peer(1, 0, "write", ["/nowhere/fifo"]):
        raise AssertionError("unreachable")


def test_refused_mkfifo_is_an_oserror(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the experiment skips, with this reason."""

    def refuse(path: str) -> None:
        raise PermissionError(1, "Operation not permitted", path)

    monkeypatch.setattr(os, "mkfifo", refuse)
    with pytest.raises(OSError, match="not permitted"), PYTHON["whole fifo"](1):
        raise AssertionError("unreachable")
