# C files: layout.c memory.c gil_state.c clocks.c system_calls.c thread_states.c
# C files: pauses.c comparison.c codes.c frames.c lines.c gaps.c sampler.c
# distutils: libraries = m pthread
"""The scope: who holds the GIL, seen by a thread that never takes it.

sampler.c takes the samples, layout.c knows where to read; this file starts and
stops them and checks that they read what is true. sampled_trace.pyx makes a Trace of
what they noted.
"""

from cpython.pystate cimport PyThreadState, PyThreadState_Get
from libc.math cimport fmax, fmin
from libc.stdint cimport int64_t, uint64_t, uintptr_t
from posix.time cimport nanosleep, timespec
from posix.unistd cimport getpid

from lab.calls.clock cimport now_ns
from lab.instruments.sampled_trace cimport trace_of
from lab.instruments.stacks cimport attach
from lab.instruments.sampler cimport (
    EVENTS, gap_sums, gil_place, gil_thread, sampler,
    gil_state_enabled, gil_state_holder, gil_state_locked, gil_state_threads,
    layout_count_deaths, layout_find, layout_known,
    sampler_close, sampler_free, sampler_join, sampler_new, sampler_problem,
    sampler_resume, sampler_stop,
)

import atexit
import os
import sys

from lab.instruments.task_names import TaskNames
from lab.instruments.thread_names import ThreadNames
from lab.records.sampling_error import half_width


cdef extern from "Python.h":
    uint64_t PyThreadState_GetID(PyThreadState *tstate)


# The scope that runs, or None. A forked child inherits it without its sampler, and
# sees by the owner that it is its parent's.
cdef Scope running = None

# So many changes of state are kept: the most recent ones.
KEPT = EVENTS

# To read the list of threads while others change it.
cdef int TRIES = 100

# Longest wait for two samples.
cdef int64_t SETTLE_NS = 50_000_000

# On one processor every sample interrupts the measured thread for some 25 us.
cdef int ONE_CPU_SLOWER = 10


class ScopeUnavailable(RuntimeError):
    """There is no scope here: no GIL, an unknown version of CPython or system."""


def unavailable():
    """Why a Scope cannot start here and now, in a line; None if it can.

    Checks the instrument against what must be: while this thread holds the GIL it
    reads as held, by this thread; released, it does not.
    """
    cdef gil_place place
    cdef gil_thread newest[64]
    cdef uintptr_t mine = <uintptr_t>PyThreadState_Get(), holder = 0
    cdef int held, count = -1, i
    if sampler_problem() != NULL:
        return sampler_problem().decode()
    version = sys.version.split()[0]
    if not layout_known() or layout_find(&place) != 0:
        return f"unknown version: the GIL of {sys.implementation.name} {version}"
    if not gil_state_enabled(&place):
        return "no GIL: this free-threaded Python runs with it switched off"
    with nogil:
        pass  # on 3.11 who made a subinterpreter is noted as holder only after this
    if gil_state_locked(&place) != 1 or gil_state_holder(&place) != mine:
        return f"self-check: on {version} a held GIL does not read as held"
    with nogil:
        held = gil_state_locked(&place)
        if held:
            holder = gil_state_holder(&place)
    if held == -1 or held and holder == mine:
        return f"self-check: on {version} a released GIL reads as held"
    for _ in range(TRIES):
        count = gil_state_threads(&place, newest, 64)
        if count >= 0:
            break
    else:
        return "this system forbids process_vm_readv, by which it reads who is there"
    for i in range(count):
        if newest[i].address == mine:
            if newest[i].serial == PyThreadState_GetID(PyThreadState_Get()):
                return None
            return f"self-check: on {version} threads are not what they seem"
    return None if count == 64 else f"self-check: on {version} this thread is missing"


def _serial():
    return PyThreadState_GetID(PyThreadState_Get())


cdef class Scope:
    """`with Scope() as scope: ...`, then `scope.trace`.

    interval: mean pause between samples in seconds, 1e-6 to 0.1; on a single
    processor ten times as long. target: in another process, which is only read; longer
    pauses then. One scope at a time in a process: RuntimeError. UsageError where the
    target is not what its version says.
    ScopeUnavailable where it cannot work; `unavailable()` says why beforehand. A
    child forked inside has no scope, and may start one of its own.
    """

    cdef sampler *s
    cdef int owner
    cdef int64_t interval_ns
    cdef int settled
    cdef gap_sums before, after
    cdef object target
    cdef object names
    cdef object _trace

    def __cinit__(self, interval=20e-6, target=None):
        self.target = target
        if not 1e-6 <= interval <= 0.1:  # refuses NaN too
            raise ValueError(f"interval: expected 1e-6 to 0.1 s, got {interval}")
        self.interval_ns = <int64_t>(interval * 1e9)

    def __enter__(self):
        global running
        cdef int error
        if running is not None and running.owner == getpid():
            raise RuntimeError("a scope is running already: scopes do not nest")
        reason = unavailable() if self.target is None else None
        if reason is not None:
            raise ScopeUnavailable(reason)
        self._trace = None
        self.settled = 0
        sampler_free(self.s)
        self.s = sampler_new()
        if self.s == NULL:
            raise MemoryError("no memory for a scope")
        self.s.cores = len(os.sched_getaffinity(0))
        self.s.interval_ns = self.interval_ns
        self.s.event_room = KEPT
        if self.s.cores == 1:
            self.s.interval_ns *= ONE_CPU_SLOWER
        if self.target is None:
            layout_find(&self.s.place)
            layout_count_deaths(&self.s.place, True)
            self.names = ThreadNames(_serial)
        else:
            attach(&self.s.place, self.target)
            self.names = TaskNames(self.target.process)
        error = sampler_resume(self.s)
        if error:
            self._count_no_more_deaths()
            self.names.stop()
            raise OSError(error, f"no thread for the scope: {os.strerror(error)}")
        self.owner = getpid()
        running = self
        # Stop looking before the interpreter goes away.
        atexit.register(self._stop)
        return self

    def __exit__(self, *exception):
        self._stop()

    cdef _count_no_more_deaths(self):
        if self.target is None:
            layout_count_deaths(&self.s.place, False)

    def __dealloc__(self):
        sampler_free(self.s)  # a scope that runs is kept alive by `running`

    def _stop(self):
        global running
        if self.owner == 0:
            return
        self._count_no_more_deaths()
        if self.owner == getpid():
            sampler_stop(self.s)
            with nogil:
                sampler_join(self.s)
            sampler_close(self.s, <uintptr_t>PyThreadState_Get())
        else:  # forked meanwhile: the sampler is the parent's
            sampler_free(self.s)
            self.s = NULL
        self.owner = 0
        running = None
        self.names.stop()
        atexit.unregister(self._stop)

    @property
    def began_ns(self):
        """CLOCK_MONOTONIC at second 0 of the trace; RuntimeError if there is none."""
        if self.s == NULL:
            raise RuntimeError("the scope has not run")
        return self.s.begin_ns

    def settle(self):
        """Wait, holding the GIL, until two samples more are taken, for 50 ms at most.

        A new thread gets a core late on a busy machine: who measures a short
        block has the scope settle before it and after it. The figures below then leave
        out what was before the one and after the other.
        """
        cdef volatile int64_t *samples = <volatile int64_t *>&self.s.samples
        cdef int64_t wanted = samples[0] + 2, over_ns = now_ns() + SETTLE_NS
        cdef timespec nap
        nap.tv_sec, nap.tv_nsec = 0, 50_000
        self.s.settled_at = wanted
        while samples[0] < wanted and now_ns() < over_ns:
            nanosleep(&nap, NULL)
        if self.settled == 0:
            self.before = self.s.settled if samples[0] >= wanted else self.s.gaps
        elif samples[0] >= wanted:
            self.after = self.s.settled
        else:
            return  # what is unknown to the very end counts
        self.settled += 1

    cdef gap_sums _gaps(self):
        cdef gap_sums found = self.after if self.settled == 2 else self.s.gaps
        if self.settled:
            found.unseen_ns -= self.before.unseen_ns
            found.unseen_ns2 -= self.before.unseen_ns2
            found.frozen_ns -= self.before.frozen_ns
            found.edge_ns -= self.before.edge_ns
            found.prompt -= self.before.prompt
            found.prompt_ns -= self.before.prompt_ns
            found.prompt_ran_ns -= self.before.prompt_ran_ns
            found.prompt_changes -= self.before.prompt_changes
            found.prompt_change_ns2 -= self.before.prompt_change_ns2
        return found

    @property
    def frozen_s(self):
        """Seconds in which no thread ran, next to some of which nothing is known: who
        slept then may have done so in either state. After the block is over."""
        return self._gaps().frozen_ns / 1e9

    @property
    def unseen_s(self):
        """Seconds in which Python's threads ran while samples were lost: who held then
        may have released meanwhile. After the block is over."""
        cdef gap_sums gaps = self._gaps()
        return (gaps.unseen_ns + gaps.edge_ns) / 1e9

    def running_error_s(self, held, own_s, cpu_s, call_s):
        """Half width of the 95 % interval of the seconds in which the GIL was held, of
        own_s, the block's time without its waits for a core, cpu_s of it on one: for
        calls of call_s, in which that share of the time, 0 to 1, was seen as held.

        Lost samples' time is taken to be like the rest, but for the edges, of which
        nothing is known. After the block is over.
        """
        cdef gap_sums gaps = self._gaps()
        # Samples of a wait for a core say nothing of the time that was lost.
        cdef double seen_ns = fmax(0, own_s * 1e9 - gaps.unseen_ns)
        seen_ns = fmin(seen_ns, gaps.prompt_ns)
        # And what ran in no gap ran where nobody saw it.
        cdef double missed_ns = cpu_s * 1e9 - gaps.prompt_ran_ns - gaps.unseen_ns
        missed_ns = fmax(gaps.edge_ns, missed_ns)
        return missed_ns / 1e9 + (seen_ns + gaps.unseen_ns) / 1e9 * half_width(
            share=held,
            samples=round(gaps.prompt * seen_ns / fmax(1, gaps.prompt_ns)),
            changes=gaps.prompt_changes,
            change_ns2=gaps.prompt_change_ns2,
            seen_ns=seen_ns,
            ran_ns=seen_ns,
            ran_share=held,
            unseen_ns=gaps.unseen_ns,
            unseen_ns2=gaps.unseen_ns2,
            frozen_ns2=0.0,
            longest_ns=call_s * 1e9,
        )

    @property
    def gone(self):
        """Whether the other process has ended, or runs another program."""
        return bool(self.s.gone)

    @property
    def crowded(self):
        """Whether no core was idle for most of the time: then another process is looked
        at less often, and a program fills the cores. After the block is over."""
        return 2 * self.s.filled_ns > self.s.end_ns - self.s.begin_ns

    @property
    def samples(self):
        """How many have been taken."""
        return self.s.samples

    @property
    def trace(self):
        """The Trace, once the block is over; before, or in a child: RuntimeError."""
        if self._trace is None:
            if self.s == NULL or self.owner != 0:
                raise RuntimeError("no trace: the scope has not run, or still runs")
            self._trace = trace_of(
                self.s,
                self.names,
                self.target.python if self.target else sys.version.split()[0],
            )
        return self._trace


def _before_fork():
    # One thread less: since 3.12 CPython warns of forking with others about, and it
    # would be our doing, not the program's.
    if running is not None and running.owner == getpid():
        sampler_stop(running.s)
        with nogil:
            sampler_join(running.s)


def _after_fork_in_parent():
    if running is not None and running.owner == getpid():
        sampler_resume(running.s)


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent)
