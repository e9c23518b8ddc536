"""Looks at all of Python's threads in another process: what each does, or waits for."""

import os
import re
import struct
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from lab.instruments.native_stack import NativeStacks
from lab.instruments.sampled_trace import name_of_call
from lab.instruments.stacks import Stacks
from lab.instruments.target import Target
from lab.instruments.task_names import TaskNames
from lab.records.thread_dump import DumpedThread, Frame, ThreadDump
from lab.system.process import GoneError

# Calls whose first argument is a descriptor.
DESCRIPTOR = frozenset(
    (
        *("read", "readv", "pread64", "recvfrom", "recvmsg", "recvmmsg"),
        *("write", "writev", "pwrite64", "sendto", "sendmsg", "sendfile", "splice"),
        *("accept", "accept4", "connect", "epoll_wait", "epoll_pwait", "epoll_pwait2"),
        *("flock", "fcntl", "fsync", "fdatasync", "ioctl"),
    )
)
# Of futex(2): what is asked for, and what may be added (linux/futex.h).
WAIT, LOCK_PI, WAIT_BITSET, LOCK_PI2, COMMAND, PRIVATE = 0, 6, 9, 13, 127, 128
OWNER = 0x3FFFFFFF  # FUTEX_TID_MASK
# The beginning of glibc's pthread_mutex_t: lock, count, owner, users. Who waits for a
# locked one has found this in lock.
MUTEX, CONTENDED = struct.Struct("iIiI"), 2
# When a thread ran last, ms by the clock of the scheduler (kernel/sched/debug.c).
EXEC_START = re.compile(r"se\.exec_start\s*:\s*([\d.]+)")
# Where a task ran last: of its stat, in what follows its name (proc_pid_stat(5): 39).
CORE = 36
# To find out who holds a GIL that changes hands.
TRIES = 100
# To read the stacks of a thread between two looks at the same call.
TRIES_CLOSELY = 3


class ThreadDumper:
    """with ThreadDumper(target) as dumper: dumper.dump(), as often as wanted."""

    def __init__(self, target: Target) -> None:
        self._process = target.process
        self._stacks = Stacks(target)
        self._names = TaskNames(self._process)
        self._native = NativeStacks(self._process)
        self._tasks: frozenset[int] = frozenset()  # of the last dump

    def __enter__(self) -> "ThreadDumper":
        return self

    def __exit__(self, *_: object) -> None:
        self._native.__exit__()

    def dump(self, *, closely: bool = False) -> ThreadDump:
        """closely: with stacks, and for how long threads have been asleep. GoneError
        once the process has ended."""
        threads: list[tuple[int, int]] | None = None
        holder: int | None = None
        for _ in range(TRIES):
            threads = self._stacks.threads() if threads is None else threads
            holder = self._stacks.holder()
            if threads is not None and holder is not None:
                break
        if not self._process.alive():
            raise self._process.gone()
        dumped, tasks = [], tuple(self._process.tasks())
        self._tasks = frozenset(tasks)
        clocks_s: dict[int, float] | None = {} if closely else None
        for ident, native_id in threads or ():
            with suppress(GoneError):  # the thread has ended
                dumped.append(self._thread(ident, native_id, clocks_s))
        return ThreadDump(
            time.monotonic(),
            holder or 0,
            tuple(dumped),
            tasks,
            self._process.stopped(),
        )

    def _thread(
        self, ident: int, native_id: int, clocks_s: dict[int, float] | None
    ) -> DumpedThread:
        """clocks_s: of cores met in this dump, as in _asleep_s; None: not closely."""
        found, pointers = self._waits(ident, native_id)
        if clocks_s is None:
            return found
        for _ in range(TRIES_CLOSELY):
            native = self._native.of(*pointers) if len(pointers) == 2 else ()
            frames = self._stacks.of(ident) or ()
            before = found, pointers
            found, pointers = self._waits(ident, native_id)
            if (found, pointers) == before and (
                self._switches(native_id) == found.switches
            ):
                break
        else:  # what was read may be of another moment than its call
            native, frames = (), ()
        folder = f"task/{native_id}"
        alone = found.private or (
            found.call == "futex" and self._process.is_private(found.arguments[0])
        )
        return replace(
            found,
            private=alone,
            asleep_s=self._asleep_s(folder, clocks_s) if found.call else 0.0,
            frames=tuple(Frame(*frame) for frame in frames),
            native=native,
        )

    def _waits(self, ident: int, native_id: int) -> tuple[DumpedThread, list[int]]:
        """A thread without its stacks; and its pointers to the stack and to the
        instruction, where it stands still."""
        switches = self._switches(native_id)
        name, _ = self._names.of(0, ident, native_id, False)
        found = DumpedThread(name, native_id, switches=switches)
        words = self._process.text(f"task/{native_id}/syscall").split()
        pointers = [int(word, 16) for word in words[-2:] if word.startswith("0x")]
        if len(words) > 3:
            found = self._in_call(found, int(words[0]), words[1:-2])
        return found, pointers

    def _switches(self, native_id: int) -> int:
        status = self._process.status(f"task/{native_id}/status")
        return int(status["voluntary_ctxt_switches"])

    def _in_call(
        self, found: DumpedThread, number: int, words: list[str]
    ) -> DumpedThread:
        name = name_of_call(number)
        arguments = tuple(int(word, 16) for word in words)
        found = replace(found, call=name, arguments=arguments)
        if name in DESCRIPTOR:
            file = arguments[0] & 0xFFFFFFFF
            what = "closed"
            with suppress(OSError):
                what = os.readlink(self._process.folder / f"fd/{file}")
            return replace(found, descriptor=f"{file} ({what})")
        if name != "futex":
            return found
        if self._stacks.is_gil(arguments[0]):
            return replace(found, wants=True)
        return self._at_futex(found)

    def _at_futex(self, found: DumpedThread) -> DumpedThread:
        """Whom it waits for, where the word in memory that it waits at tells it."""
        address, command, expected, limit = found.arguments[:4]
        found = replace(found, timed=limit != 0, private=bool(command & PRIVATE))
        try:
            lock, _, owner, users = MUTEX.unpack(
                self._process.read(address, MUTEX.size)
            )
        except (ValueError, struct.error):
            return found
        tasks = self._tasks - {found.native_id}
        command &= COMMAND
        expected &= 0xFFFFFFFF
        if command in (LOCK_PI, LOCK_PI2) and lock & OWNER in tasks:
            return replace(found, owner=lock & OWNER)
        if command not in (WAIT, WAIT_BITSET) or lock & 0xFFFFFFFF != expected:
            return found
        if lock == CONTENDED and owner in tasks and users:
            return replace(found, owner=owner)
        # pthread_join waits at the number of a thread, which becomes 0 at its end.
        if lock in tasks:
            return replace(found, owner=lock, joins=True)
        return found

    def _asleep_s(self, folder: str, clocks_s: dict[int, float]) -> float:
        """How long ago it ran last, to some 10 ms; 0 where the system does not tell.

        clocks_s: how far each core's clock is ahead of CLOCK_MONOTONIC, added to: to
        ask for it again would be to wait for that core once for each thread.
        """
        with suppress(OSError):
            ran_ms = _exec_start_ms(self._process.folder / folder)
            stat = self._process.text(f"{folder}/stat")
            core = int(stat.rpartition(")")[2].split()[CORE])
            if core not in clocks_s:
                clocks_s[core] = _core_clock_ms(core) / 1e3 - time.monotonic()
            now_s = clocks_s[core] + time.monotonic()
            if ran_ms:
                return max(0.0, now_s - ran_ms / 1e3)
        return 0.0


def _exec_start_ms(task: Path) -> float:
    """0 where the system does not tell."""
    found = EXEC_START.search((task / "sched").read_text())
    return float(found[1]) if found else 0.0


def _core_clock_ms(core: int) -> float:
    """A core's clock leaves out what a host took of it: each has a time of its own. So
    this thread runs there for a moment. OSError where it may not."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        return _exec_start_ms(Path("/proc/thread-self"))
    finally:
        os.sched_setaffinity(0, before)
