"""What is told of the threads of another process, where the truth is known."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from lab.errors import UsageError
from lab.instruments.scope import unavailable
from lab.instruments.stacks import Stacks
from lab.instruments.target import find
from lab.instruments.thread_dumper import ThreadDumper
from lab.records.thread_dump import DumpedThread
from lab.system.process import Process
from tests.commands.test_attached import first_line, running
from tests.waiting import until

pytestmark = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))

# The longest of any Linux.
TICK_S = 0.01
THREADS = """
import ctypes, socket, threading, time
def reads():
    left, right = socket.socketpair()
    left.recv(1)
def sleeps():
    ctypes.CDLL(None).usleep(60_000_000)
def waits():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire(timeout=60)
threads = [threading.Thread(target=it, daemon=True) for it in (reads, sleeps, waits)]
for thread in threads:
    thread.start()
"""
# Until each sleeps, and did not wake up while the GIL was free.
STILL = """
def told():
    words = "State", "voluntary", "nonvoluntary"
    paths = [f"/proc/self/task/{thread.native_id}/status" for thread in threads]
    return [[line for line in open(path) if line.startswith(words)] for path in paths]
before = []
while told() != before or not all("sleeping" in lines[0] for lines in before):
    before = told()
    time.sleep(0.1)
"""
HOLD = """
print(*(thread.native_id for thread in threads), flush=True)
def held():
    ctypes.PyDLL(None).usleep(60_000_000)
held()
"""
PROGRAM = THREADS + STILL + HOLD


@contextmanager
def dumper(code: str = PROGRAM) -> Iterator[tuple[ThreadDumper, list[int], int]]:
    """With the numbers that the process of this code prints, and its own."""
    with running(code) as child:
        numbers = [int(word) for word in first_line(child).split()]
        with Process(child.pid) as process, ThreadDumper(find(process)) as found:
            yield found, numbers, child.pid
            child.kill()
            child.wait()
            with pytest.raises(UsageError, match="has ended"):
                found.dump()


def test_each_thread_is_told_with_its_place_and_what_it_waits_for() -> None:
    with dumper() as (one, numbers, main):
        time.sleep(0.3)
        before = one.dump()
        times_s = [time.monotonic()]
        dump = one.dump(closely=True)
        times_s.append(time.monotonic())
        time.sleep(0.3)
        times_s.append(time.monotonic())
        later = one.dump(closely=True).thread(main)
        times_s.append(time.monotonic())

    def thread(number: int) -> DumpedThread:
        found = dump.thread(number)
        assert found is not None
        return found

    reads, sleeps, waits = map(thread, numbers)
    holder = thread(main)
    assert dump.holder == before.holder == main
    assert [it.frames[0].function for it in (reads, sleeps, waits, holder)] == [
        *("reads", "sleeps", "waits", "held")
    ]
    assert holder.frames[0].file == "<string>"
    assert PROGRAM.splitlines()[holder.frames[0].line - 1].strip().startswith("ctypes")
    assert reads.call == "recvfrom"
    assert "socket:[" in reads.descriptor
    assert sleeps.call == holder.call == "clock_nanosleep"
    assert not sleeps.wants
    assert waits.call == "futex"
    assert waits.owner == 0
    if holder.asleep_s:  # this system tells
        assert later is not None
        slept_s = later.asleep_s - holder.asleep_s
        begin_s, looked_s, looks_s, end_s = times_s
        # Each clock is up to a tick behind.
        assert looks_s - looked_s - 2 * TICK_S < slept_s < end_s - begin_s + 2 * TICK_S
    assert before.thread(main) is not None
    assert holder.switches == before.threads[0].switches
    assert not before.threads[0].frames
    assert {it.library[:5] for it in holder.native[:1]} <= {"libc.", "libc-", "ld-mu"}


def test_who_wants_the_gil_is_seen_at_some_look() -> None:
    code = THREADS.replace("lock.acquire(timeout=60)", "while True: time.sleep(0.001)")
    with dumper(code + HOLD) as (one, numbers, _):
        end_s = time.monotonic() + 60
        while True:
            found = one.dump().thread(numbers[2])
            assert found is not None
            if found.wants:
                break
            assert time.monotonic() < end_s
    assert found.owner == 0


def test_a_wait_that_goes_on_after_a_stop_has_a_name() -> None:
    code = "import select; print(flush=True); select.poll().poll(60_000)"
    with running(code) as child:
        first_line(child)
        with Process(child.pid) as process, ThreadDumper(find(process)) as dumper:
            until(lambda: dumper.dump().threads[0].call in ("poll", "ppoll"))
            child.send_signal(signal.SIGSTOP)
            until(process.stopped)
            child.send_signal(signal.SIGCONT)
            # Stopped, it is in no call.
            until(lambda: dumper.dump().threads[0].call, "the rest of the wait")
            (one,) = dumper.dump().threads
    assert one.call in ("restart_syscall", "poll", "ppoll")


FAST = """
import time
def sleeps():
    time.sleep(0.0002)
def works():
    return sum(range(3000))
print(flush=True)
while True:
    sleeps()
    works()
"""


def test_what_a_thread_waits_in_and_its_place_are_of_one_moment() -> None:
    met = set()
    with running(FAST) as child:
        first_line(child)
        with Process(child.pid) as process, ThreadDumper(find(process)) as dumper:
            for _ in range(300):
                (one,) = dumper.dump(closely=True).threads
                if one.frames and one.call == "clock_nanosleep":
                    met.add(one.frames[0].function)
    assert met <= {"sleeps"}


CROWD = """
import threading
lock = threading.Lock()
lock.acquire()
for _ in range(20):
    threading.Thread(target=lock.acquire, daemon=True).start()
print(flush=True)
lock.acquire()
"""


def test_of_a_crowd_what_all_share_is_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []

    def counted(name: str) -> None:
        method = getattr(Process, name)

        def noted(process: Process) -> object:
            read.append(name)
            return method(process)

        monkeypatch.setattr(Process, name, noted)

    with running(CROWD) as child:
        first_line(child)
        with Process(child.pid) as process, ThreadDumper(find(process)) as dumper:
            until(lambda: all(it.call for it in dumper.dump().threads), "all waiting")
            counted("tasks")
            counted("mappings")
            dump = dumper.dump(closely=True)
    assert len(dump.threads) == 21
    assert all(it.private for it in dump.threads)
    assert read == ["tasks"]


def test_a_stack_is_read_without_the_list_of_all_threads() -> None:
    """Else those of many threads take a time that grows with the square of them."""
    with running(CROWD.replace("20", "100")) as child:
        first_line(child)
        with Process(child.pid) as process:
            stacks, own = Stacks(find(process)), psutil.Process()
            threads = stacks.threads()
            assert threads is not None
            idents = [ident for ident, _ in threads]
            until(lambda: all(map(stacks.of, idents)), "all read once")
            before = own.io_counters().read_count
            for ident in idents:
                stacks.of(ident)
            reads = own.io_counters().read_count - before
    assert len(idents) == 101
    assert reads < len(idents) ** 2
