"""One C function, called with the GIL held, and with it released in four ways.

Three of them are here. The fourth is ctypes: `foreign` makes a ctypes.CDLL function
of the very same C function, which this module exports.

All take `n`, integer steps, 0 to 10**12, and return what the steps computed, an
integer of 64 bits; TypeError or ValueError otherwise. Include/ceval.h has the
macros, Python/ceval_gil.c the two functions behind them.
"""

from libc.stdint cimport int64_t, uint64_t

from lab.calls.checks cimport count

import ctypes


cdef extern from *:
    """
    /* `count` integer steps from `value`, each waiting for the last; nothing of Python.
       Exported, so that ctypes finds it in the compiled module. */
    __attribute__((visibility("default"), noinline)) uint64_t
    gil_lab_steps(int64_t count, uint64_t value)
    {
        for (int64_t step = 0; step < count; step++)
            value = value * 6364136223846793005ULL + 1442695040888963407ULL;
        return value;
    }

    /* The same; called with the GIL held, which it releases as extensions in C do. */
    static uint64_t
    gil_lab_steps_macros(int64_t count, uint64_t value)
    {
        uint64_t result;
        Py_BEGIN_ALLOW_THREADS
        result = gil_lab_steps(count, value);
        Py_END_ALLOW_THREADS
        return result;
    }
    """
    uint64_t gil_lab_steps(int64_t count, uint64_t value) nogil
    uint64_t gil_lab_steps_macros(int64_t count, uint64_t value)

cdef extern from "Python.h":
    ctypedef struct PyThreadState:
        pass
    # They need and take the GIL, which Cython would not let a nogil function do.
    PyThreadState *PyEval_SaveThread() nogil
    void PyEval_RestoreThread(PyThreadState *state) nogil


cdef int64_t LARGEST = 10**12


def held(n):
    """Nobody releases."""
    return gil_lab_steps(count(n, "n", 0, LARGEST), 1)


def with_nogil(n):
    """Cython's `with nogil:`."""
    cdef int64_t steps = count(n, "n", 0, LARGEST)
    cdef uint64_t value
    with nogil:
        value = gil_lab_steps(steps, 1)
    return value


def by_hand(n):
    """PyEval_SaveThread and PyEval_RestoreThread, written out."""
    cdef int64_t steps = count(n, "n", 0, LARGEST)
    cdef uint64_t value
    cdef PyThreadState *state = PyEval_SaveThread()
    value = gil_lab_steps(steps, 1)
    PyEval_RestoreThread(state)
    return value


def with_macros(n):
    """C with Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS."""
    return gil_lab_steps_macros(count(n, "n", 0, LARGEST), 1)


def foreign(library=ctypes.CDLL):
    """The C function through a class of ctypes: function(n, 1).

    ctypes.CDLL releases the GIL around it, ctypes.PyDLL does not. Its arguments are
    checked by ctypes alone: a negative n takes no step.
    """
    function = library(__file__).gil_lab_steps
    function.argtypes = (ctypes.c_int64, ctypes.c_uint64)
    function.restype = ctypes.c_uint64
    return function
