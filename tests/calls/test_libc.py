"""libc through ctypes: complete calls, honest errors."""

import ctypes
import os
import time

import pytest

from lab.calls.libc import Libc, Timespec, expect
from tests.test_kernels import signals_every


@pytest.fixture(params=[ctypes.PyDLL, ctypes.CDLL], ids=["held", "released"])
def libc(request: pytest.FixtureRequest) -> Libc:
    return Libc(request.param)


@pytest.mark.slow
def test_sleeps_go_on_after_a_signal(libc: Libc) -> None:
    with signals_every(0.01):
        start = time.monotonic()
        libc.usleep(100_000)
        libc.nanosleep(100_000_000)
        assert time.monotonic() - start >= 0.2
        libc.sleep(1)
        assert time.monotonic() - start >= 1.2


def test_read(libc: Libc) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"abc")
    assert libc.read(reader, 2) == b"ab"
    os.close(writer)
    assert libc.read(reader, 2) == b"c"
    assert libc.read(reader, 2) == b""
    os.close(reader)
    with pytest.raises(OSError, match="Bad file descriptor"):
        libc.read(reader, 2)


def test_nanosleep_refuses(libc: Libc) -> None:
    with pytest.raises(OSError, match="Invalid argument"):
        libc.nanosleep(-1)


def test_expect() -> None:
    libc = Libc(ctypes.CDLL)
    expect(libc.nanosleep_raw(Timespec(0, 0), None), 0)
    with pytest.raises(OSError, match="Invalid argument"):
        expect(libc.nanosleep_raw(Timespec(0, -1), None), 0)
    with pytest.raises(OSError, match="returned 3"):
        expect(3, 0)
