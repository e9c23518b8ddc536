"""The checks that kernels make of their arguments, for cimport."""

from cpython.number cimport PyNumber_Index
from libc.stdint cimport int64_t


cdef inline int64_t count(
    object value, str name, int64_t smallest, int64_t largest
) except? -1:
    # An integer from `smallest` to `largest`, or TypeError, ValueError with the name.
    try:
        number = PyNumber_Index(value)
    except TypeError:
        raise TypeError(
            f"{name}: expected an integer, got {type(value).__name__}"
        ) from None
    if not smallest <= number <= largest:
        raise ValueError(f"{name}: expected {smallest} to {largest}, got {number}")
    return number
