"""libc called through ctypes, twice: PyDLL holds the GIL, CDLL releases it.

The difference is one flag: ctypes wraps the foreign call in
Py_UNBLOCK_THREADS / Py_BLOCK_THREADS unless it is FUNCFLAG_PYTHONAPI
(Modules/_ctypes/callproc.c, _call_function_pointer).
"""

import ctypes
import errno
import os
import socket
import struct
import sys
import time
from typing import Any


class Timespec(ctypes.Structure):
    """struct timespec, as nanosleep(2) takes it."""

    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class Libc:
    """read, sleep and sockets from the C library, all held or all released.

    The attributes ending in `_raw` are the foreign functions themselves: they
    return what C returns, and are what a race calls. The methods turn errno into
    OSError and, after a signal, go on with the time that is left.
    """

    def __init__(self, library: type[ctypes.CDLL]) -> None:
        """library: ctypes.PyDLL (holds the GIL) or ctypes.CDLL (releases it)."""
        functions = library(None, use_errno=True)

        def raw(name: str, result: type[Any], *arguments: type[Any]) -> Any:
            function = functions[name]
            function.restype, function.argtypes = result, arguments
            return function

        number, unsigned, size = ctypes.c_int, ctypes.c_uint, ctypes.c_size_t
        count, pointer, text = ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_char_p
        timespec = ctypes.POINTER(Timespec)
        self.usleep_raw = raw("usleep", number, unsigned)
        self.sleep_raw = raw("sleep", unsigned, unsigned)
        self.nanosleep_raw = raw("nanosleep", number, timespec, timespec)
        self.read_raw = raw("read", count, number, pointer, size)
        self.write_raw = raw("write", count, number, text, size)
        self.accept_raw = raw("accept", number, number, pointer, pointer)
        self.connect_raw = raw("connect", number, number, text, unsigned)
        self.send_raw = raw("send", count, number, text, size, number)
        self.recv_raw = raw("recv", count, number, pointer, size, number)

    def usleep(self, wait_us: int) -> None:
        """Sleep for wait_us microseconds, 0 to 2**32 - 1."""
        end_ns = time.monotonic_ns() + 1000 * wait_us
        while not self._completed(self.usleep_raw(wait_us)):
            wait_us = max(0, (end_ns - time.monotonic_ns()) // 1000)

    def sleep(self, wait_s: int) -> None:
        """Sleep for wait_s whole seconds, the only unit sleep(3) knows."""
        end_ns = time.monotonic_ns() + wait_s * 10**9
        self.sleep_raw(wait_s)
        # Interrupted, it returns the time left cut to whole seconds: 0, often.
        self.nanosleep(max(0, end_ns - time.monotonic_ns()))

    def nanosleep(self, wait_ns: int) -> None:
        """Sleep for wait_ns nanoseconds."""
        left = Timespec(*divmod(wait_ns, 10**9))
        while not self._completed(self.nanosleep_raw(left, left)):
            pass

    def read(self, fd: int, size: int) -> bytes:
        """Up to size bytes from descriptor fd; empty at the end of the file."""
        buffer = ctypes.create_string_buffer(size)
        while not self._completed(count := self.read_raw(fd, buffer, size)):
            pass
        return buffer.raw[:count]

    @staticmethod
    def _completed(result: int) -> bool:
        """False after a signal; OSError for any other failure."""
        if result >= 0:
            return True
        number = ctypes.get_errno()
        if number == errno.EINTR:
            return False
        raise OSError(number, os.strerror(number))


def unix_address(path: str) -> bytes:
    """struct sockaddr_un, as connect(2) takes it."""
    raw = os.fsencode(path) + b"\0"
    if sys.platform == "darwin":  # BSD: length and family, a byte each
        return bytes((len(raw) + 2, socket.AF_UNIX)) + raw
    return struct.pack("=H", socket.AF_UNIX) + raw


def expect(value: Any, expected: int) -> None:
    """Raise OSError unless a raw call returned what a complete one returns."""
    if value != expected:
        number = ctypes.get_errno()
        reason = os.strerror(number) if value == -1 else f"returned {value}"
        raise OSError(number, f"libc call not complete: {reason}")
