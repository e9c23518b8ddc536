"""The checks that kernels make of their arguments, for cimport.

Whatever is refused raises TypeError or ValueError that begins with the argument's
name. What an argument's own methods raise beyond TypeError, ValueError and
OverflowError propagates.
"""

from cpython.buffer cimport PyBuffer_IsContiguous
from cpython.memoryview cimport PyMemoryView_GET_BUFFER
from cpython.number cimport PyNumber_Index
from libc.stdint cimport int32_t, int64_t, uintptr_t
from libc.string cimport strerror
from posix.time cimport timespec


cdef inline int64_t count(
    object value, str name, int64_t smallest, int64_t largest
) except? -1:
    # An integer from `smallest` to `largest`.
    try:
        number = PyNumber_Index(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise refused(error, value, name, "an integer") from None
    if not smallest <= number <= largest:
        # Python refuses to write out thousands of digits.
        bits = number.bit_length()
        got = number if bits <= 64 else f"one of {bits} bits"
        raise ValueError(f"{name}: expected {smallest} to {largest}, got {got}")
    return number


cdef inline double amount(object value, str name, int64_t largest) except -1.0:
    # A number from 0 to `largest`.
    cdef double number
    try:
        number = value
    except (TypeError, ValueError, OverflowError) as error:
        raise refused(error, value, name, "a number") from None
    if not 0 <= number <= largest:  # refuses NaN and infinity too
        raise ValueError(f"{name}: expected 0 to {largest}, got {number}")
    return number


cdef inline timespec interval(object seconds, str name) except *:
    # 0 to 10**6 seconds.
    cdef double number = amount(seconds, name, 10**6)
    cdef timespec wait
    wait.tv_sec = <int64_t>number
    wait.tv_nsec = <int64_t>((number - wait.tv_sec) * 1e9)
    return wait


cdef inline object image(object array, str name):
    return elements(array, name, "int32", (b"i", b"l"), sizeof(int32_t), 2, True)


cdef inline object vector(object array, str name):
    return elements(array, name, "float64", (b"d", b"g"), sizeof(double), 1, False)


cdef inline object writable_bytes(object array, str name):
    return elements(array, name, "uint8", (b"B", b"c", b"?"), 1, 1, True)


cdef inline object integers(object array, str name):
    return elements(array, name, "int64", (b"q", b"l"), sizeof(int64_t), 1, True)


cdef inline object elements(
    object array,
    str name,
    str dtype,
    tuple letters,
    Py_ssize_t itemsize,
    int ndim,
    bint writable,
):
    # A memoryview of `array`, of which Cython's typed views can be taken.
    #
    # letters: the types of C that may have that size (see Python's struct module).
    # Cython's own check of the format follows a null pointer where a second element
    # comes after the one it expects, as in numpy.dtype("i4,f8")
    # (__Pyx_BufFmt_ProcessTypeChunk in Cython/Utility/Buffer.c, seen in 3.3.1). So it
    # is shown formats of one letter only. It asks the memoryview, not `array`, which
    # might answer otherwise when asked again.
    cdef Py_buffer *buffer
    cdef int32_t one = 1
    cdef bytes native = b"@=^<" if (<char *>&one)[0] else b"@=^>!"
    cdef str access = "writable " if writable else ""
    cdef str expected = f"a {access}C-contiguous {ndim}-D {dtype} array"
    try:
        view = memoryview(array)
    except (BufferError, TypeError, ValueError, OverflowError) as error:
        raise refused(error, array, name, expected) from None
    buffer = PyMemoryView_GET_BUFFER(view)
    form = <bytes>buffer.format
    got = None
    if buffer.itemsize != itemsize or form.lstrip(native) not in letters:
        got = f"elements of {buffer.itemsize} bytes, format {form[:20]!r}"
    elif buffer.ndim != ndim:
        got = f"one of {buffer.ndim} dimensions"
    elif writable and buffer.readonly:
        got = "a read-only one"
    elif not PyBuffer_IsContiguous(buffer, b"C"):
        got = "one with gaps or in another order"
    elif buffer.len == 0:
        got = "an empty one"
    elif <uintptr_t>buffer.buf % itemsize:
        # Compilers may count on it, and some processors fault.
        got = "one that does not begin at a multiple of its item size"
    if got is not None:
        raise ValueError(f"{name}: expected {expected}, got {got}")
    return view


cdef inline object refused(Exception error, object value, str name, str expected):
    # The same kind of error, TypeError or ValueError, that says which argument.
    if isinstance(error, TypeError):
        return TypeError(f"{name}: expected {expected}, got {type(value).__name__}")
    return ValueError(f"{name}: expected {expected} ({error})")


cdef inline Py_ssize_t checked(Py_ssize_t result) except -1:
    # What a system call returned; OSError if it is an error number, negated.
    if result < 0:
        raise OSError(-result, strerror(<int>-result).decode())
    return result
