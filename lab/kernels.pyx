# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The calls under test, each written twice around one core.

A core is a `cdef ... noexcept nogil` function: plain C that needs no GIL. Its
twins check their arguments alike and call it: `_held` keeps the GIL, `_released`
wraps the same call in `with nogil:`. That line is the whole experiment.

In C, `with nogil:` is PyEval_SaveThread and PyEval_RestoreThread
(Python/ceval_gil.c), what Py_BEGIN_ALLOW_THREADS expands to (Include/ceval.h).

Kernels do not measure. Every argument is checked before anything is written; an
error names the argument.
"""

from libc.errno cimport EINTR, errno
from libc.stdint cimport int32_t, int64_t, uint64_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, nanosleep, timespec
from posix.unistd cimport read

from lab.calls.checks cimport count

import math
import os


# --- mandelbrot: compute-bound, floating point --------------------------------


cdef void _mandelbrot(int32_t[:, ::1] out, int32_t max_iter) noexcept nogil:
    cdef Py_ssize_t height = out.shape[0], width = out.shape[1], row, column
    cdef double c_re, c_im, z_re, z_im, re2, im2
    cdef int32_t steps
    for row in range(height):
        c_im = -1.25 + 2.5 * row / height
        for column in range(width):
            c_re = -2.0 + 2.5 * column / width
            z_re = z_im = re2 = im2 = 0.0
            steps = 0
            while steps < max_iter and re2 + im2 <= 4.0:
                z_im = 2.0 * z_re * z_im + c_im
                z_re = re2 - im2 + c_re
                re2 = z_re * z_re
                im2 = z_im * z_im
                steps += 1
            out[row, column] = steps


def mandelbrot_held(out, max_iter):
    """Escape times of the Mandelbrot set, written into `out`; the GIL is held.

    out: int32, shape (height, width), C-contiguous, writable: a grid over
    [-2, 0.5) x [-1.25, 1.25). max_iter: 0 or more, where counting stops.
    Raises ValueError or TypeError, with `out` untouched.
    """
    cdef int32_t[:, ::1] pixels = _image(out)
    cdef int32_t limit = count(max_iter, "max_iter", 0, 2**31 - 1)
    _mandelbrot(pixels, limit)


def mandelbrot_released(out, max_iter):
    """The same as mandelbrot_held, with the GIL released."""
    cdef int32_t[:, ::1] pixels = _image(out)
    cdef int32_t limit = count(max_iter, "max_iter", 0, 2**31 - 1)
    with nogil:
        _mandelbrot(pixels, limit)


# --- collatz: compute-bound, integer ------------------------------------------


cdef int64_t _collatz(int64_t n) noexcept nogil:
    cdef int64_t start, value, best = 0
    cdef int32_t steps, longest = -1
    for start in range(1, n):
        value = start
        steps = 0
        while value != 1:
            value = 3 * value + 1 if value & 1 else value >> 1
            steps += 1
        if steps > longest:
            longest = steps
            best = start
    return best


def collatz_held(n):
    """The start below `n` with the longest Collatz chain (the first, if several).

    n: 0 to 10**9, above which a chain could leave 64 bits; 0 where no start is
    below n. Raises ValueError or TypeError.
    """
    cdef int64_t below = count(n, "n", 0, 10**9)
    return _collatz(below)


def collatz_released(n):
    """The same as collatz_held, with the GIL released."""
    cdef int64_t below = count(n, "n", 0, 10**9)
    cdef int64_t best
    with nogil:
        best = _collatz(below)
    return best


# --- sum_squares: bound by memory bandwidth -----------------------------------


cdef double _sum_squares(
    const double* values, Py_ssize_t n, int64_t passes
) noexcept nogil:
    # Eight running sums in an array, which compilers keep in vector registers: one
    # alone would wait for each addition, not for memory. Thirty-two values a turn: a
    # shorter loop runs at the speed at which its code is fetched, and that differs
    # with where the linker puts it. The sums go on from pass to pass, so that no
    # compiler may leave a pass out.
    cdef double[8] s = [0, 0, 0, 0, 0, 0, 0, 0]
    cdef double rest = 0
    cdef const double* v
    cdef Py_ssize_t i, whole = n - n % 32
    cdef int64_t _
    cdef int k
    for _ in range(passes):
        for i in range(0, whole, 32):
            v = values + i
            for k in range(8):
                s[k] += (v[k] * v[k] + v[k + 8] * v[k + 8]) + (
                    v[k + 16] * v[k + 16] + v[k + 24] * v[k + 24]
                )
    for _ in range(passes):
        for i in range(whole, n):
            rest += values[i] * values[i]
    for k in range(8):
        rest += s[k]
    return rest


def sum_squares_held(values, passes):
    """The sum of the squares of `values`, taken `passes` times; the GIL is held.

    values: float64, shape (n,), n > 0, C-contiguous; may be read-only. passes: 1 to
    10**9; the result is the sum over all of them. Raises ValueError or TypeError.
    """
    cdef const double[::1] array = _vector(values)
    cdef int64_t times = count(passes, "passes", 1, 10**9)
    return _sum_squares(&array[0], array.shape[0], times)


def sum_squares_released(values, passes):
    """The same as sum_squares_held, with the GIL released."""
    cdef const double[::1] array = _vector(values)
    cdef int64_t times = count(passes, "passes", 1, 10**9)
    cdef double total
    with nogil:
        total = _sum_squares(&array[0], array.shape[0], times)
    return total


# --- nanosleep, read: blocking system calls -----------------------------------


cdef int _nanosleep(timespec left) noexcept nogil:
    # A signal ends the wait early and leaves what is left in `left`.
    while nanosleep(&left, &left) != 0:
        if errno != EINTR:
            return errno
    return 0


def nanosleep_held(seconds):
    """Sleep in nanosleep(2) for `seconds` (0 to 10**6); the GIL is held.

    After a signal the rest is slept. Raises OSError, ValueError or TypeError.
    """
    cdef timespec wait = _interval(seconds)
    cdef int error = _nanosleep(wait)
    if error:
        raise _os_error(error)


def nanosleep_released(seconds):
    """The same as nanosleep_held, with the GIL released."""
    cdef timespec wait = _interval(seconds)
    cdef int error
    with nogil:
        error = _nanosleep(wait)
    if error:
        raise _os_error(error)


cdef Py_ssize_t _read(int fd, unsigned char[::1] buffer) noexcept nogil:
    # The bytes read, or -errno.
    cdef Py_ssize_t got
    while True:
        got = read(fd, &buffer[0], buffer.shape[0])
        if got >= 0:
            return got
        if errno != EINTR:
            return -errno


def read_held(fd, buffer):
    """read(2) from descriptor `fd` into `buffer`, bytes read; the GIL is held.

    buffer: uint8 or bytes-like, shape (n,), n > 0, writable. 0 is the end of the
    file. After a signal the call is made again. Raises OSError, ValueError or
    TypeError.
    """
    cdef int descriptor = count(fd, "fd", 0, 2**31 - 1)
    cdef unsigned char[::1] target = _bytes(buffer)
    cdef Py_ssize_t got = _read(descriptor, target)
    if got < 0:
        raise _os_error(-got)
    return got


def read_released(fd, buffer):
    """The same as read_held, with the GIL released."""
    cdef int descriptor = count(fd, "fd", 0, 2**31 - 1)
    cdef unsigned char[::1] target = _bytes(buffer)
    cdef Py_ssize_t got
    with nogil:
        got = _read(descriptor, target)
    if got < 0:
        raise _os_error(-got)
    return got


# --- checks, the same for every twin ------------------------------------------


cdef int32_t[:, ::1] _image(object array):
    cdef int32_t[:, ::1] view
    try:
        view = array
    except (BufferError, TypeError, ValueError) as error:
        raise _named(error, "out", "a writable C-contiguous 2-D int32 array") from None
    if view.shape[0] == 0 or view.shape[1] == 0:
        raise ValueError("out: expected a non-empty array")
    return view


cdef const double[::1] _vector(object array):
    cdef const double[::1] view
    try:
        view = array
    except (BufferError, TypeError, ValueError) as error:
        raise _named(error, "values", "a C-contiguous 1-D float64 array") from None
    if view.shape[0] == 0:
        raise ValueError("values: expected a non-empty array")
    return view


cdef unsigned char[::1] _bytes(object array):
    cdef unsigned char[::1] view
    try:
        view = array
    except (BufferError, TypeError, ValueError) as error:
        raise _named(error, "buffer", "writable contiguous bytes") from None
    if view.shape[0] == 0:
        raise ValueError("buffer: expected a non-empty buffer")
    return view


cdef timespec _interval(object seconds) except *:
    cdef timespec wait
    try:
        fraction, whole = math.modf(seconds)
    except TypeError:
        raise TypeError(
            f"seconds: expected a number, got {type(seconds).__name__}"
        ) from None
    if not 0 <= seconds <= 10**6:  # refuses NaN and infinity too
        raise ValueError(f"seconds: expected 0 to 10**6, got {seconds}")
    wait.tv_sec = int(whole)
    wait.tv_nsec = int(fraction * 1e9)
    return wait


cdef object _named(Exception error, str name, str expected):
    # The same kind of error, TypeError or ValueError, that says which argument.
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(f"{name}: expected {expected} ({error})")


cdef object _os_error(int number):
    return OSError(number, os.strerror(number))


# --- dose, mixed: kernels whose GIL-free fraction is known -----------------------


cdef inline int64_t _spin_until(int64_t end_ns) noexcept nogil:
    # Busy until CLOCK_MONOTONIC reaches `end_ns`; the stamp that ended it.
    cdef timespec stamp
    cdef int64_t now_ns
    while True:
        clock_gettime(CLOCK_MONOTONIC, &stamp)
        now_ns = <int64_t>stamp.tv_sec * 1_000_000_000 + stamp.tv_nsec
        if now_ns >= end_ns:
            return now_ns


def dose(hold_us, free_us, duration_s):
    """Hold the GIL for `hold_us`, release it for `free_us`, for `duration_s`.

    Busy in both phases, microseconds by CLOCK_MONOTONIC, 0 to 10**6 and not both
    0; duration_s: above 0, to 10**6, checked after each pair. Returns the fraction
    of the wall time that was released, 0 to 1, by the kernel's own clock. It is
    exact in a thread alone: a wait to get the GIL back counts as held. Raises
    ValueError or TypeError.
    """
    cdef int64_t hold_ns = <int64_t>(_amount(hold_us, "hold_us", 10**6) * 1e3)
    cdef int64_t free_ns = <int64_t>(_amount(free_us, "free_us", 10**6) * 1e3)
    cdef int64_t wall_ns = <int64_t>(_amount(duration_s, "duration_s", 10**6) * 1e9)
    cdef int64_t start_ns, left_ns, now_ns, released_ns = 0
    if hold_ns + free_ns == 0:
        raise ValueError("free_us: expected more than 0 where hold_us is 0")
    if wall_ns == 0:
        raise ValueError(f"duration_s: expected more than 0, got {duration_s}")
    start_ns = now_ns = _spin_until(0)
    while now_ns - start_ns < wall_ns:
        if hold_ns:
            now_ns = _spin_until(now_ns + hold_ns)
        if free_ns:
            # A stamp just before the release and one just before the return: both
            # are as early, so the difference is the time the lock was free.
            left_ns = now_ns
            with nogil:
                now_ns = _spin_until(left_ns + free_ns)
            released_ns += now_ns - left_ns
    return released_ns / <double>(now_ns - start_ns)


cdef uint64_t _steps(int64_t steps, uint64_t value) noexcept nogil:
    # A chain of multiplications, each waiting for the last (Knuth's MMIX generator).
    cdef int64_t _
    for _ in range(steps):
        value = value * 6364136223846793005ULL + 1442695040888963407ULL
    return value


def mixed(hold, free, cycles):
    """`cycles` times: `hold` integer steps with the GIL held, `free` with it released.

    Fixed work, whatever the clock says: N threads do N times as much. All three: 0
    to 10**12; where `free` is 0 the GIL is never released. Returns what the steps
    computed, the same for every split of hold + free. Raises ValueError or
    TypeError.
    """
    cdef int64_t hold_steps = count(hold, "hold", 0, 10**12)
    cdef int64_t free_steps = count(free, "free", 0, 10**12)
    cdef int64_t _, rounds = count(cycles, "cycles", 0, 10**12)
    cdef uint64_t value = 1
    for _ in range(rounds):
        value = _steps(hold_steps, value)
        if free_steps:
            with nogil:
                value = _steps(free_steps, value)
    return value


cdef double _amount(object value, str name, int64_t largest) except -1.0:
    cdef double number
    try:
        number = value
    except TypeError:
        raise TypeError(
            f"{name}: expected a number, got {type(value).__name__}"
        ) from None
    if not 0 <= number <= largest:  # refuses NaN and infinity too
        raise ValueError(f"{name}: expected 0 to {largest}, got {value}")
    return number
