# distutils: libraries = pthread
"""A thread that waits for the GIL, and so proves what another thread does with it.

Whoever lets it go wakes a waiter (drop_gil in Python/ceval_gil.c). One that slept
throughout is proof that the GIL was held all the time. And once it was let in, it keeps
the GIL for as long as the other thread runs: what that computes meanwhile, it computes
without the GIL. Neither depends on how often anybody looked.
"""

from libc.stdint cimport int64_t
from libc.stdlib cimport atoll
from libc.string cimport memcmp, memset, strchr, strrchr
from posix.fcntl cimport O_RDONLY, open
from posix.time cimport clockid_t, nanosleep, timespec
from posix.unistd cimport close

from lab.calls.clock cimport now_ns, read_ns

import os
import sys
import threading
import time

from lab.instruments.switch_interval import HALF_S, NEVER_S


cdef extern from "Python.h":
    ctypedef struct PyThreadState:
        pass
    ctypedef struct PyInterpreterState:
        pass
    PyInterpreterState *PyInterpreterState_Get() nogil
    PyThreadState *PyInterpreterState_ThreadHead(PyInterpreterState *) nogil
    PyThreadState *PyThreadState_Next(PyThreadState *) nogil


cdef extern from "quiet_thread.h" nogil:
    ctypedef unsigned long pthread_t
    int start_quiet_thread(
        pthread_t *thread, void *(*run)(void *) noexcept nogil, void *argument
    )
    int pthread_join(pthread_t thread, void **result)

cdef extern from "<unistd.h>" nogil:
    int gettid()
    ssize_t pread(int file, void *text, size_t size, int64_t offset)

cdef enum:
    ROOM = 100

# The one that has a thread, or None.
cdef Witness standing = None

# How long it may take to wait: it needs a core first.
cdef int64_t PATIENCE_NS = 50_000_000

# It keeps the GIL no longer than this, whatever the other does.
cdef int64_t LONGEST_NS = 500_000_000

# And no more once the caller computed less than this, so often in a row.
cdef int64_t LITTLE_NS = 20_000
cdef int IN_VAIN = 3

cdef struct place:
    int number          # the thread's, in the system; 0 until it runs
    int begin           # from now on it may wait for the GIL
    int begun           # it is about to
    int over            # what it watches has ended
    int done            # and it wants no GIL any more
    clockid_t clock     # the caller's processor time
    int state, ran      # files that tell what the caller does, and how long it waited
    int threads         # that Python had, this one too
    # Of the caller, while this had the GIL; of the rest of it nothing is known.
    int64_t computed_ns, blocked_ns, rest_ns


cdef void nap(int64_t pause_ns=50_000) noexcept nogil:
    cdef timespec pause
    pause.tv_sec, pause.tv_nsec = 0, pause_ns
    nanosleep(&pause, NULL)


cdef int threads() noexcept nogil:
    """How many Python has; holding the GIL."""
    cdef int count = 0
    cdef PyThreadState *one = PyInterpreterState_ThreadHead(PyInterpreterState_Get())
    while one != NULL:
        count += 1
        one = PyThreadState_Next(one)
    return count


cdef bint told(int file, char *text) noexcept nogil:
    """Zeros behind what the file says now."""
    memset(text, 0, ROOM)
    return pread(file, text, ROOM - 1, 0) > 0


cdef bint sleeps(int file) noexcept nogil:
    """By its stat. Ready to run is no sleep."""
    cdef char text[ROOM]
    cdef char *behind
    if not told(file, text):
        return False
    behind = strrchr(text, c")")  # its name may have brackets of its own
    return behind != NULL and behind[1] == c" " and behind[2] == c"S"


cdef int64_t waited_ns(int file) noexcept nogil:
    """For a core, by its schedstat: the second number."""
    cdef char text[ROOM]
    cdef char *second
    if not told(file, text):
        return 0
    second = strchr(text, c" ")
    return 0 if second == NULL else atoll(second)


cdef int64_t keep(place *mine) noexcept:
    """Keep the GIL while the caller runs. New threads are not kept from it. Returns
    what the caller has computed until then."""
    cdef int64_t got_ns = now_ns(), left_ns = got_ns, got_cpu_ns = read_ns(mine.clock)
    cdef int64_t waited = waited_ns(mine.ran), left_cpu_ns, idle_ns
    cdef bint asleep = False
    while left_ns - got_ns < LONGEST_NS and threads() <= mine.threads:
        asleep = sleeps(mine.state)
        if asleep:
            break
        nap(50_000 + min(1_000_000, (left_ns - got_ns) // 16))
        left_ns = now_ns()
    left_cpu_ns = read_ns(mine.clock)
    mine.computed_ns += left_cpu_ns - got_cpu_ns
    idle_ns = max(0, now_ns() - got_ns - (left_cpu_ns - got_cpu_ns))
    if asleep:
        mine.blocked_ns += max(0, idle_ns - (waited_ns(mine.ran) - waited))
    else:  # a wait for a core may not be counted yet
        mine.rest_ns += idle_ns
    return left_cpu_ns


cdef void wait_and_keep(place *mine) noexcept with gil:
    cdef volatile int *over = &mine.over
    cdef int64_t left_cpu_ns, before_ns
    cdef int vain = 0
    # From the second time on it asks as others do, and costs the caller a switch.
    while not over[0] and threads() <= mine.threads and vain < IN_VAIN:
        before_ns = mine.computed_ns
        left_cpu_ns = keep(mine)
        vain = vain + 1 if mine.computed_ns - before_ns < LITTLE_NS else 0
        with nogil:
            # Until the caller goes on, which it does with the GIL if it waited for it.
            while not over[0] and read_ns(mine.clock) == left_cpu_ns:
                nap(100_000)


cdef void *stand_in_line(void *argument) noexcept nogil:
    cdef place *mine = <place *>argument
    cdef volatile int *begin = &mine.begin
    mine.number = gettid()
    while not begin[0]:
        nap()
    mine.begun = 1
    wait_and_keep(mine)
    mine.done = 1
    return NULL


cdef int opened(int number, str name) except -2:
    return open(f"/proc/self/task/{number}/{name}".encode(), O_RDONLY | os.O_CLOEXEC)


cdef class Witness:
    """start(), stand(), leave() and stop(), from one thread. Only the last lets the
    GIL go.

    It asks nobody to drop the GIL, until it was let in.
    """

    cdef place its
    cdef pthread_t thread
    cdef int started, state, ran, lay
    cdef char before[ROOM]

    def __cinit__(self):
        self.state = self.ran = self.its.state = self.its.ran = -1

    def start(self):
        """OSError where the system has no thread for it."""
        global standing
        cdef int error, caller = gettid()
        self.its.clock = time.pthread_getcpuclockid(threading.get_ident())
        self.its.state = opened(caller, "stat")
        self.its.ran = opened(caller, "schedstat")
        error = start_quiet_thread(&self.thread, stand_in_line, &self.its)
        if error:
            raise OSError(error, f"no thread for a witness: {os.strerror(error)}")
        self.started = 1
        standing = self

    def stand(self):
        """Have it wait for the GIL. False: it got no core to do so, and proves nothing
        of what is held."""
        cdef volatile place *its = &self.its
        cdef int64_t over_ns = now_ns() + PATIENCE_NS
        its.threads = threads() + 1
        interval_s = sys.getswitchinterval()
        # The interval with which it begins to wait is that by which it would ask. No
        # bytecode may run before the former one is back: who hands the GIL over there
        # would wait for long to have it again.
        sys.setswitchinterval(NEVER_S)
        try:
            its.begin = 1
            while not (its.begun and self.sleeps()) and now_ns() < over_ns:
                nap()
        finally:
            sys.setswitchinterval(interval_s + HALF_S)
        self.lay = its.begun and self.sleeps() and self.look(self.before)
        return bool(self.lay)

    @property
    def native_id(self):
        """The thread's number in the system."""
        return self.its.number

    def leave(self):
        """What it was to watch is over. Returns whether it has slept since stand();
        False also where that is not known."""
        cdef char now[ROOM]
        # In this order: who was woken is ready until it has run, and then has run.
        cdef bint slept = (
            self.lay
            and self.sleeps()
            and self.look(now)
            and memcmp(now, self.before, ROOM) == 0
        )
        self.its.over = 1
        return slept

    @property
    def kept_ns(self):
        """(computed, blocked, rest) nanoseconds of the thread that started this, while
        this had the GIL: how long it ran; slept or was kept waiting; and either of
        them, or waited for a core. After stop()."""
        return self.its.computed_ns, self.its.blocked_ns, self.its.rest_ns

    def stop(self):
        global standing
        cdef volatile int *done = &self.its.done
        if self.started:
            self.its.begin = self.its.over = 1
            while not done[0]:
                # It asks nobody to let it in; whoever comes back from here does.
                with nogil:
                    nap()
            with nogil:
                pthread_join(self.thread, NULL)
            self.started = self.lay = 0
            standing = None
        for file in (self.state, self.ran, self.its.state, self.its.ran):
            if file >= 0:
                close(file)
        self.state = self.ran = self.its.state = self.its.ran = -1

    cdef bint look(self, char *text) except -1:
        """How long it has run, and how often: its schedstat; False: not told."""
        if self.ran < 0:
            self.ran = opened(self.its.number, "schedstat")
        return told(self.ran, text)

    cdef bint sleeps(self) except -1:
        if self.state < 0:
            self.state = opened(self.its.number, "stat")
        return sleeps(self.state)


def _before_fork():
    # Since 3.12 CPython warns of forking with other threads about.
    if standing is not None:
        standing.stop()


os.register_at_fork(before=_before_fork)
