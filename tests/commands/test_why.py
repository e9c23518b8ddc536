"""Real processes that hang, and one that does not, are told apart."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from lab.instruments.scope import unavailable
from tests.command_line import Told
from tests.commands.test_attached import first_line, lab, running

pytestmark = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))

# Plain C, called with the GIL held and released; a mutex and a condition are zeros.
START = """
import ctypes, os, threading, time
held, free = ctypes.PyDLL(None), ctypes.CDLL(None)
mutex, condition = ctypes.create_string_buffer(64), ctypes.create_string_buffer(64)
locked = threading.Event()
def other():
    free.pthread_mutex_lock(mutex)
    locked.set()
    while True:
        time.sleep(0.001)
"""
LOCK = """
threading.Thread(target=other, daemon=True).start()
locked.wait()
print(flush=True)
def stuck():
    held.pthread_mutex_lock(mutex)
stuck()
"""
JOIN = """
@ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
def callback(_):
    locked.set()
    while True:
        time.sleep(0.001)
thread = ctypes.c_ulong()
free.pthread_create(ctypes.byref(thread), None, callback, None)
locked.wait()
print(flush=True)
def stuck():
    held.pthread_join(thread, None)
stuck()
"""
CONDITION = """
free.pthread_mutex_lock(mutex)
threading.Thread(target=free.pause, daemon=True).start()  # it may wake it
def sleeps():
    while True:
        time.sleep(0.001)
threading.Thread(target=sleeps, daemon=True).start()
print(flush=True)
def stuck():
    held.pthread_cond_wait(condition, mutex)
stuck()
"""
# The thread that is to wake it, and no other, wants the GIL.
FUTURE = """
@ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
def callback(_):
    while True:
        time.sleep(0.001)
thread = ctypes.c_ulong()
def stuck():
    held.pthread_cond_wait(condition, mutex)
free.pthread_mutex_lock(mutex)
free.pthread_create(ctypes.byref(thread), None, callback, None)
print(flush=True)
stuck()
"""
LOCKS = """
def both(first, second):
    with first:
        time.sleep(0.1)
        second.acquire()
locks = threading.Lock(), threading.Lock()
for pair in (locks, locks[::-1]):
    threading.Thread(target=both, args=pair, daemon=True).start()
print(flush=True)
left, right = os.pipe()
os.read(left, 1)
"""
# Each thread waits for the other one, and the first for both.
CROSSED = """
ready = threading.Barrier(3)
def both(first, second):
    with first:
        ready.wait()
        second.acquire()
locks = threading.Lock(), threading.Lock()
threads = [threading.Thread(target=both, args=it) for it in (locks, locks[::-1])]
for thread in threads:
    thread.start()
ready.wait()
print(flush=True)
threads[0].join()
"""
# Healthy: bytecode, held and released calls, a mutex that is held for a short while.
BUSY = """
import zlib
def work():
    while True:
        zlib.crc32(bytes(10**5))
        sum(range(1000))
        free.pthread_mutex_lock(mutex)
        held.usleep(100)
        free.pthread_mutex_unlock(mutex)
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
print(flush=True)
work()
"""


def why(code: str, *, stop: bool = False) -> tuple[str, int]:
    """What is said of a process of this code, in one line, and its number."""
    with running(START + code) as child:
        first_line(child)
        time.sleep(0.2)  # until it hangs
        if stop:
            child.send_signal(signal.SIGSTOP)
        seen = lab("why", str(child.pid))
    assert (seen.returncode, seen.stderr) == (0, "")
    assert max(map(len, seen.stdout.splitlines())) <= 100
    return " ".join(seen.stdout.split()), child.pid


@pytest.mark.parametrize("code", [LOCK, JOIN], ids=["mutex", "join"])
def test_a_deadlock_is_named_with_its_two_ends(code: str) -> None:
    told, _ = why(code)
    ends = re.match(
        r"This is a deadlock: MainThread waits for (.*?), (.*?) waits for", told
    )
    assert ends, told
    assert ends[2] in ends[1]
    assert "which MainThread holds" in told
    assert re.search(r"MainThread holds the GIL in stuck \(<string>:\d+\)", told), told
    assert "1 thread wants the GIL" in told


@pytest.mark.slow
def test_a_wait_whose_end_nobody_knows_is_called_no_deadlock() -> None:
    told, _ = why(CONDITION)
    assert "deadlock" not in told
    assert "MainThread holds the GIL in stuck" in told
    assert "it does not run, but waits in futex (a lock). If it is one of those" in told
    assert "1 thread wants the GIL" in told


def test_a_wait_that_only_who_wants_the_gil_can_end_is_a_deadlock() -> None:
    told, _ = why(FUTURE)
    assert told.startswith(
        "This is a deadlock: MainThread waits to be woken by another"
    )
    assert "the only other one wants the GIL, which MainThread holds" in told
    assert "futex (a lock)" in told


def test_of_a_process_without_a_holder_the_waits_are_told() -> None:
    told, _ = why(LOCKS)
    assert told.startswith("Nobody holds the GIL")
    assert re.search(
        r"MainThread waits in read of \d+ \(pipe:\[\d+\]\) in <module>", told
    )
    assert (
        len(re.findall(r"waits in futex \(a lock\) in both \(<string>:\d+\)", told))
        == 2
    )


def test_where_all_wait_for_locks_nobody_is_left() -> None:
    told, _ = why(CROSSED)
    assert "All threads wait for locks, and none is left that could free one" in told
    assert told.count("waits in futex (a lock)") == 3
    assert re.search(r"threading.py:\d+\), called from <module> \(<string>:", told)
    assert "deadlock" not in told


def test_a_stopped_process_is_not_said_to_run() -> None:
    told, number = why("print(flush=True)\nwhile True: pass", stop=True)
    assert told.startswith(
        f"Process {number} is stopped by a signal: `kill -CONT {number}` lets it go on."
    )
    assert "MainThread holds the GIL" in told
    assert "runs" not in told


@pytest.mark.slow
def test_a_healthy_process_has_no_deadlock() -> None:
    told, _ = why(BUSY)
    assert "deadlock" not in told
    assert "it does not run" not in told


def test_little_is_imported_for_an_answer() -> None:
    """Each of these takes longer than all that the command does, but for looking."""
    code = "import sys; from lab.commands import why; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"msgspec", "numpy", "rich", "statistics"} & set(done.stdout.split())


def test_what_cannot_be_looked_at_is_told_in_a_line(
    command: Callable[..., Told],
) -> None:
    seen = command("why", 2**31 - 1)
    assert seen.returncode == 2
    assert len(seen.stderr.splitlines()) == 1
