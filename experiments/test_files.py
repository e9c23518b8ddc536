"""Reading a file releases the GIL, by whichever road of Python's you go.

Path.read_bytes, open().read, io.FileIO.read and os.read all end in _Py_read
(Python/fileutils.c), which releases around read(2); opening does so too
(Modules/_io/fileio.c). Each is raced on FIFOs whose writer, another process,
answers late, and on a file that memory holds already. read(2) itself,
through ctypes, is raced in both twins: CDLL releases, PyDLL holds. It surprises
that a file which needs no disk gains too: the copying is work, done without the GIL.
"""

import ctypes
import io
import mmap
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from experiments.conftest import races
from lab.calls.kernel import Call, Kernel, Twin, Workload
from lab.calls.libc import Libc, expect
from lab.constructions.blocking import DELAY_S, fifo, whole_fifo
from lab.instruments.race import Racer, full_run
from lab.records.race import Bound, Claim

# A file in memory is as large as a call of some 20 ms reads: a pilot finds out.
MIB = 2**20
# Given an open descriptor and a size: what makes the call.
Reader = Callable[[int, int], Callable[[], object]]


def _open_read(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _file_io(fd: int, size: int) -> Callable[[], object]:
    return partial(io.FileIO(fd, closefd=False).read, size)


def _os_read(fd: int, size: int) -> Callable[[], object]:
    return partial(os.read, fd, size)


def _libc_read(library: type[ctypes.CDLL]) -> Reader:
    def call(fd: int, size: int) -> Callable[[], object]:
        buffer = ctypes.create_string_buffer(size)
        return partial(Libc(library).read_raw, fd, buffer, size)

    return call


THREADS = 4
# Left to FULL=1.
SLOW = ("cache.open.read", "cache.FileIO.read", "cache.os.read")
SOURCE = "Python/fileutils.c _Py_read, from Modules/_io/fileio.c"
CTYPES = "Modules/_ctypes/callproc.c _call_function_pointer"
BY_PATH: dict[str, Callable[[Path], bytes]] = {
    "read_bytes": Path.read_bytes,
    "open.read": _open_read,
}
BY_DESCRIPTOR: dict[str, Reader] = {"FileIO.read": _file_io, "os.read": _os_read}


def _late() -> Iterator[Kernel]:
    """Every call waits for the writer of its FIFO."""
    workloads = {
        name: whole_fifo(lambda path, read=read: partial(read, path))  # type: ignore[misc]
        for name, read in BY_PATH.items()
    }
    for name, reader in BY_DESCRIPTOR.items():
        workloads[name] = _from_fifo(reader)
    for name, workload in workloads.items():
        twin = Twin("released", "Python", workload, Claim.HELPS)
        yield Kernel(
            f"fifo.{name}", Bound.BLOCKING, (twin,), 6, DELAY_S, SOURCE, THREADS
        )
    held = _from_fifo(_libc_read(ctypes.PyDLL))
    released = _from_fifo(_libc_read(ctypes.CDLL))
    twins = (
        Twin("held", "ctypes", held, Claim.NO_HELP),
        Twin("released", "ctypes", released, Claim.HELPS),
    )
    yield Kernel("fifo.libc.read", Bound.BLOCKING, twins, 6, DELAY_S, CTYPES, THREADS)


def _cached() -> Iterator[Kernel]:
    """Every call copies a file that is in memory; its size is in MiB."""
    scales = {name: partial(_whole_file, read) for name, read in BY_PATH.items()}
    for name, reader in BY_DESCRIPTOR.items():
        scales[name] = partial(_open_file, partial(_rewound, reader))
    for name, scale in scales.items():
        twin = _scaled("released", "Python", scale, Claim.HELPS_SOME)
        yield Kernel(f"cache.{name}", Bound.MEMORY, (twin,), 6, source=SOURCE)
    held = partial(_open_file, partial(_into_fresh_memory, ctypes.PyDLL))
    released = partial(_open_file, partial(_into_fresh_memory, ctypes.CDLL))
    twins = (
        _scaled("held", "ctypes", held, Claim.NO_HELP),
        _scaled("released", "ctypes", released, Claim.HELPS_SOME),
    )
    yield Kernel("cache.libc.read", Bound.MEMORY, twins, 6, source=CTYPES)


def _scaled(
    name: str, via: str, scale: Callable[[int], Workload], claim: Claim
) -> Twin:
    return Twin(name, via, scale(1), claim, scale=scale)


def _from_fifo(reader: Reader) -> Workload:
    return fifo(lambda fd: reader(fd, 1))


@contextmanager
def _large_file(mib: int) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(prefix="gil-lab-") as file:
        for _ in range(mib):
            file.write(b"x" * MIB)
        file.flush()
        yield Path(file.name)


def _whole_file(read: Callable[[Path], bytes], mib: int) -> Workload:
    @contextmanager
    def workload(threads: int) -> Iterator[Sequence[Call]]:
        with _large_file(mib) as path:
            check = partial(_all_of_it, mib)
            yield [Call(partial(read, path), check=check)] * threads

    return workload


def _open_file(call: Callable[[int, int], Call], mib: int) -> Workload:
    """Each thread has a descriptor of its own."""

    @contextmanager
    def workload(threads: int) -> Iterator[Sequence[Call]]:
        with _large_file(mib) as path, ExitStack() as stack:
            files = [stack.enter_context(open(path, "rb")) for _ in range(threads)]
            yield [call(file.fileno(), mib) for file in files]

    return workload


def _rewound(reader: Reader, fd: int, mib: int) -> Call:
    rewind = partial(os.lseek, fd, 0, os.SEEK_SET)
    run = reader(fd, mib * MIB)
    return Call(run, before=rewind, check=partial(_all_of_it, mib))


def _into_fresh_memory(library: type[ctypes.CDLL], fd: int, mib: int) -> Call:
    """libc's read, into memory that is not there yet: as Python's bytes are."""
    memory = mmap.mmap(-1, mib * MIB)
    buffer = (ctypes.c_char * (mib * MIB)).from_buffer(memory)

    def before() -> None:
        os.lseek(fd, 0, os.SEEK_SET)
        memory.madvise(mmap.MADV_DONTNEED)

    run = partial(Libc(library).read_raw, fd, buffer, mib * MIB)
    return Call(run, before=before, check=partial(_all_of_it, mib))


def _all_of_it(mib: int, value: bytes | int) -> None:
    expect(len(value) if isinstance(value, bytes) else value, mib * MIB)


@races(
    kernel
    for kernel in (*_late(), *_cached())
    # One road to the same read(2) says it; the others take as long each.
    if not kernel.name.startswith(SLOW) or full_run(os.environ)
)
def test_files(race: Racer, kernel: Kernel, twin: Twin, threads: int) -> None:
    """One row of the table."""
    try:
        race(kernel, twin, threads)
    except OSError as error:  # no FIFO, no room on the disk, or no peer
        pytest.skip(f"{kernel.name} cannot be raced here: {error}")
