# distutils: libraries = pthread
"""A thread that waits for the GIL, and so tells that nobody has let it go.

Whoever lets it go wakes a waiter (drop_gil in Python/ceval_gil.c). One that slept
throughout is proof that the GIL was held all the time, however seldom anybody looked.
"""

from libc.stdint cimport int64_t
from libc.string cimport memcmp, memset, strrchr
from posix.fcntl cimport O_RDONLY, open
from posix.time cimport nanosleep, timespec
from posix.unistd cimport close

from lab.calls.clock cimport now_ns

import os

from lab.instruments.switch_interval import NEVER_S, switch_interval


cdef extern from "<signal.h>" nogil:
    ctypedef struct sigset_t:
        pass
    int SIG_SETMASK
    int sigfillset(sigset_t *signals)
    int pthread_sigmask(int how, const sigset_t *signals, sigset_t *before)

cdef extern from "<pthread.h>" nogil:
    ctypedef unsigned long pthread_t
    int pthread_create(
        pthread_t *thread, void *attributes, void *(*run)(void *) noexcept nogil, void *
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

cdef struct place:
    int number  # the thread's, in the system; 0 until it runs
    int begin   # from now on it may wait for the GIL
    int begun   # it is about to


cdef void nap() noexcept nogil:
    cdef timespec pause
    pause.tv_sec, pause.tv_nsec = 0, 50_000
    nanosleep(&pause, NULL)


cdef void take() noexcept with gil:
    pass


cdef void *stand_in_line(void *argument) noexcept nogil:
    cdef volatile place *mine = <volatile place *>argument
    mine.number = gettid()
    while not mine.begin:
        nap()
    mine.begun = 1
    take()
    return NULL


cdef int opened(int number, str name) except -2:
    return open(f"/proc/self/task/{number}/{name}".encode(), O_RDONLY | os.O_CLOEXEC)


cdef bint told(int file, char *text) noexcept:
    """Zeros behind what the file says now; holds the GIL."""
    memset(text, 0, ROOM)
    return pread(file, text, ROOM - 1, 0) > 0


cdef class Witness:
    """start(), stand(), then `slept`, and stop(). Only stop() lets the GIL go.

    It asks nobody to drop the GIL, and takes it once, when it is let in.
    """

    cdef place its
    cdef pthread_t thread
    cdef int started, state, ran, lay
    cdef char before[ROOM]

    def __cinit__(self):
        self.state = self.ran = -1

    def start(self):
        """OSError where the system has no thread for it."""
        global standing
        cdef sigset_t signals, usual
        cdef int error
        sigfillset(&signals)  # they are for the threads of the program
        pthread_sigmask(SIG_SETMASK, &signals, &usual)
        error = pthread_create(&self.thread, NULL, stand_in_line, &self.its)
        pthread_sigmask(SIG_SETMASK, &usual, NULL)
        if error:
            raise OSError(error, f"no thread for a witness: {os.strerror(error)}")
        self.started = 1
        standing = self

    def stand(self):
        """Have it wait for the GIL; returns when it does, or gets no core to do so."""
        cdef volatile place *its = &self.its
        cdef int64_t over_ns = now_ns() + PATIENCE_NS
        # The interval with which it begins to wait is that by which it would ask.
        with switch_interval(NEVER_S):
            its.begin = 1
            while not (its.begun and self.sleeps()) and now_ns() < over_ns:
                nap()
            self.lay = its.begun and self.sleeps() and self.look(self.before)

    @property
    def native_id(self):
        """The thread's number in the system."""
        return self.its.number

    @property
    def slept(self):
        """Whether it has slept since stand(); False also where that is not known."""
        cdef char now[ROOM]
        # In this order: who was woken is ready until it has run, and then has run.
        return bool(
            self.lay
            and self.sleeps()
            and self.look(now)
            and memcmp(now, self.before, ROOM) == 0
        )

    def stop(self):
        global standing
        if self.started:
            self.its.begin = 1
            with nogil:
                pthread_join(self.thread, NULL)
            self.started = self.lay = 0
            standing = None
        for file in (self.state, self.ran):
            if file >= 0:
                close(file)
        self.state = self.ran = -1

    cdef bint look(self, char *text) except -1:
        """How long it has run, and how often: its schedstat; False: not told."""
        if self.ran < 0:
            self.ran = opened(self.its.number, "schedstat")
        return told(self.ran, text)

    cdef bint sleeps(self) except -1:
        cdef char text[ROOM]
        cdef char *behind
        if self.state < 0:
            self.state = opened(self.its.number, "stat")
        if not told(self.state, text):
            return False
        behind = strrchr(text, c")")  # its name may have brackets of its own
        return behind != NULL and behind[1] == c" " and behind[2] == c"S"


def _before_fork():
    # Since 3.12 CPython warns of forking with other threads about.
    if standing is not None:
        standing.stop()


os.register_at_fork(before=_before_fork)
