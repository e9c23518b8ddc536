# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The calls under test, each written twice around one core.

A core is a `cdef ... noexcept nogil` function: plain C that needs no GIL. Its twins
are the same but for one line, the whole experiment: `_held` keeps the GIL while the
core runs, `_released` runs it in `with nogil:`. In C this is Py_BEGIN_ALLOW_THREADS
(Include/ceval.h): PyEval_SaveThread, then PyEval_RestoreThread (Python/ceval_gil.c).

collatz and mandelbrot are bound by the processor, sum_squares by memory; nanosleep
and read wait in the system. lab/calls/checks.pxd checks arguments before a core runs.
"""

from libc.errno cimport EINTR, errno
from libc.stdint cimport int32_t, int64_t
from posix.time cimport nanosleep, timespec
from posix.unistd cimport read

from lab.calls.checks cimport checked, count, image, interval, vector, writable_bytes


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
    cdef int64_t best, below = count(n, "n", 0, 10**9)
    best = _collatz(below)
    return best


def collatz_released(n):
    """The same as collatz_held, with the GIL released."""
    cdef int64_t best, below = count(n, "n", 0, 10**9)
    with nogil:
        best = _collatz(below)
    return best


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

    out: int32, shape (height, width), C-contiguous, aligned, writable: a grid
    over [-2, 0.5) x [-1.25, 1.25). max_iter: 0 or more, where counting stops.
    Raises ValueError or TypeError, with `out` untouched.
    """
    cdef int32_t[:, ::1] pixels = image(out, "out")
    cdef int32_t limit = count(max_iter, "max_iter", 0, 2**31 - 1)
    _mandelbrot(pixels, limit)


def mandelbrot_released(out, max_iter):
    """The same as mandelbrot_held, with the GIL released."""
    cdef int32_t[:, ::1] pixels = image(out, "out")
    cdef int32_t limit = count(max_iter, "max_iter", 0, 2**31 - 1)
    with nogil:
        _mandelbrot(pixels, limit)


cdef double _sum_squares(const double* x, Py_ssize_t n, int64_t passes) noexcept nogil:
    # Eight sums, which compilers keep in vector registers: one would wait for each
    # addition, not for memory. 32 values a turn: the speed of a shorter loop depends on
    # where the linker puts it. They go on from pass to pass: none can be left out.
    cdef double[8] s = [0, 0, 0, 0, 0, 0, 0, 0]
    cdef double rest = 0
    cdef const double* v
    cdef int64_t _, i, whole = n - n % 32
    cdef int k
    for _ in range(passes):
        for i in range(0, whole, 32):
            v = x + i
            for k in range(8):
                s[k] += (v[k] * v[k] + v[k + 8] * v[k + 8]) + (
                    v[k + 16] * v[k + 16] + v[k + 24] * v[k + 24]
                )
    for _ in range(passes):
        for i in range(whole, n):
            rest += x[i] * x[i]
    for k in range(8):
        rest += s[k]
    return rest


def sum_squares_held(values, passes):
    """The sum of the squares of `values`, taken `passes` times; the GIL is held.

    values: float64, shape (n,), n > 0, C-contiguous, aligned; may be read-only.
    passes: 1 to 10**9, all summed. Raises ValueError or TypeError.
    """
    cdef const double[::1] array = vector(values, "values")
    cdef int64_t times = count(passes, "passes", 1, 10**9)
    cdef double total
    total = _sum_squares(&array[0], array.shape[0], times)
    return total


def sum_squares_released(values, passes):
    """The same as sum_squares_held, with the GIL released."""
    cdef const double[::1] array = vector(values, "values")
    cdef int64_t times = count(passes, "passes", 1, 10**9)
    cdef double total
    with nogil:
        total = _sum_squares(&array[0], array.shape[0], times)
    return total


cdef int _nanosleep(timespec left) noexcept nogil:
    # 0, or -errno. A signal ends the wait early; what is left is in `left`.
    while nanosleep(&left, &left) != 0:
        if errno != EINTR:
            return -errno
    return 0


def nanosleep_held(seconds):
    """Sleep in nanosleep(2) for `seconds` (0 to 10**6); the GIL is held.

    After a signal the rest is slept. Raises OSError, ValueError or TypeError.
    """
    cdef timespec wait = interval(seconds, "seconds")
    cdef int error
    error = _nanosleep(wait)
    checked(error)


def nanosleep_released(seconds):
    """The same as nanosleep_held, with the GIL released."""
    cdef timespec wait = interval(seconds, "seconds")
    cdef int error
    with nogil:
        error = _nanosleep(wait)
    checked(error)


cdef Py_ssize_t _read(int fd, unsigned char[::1] buffer) noexcept nogil:
    # The bytes read, or -errno.
    cdef Py_ssize_t got = -1
    while got < 0:
        got = read(fd, &buffer[0], buffer.shape[0])
        if got < 0 and errno != EINTR:
            return -errno
    return got


def read_held(fd, buffer):
    """read(2) from descriptor `fd` into `buffer`, bytes read; the GIL is held.

    buffer: uint8 or bytes-like, shape (n,), n > 0, writable. 0: end of the file. Goes
    on after a signal. Raises OSError, ValueError or TypeError.
    """
    cdef int descriptor = count(fd, "fd", 0, 2**31 - 1)
    cdef unsigned char[::1] target = writable_bytes(buffer, "buffer")
    cdef Py_ssize_t got
    got = _read(descriptor, target)
    return checked(got)


def read_released(fd, buffer):
    """The same as read_held, with the GIL released."""
    cdef int descriptor = count(fd, "fd", 0, 2**31 - 1)
    cdef unsigned char[::1] target = writable_bytes(buffer, "buffer")
    cdef Py_ssize_t got
    with nogil:
        got = _read(descriptor, target)
    return checked(got)
