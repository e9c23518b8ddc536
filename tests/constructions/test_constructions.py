"""Each construction by itself: it does block, it does end, it leaves nothing.

That nothing is left, no thread, process, descriptor or switch interval, is checked
around every test (conftest.py).
"""

import ctypes
import inspect
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
from lab.constructions import blocking, deadlock, peer, shared_data
from lab.constructions.blocking import (
    PEER_S,
    accepting,
    connecting,
    fifo,
    receiving,
    sending,
    whole_fifo,
)
from lab.constructions.deadlock import positions, trials
from lab.constructions.latency import (
    INTERVAL_S,
    LOADS,
    CallTime,
    Latencies,
    Tick,
    Ticker,
    beside,
    during,
)
from lab.constructions.shared_data import Counter
from lab.instruments.race import Crew, full_run, lap
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
        assert 0.04 <= time.monotonic() - start < 5


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


def test_released_meet_and_lose_half() -> None:
    counter = Counter()
    call = Call(lambda: shared_data.careless_released(counter, 100, 10.0))
    with Crew([call] * 2) as crew:
        crew.go()
        crew.laps()
    assert (counter.value, counter.meetings, counter.alone) == (100, 100, False)


@pytest.mark.parametrize(
    "careless", [shared_data.careless_held, shared_data.careless_released]
)
def test_alone_at_the_meeting_point(
    careless: Callable[[Counter, int, float], None],
) -> None:
    counter = Counter()
    start = time.monotonic()
    careless(counter, 100, 0.02)
    assert 0.02 <= time.monotonic() - start < 5  # once, not a hundred times
    assert (counter.value, counter.meetings, counter.alone) == (100, 0, True)


@with_gil
def test_held_never_meet() -> None:
    counter = Counter()
    with Crew(
        [Call(lambda: shared_data.careless_held(counter, 100, 0.02))] * 2
    ) as crew:
        crew.go()
        crew.laps()
    assert (counter.value, counter.meetings) == (200, 0)


@pytest.mark.parametrize(
    "increase", [shared_data.atomic_released, shared_data.mutex_released]
)
def test_guards_lose_nothing(increase: Callable[[Counter, int], None]) -> None:
    counter = Counter()
    with Crew([Call(lambda: increase(counter, 10_000))] * 2) as crew:
        crew.go()
        crew.laps()
    shared_data.once_released(counter)
    assert counter.value == 20_001


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


def test_lag_of_a_held_call_is_the_call() -> None:
    found = beside(LOADS["held"](0.1))
    assert found.call_s >= 0.1
    if gil_enabled():
        assert found.largest is not None
        assert found.largest >= 1 - INTERVAL_S / 0.1
        assert found.largest_by_lock(0.5) in (None, found.largest)


@pytest.mark.parametrize("name", LOADS)
def test_loads_last_as_long_as_they_say(name: str) -> None:
    start = time.monotonic()
    LOADS[name](0.05)()
    assert 0.049 <= time.monotonic() - start < 5


def test_beats_of_the_call_alone() -> None:
    ticks = [Tick(0, 10), Tick(20, 35), Tick(40, 45), Tick(60, 70)]
    found = during(ticks, CallTime(30, 50))
    assert found.latencies_s == (15e-9, 5e-9)
    assert found.inside_s == (5e-9,)
    assert found.machine_s is None
    assert during([], CallTime(30, 50)).largest is None


def test_the_machine_s_part_is_of_the_beats_and_the_call() -> None:
    found = during([Tick(20, 35)], CallTime(30, 50, 2), 4)
    assert found.starved_s == pytest.approx(2e-9)
    assert found.machine_s == pytest.approx(6e-9)
    assert during([Tick(20, 35)], CallTime(30, 50, 2)).machine_s is None


@pytest.mark.parametrize(
    ("latency_s", "machine_s", "told"),
    [
        (0.4, None, True),  # however it came about, others ran
        (0.9, 0.1, True),
        (0.9, 0.5, False),
        (0.9, None, False),
    ],
)
def test_a_lag_that_the_machine_explains_tells_nothing(
    latency_s: float, machine_s: float | None, told: bool
) -> None:
    found = Latencies((latency_s,), 1.0, (), 0.0, machine_s).largest_by_lock(0.5)
    assert found == (latency_s if told else None)


def test_a_call_without_a_core_tells_no_median() -> None:
    latencies_s = (0.1, 0.3, 0.2)
    assert Latencies((), 1.0, latencies_s, 0.05).median_inside_s(0.1) == pytest.approx(
        0.2
    )
    assert Latencies((), 1.0, latencies_s, 0.2).median_inside_s(0.1) is None
    assert Latencies((), 1.0, latencies_s).median_inside_s(0.1) is None
    assert Latencies((), 1.0, latencies_s[:2], 0.0).median_inside_s(0.1) is None


def test_heart_beats() -> None:
    with Ticker() as ticker:
        time.sleep(5 * INTERVAL_S)
    assert len(ticker.ticks) >= 2
    assert all(tick.came_ns >= tick.due_ns for tick in ticker.ticks)


def test_full() -> None:
    assert full_run({"FULL": "1"})
    assert not full_run({})
    assert not full_run({"FULL": "0"})
