"""Where CPython's own state lies in another process."""

import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from lab.errors import UsageError
from lab.system.elf import Image
from lab.system.process import Mapping, Process

RUNTIME, SECTION, VERSION = "_PyRuntime", ".PyRuntime", "Py_Version"
# From 3.13 on _PyRuntime begins with this, the version, and 1 if free-threaded
# (Include/internal/pycore_debug_offsets.h).
COOKIE, OFFSETS = b"xdebugpy", struct.Struct("8sQQ")
# PY_VERSION_HEX without what differs from patch release to patch release.
MINOR = 16
# What the files that have it are called, unless a program embeds Python.
LIKELY = ("python", "libpython")


@dataclass(frozen=True, slots=True)
class Target:
    """A process that runs CPython of the minor version that the lab runs on."""

    process: Process
    runtime: int
    """Address of its _PyRuntime."""
    version: int
    """As in PY_VERSION_HEX."""
    free_threaded: bool
    """Whether it is a build that may run without a GIL; known from 3.13 on."""

    @property
    def python(self) -> str:
        """The version as people write it."""
        return ".".join(str(self.version >> shift & 255) for shift in (24, 16, 8))


def find(process: Process) -> Target:
    """UsageError, in one line, where it runs no Python, or another version's."""
    runtime, version = _place(process)
    free_threaded = False
    cookie, told, threaded = OFFSETS.unpack(process.read(runtime, OFFSETS.size))
    if cookie == COOKIE:
        version, free_threaded = told, bool(threaded)
    target = Target(process, runtime, version, free_threaded)
    if not version:
        raise UsageError(
            f"process {process.pid} runs a Python that does not tell its version: it "
            "is older than 3.11, or stripped of its symbols; run the program on another"
        )
    if version >> MINOR != sys.hexversion >> MINOR:
        minor = target.python.rpartition(".")[0]
        raise UsageError(
            f"process {process.pid} runs Python {target.python}, this gil-lab another: "
            f"use one on the same minor version, as in python{minor} -m lab"
        )
    return target


def _place(process: Process) -> tuple[int, int]:
    """The address of _PyRuntime, and the version, 0 if that is not told."""
    hidden = None
    for mapping in _candidates(process):
        try:
            path = process.file_of(mapping)
            with path.open("rb") as file:
                image = Image(file)
                runtime = image.address(RUNTIME) or image.section(SECTION)
                bias = image.bias(mapping.start, mapping.offset)
                told = image.address(VERSION)
        except OSError:
            hidden = hidden or mapping.path
            continue
        except ValueError as error:
            if "bits" in str(error):
                raise UsageError(
                    f"process {process.pid} is {error}: run it on a Python of 64"
                ) from None
            continue
        if runtime is not None and bias is not None:
            version = 0
            if told is not None:
                version = int.from_bytes(process.read(told + bias, 4), sys.byteorder)
            return runtime + bias, version
    if hidden:
        raise UsageError(
            f"process {process.pid}: {hidden} cannot be read (replaced since it "
            "started?): start it anew, or run this as root"
        )
    children = " ".join(map(str, process.children()))
    look = "whether a child of it does" if children else "what it runs"
    raise UsageError(
        f"process {process.pid} runs no CPython that gil-lab knows: see {look}, with "
        f"`ps {children or process.pid}`"
    )


def _candidates(process: Process) -> Iterator[Mapping]:
    """The beginning of each file that the process runs code of: the likeliest first."""
    mappings = process.mappings()
    running = {mapping.inode for mapping in mappings if mapping.executable}
    files: dict[int, Mapping] = {}
    for mapping in mappings:
        if mapping.inode in running and mapping.path.startswith("/"):
            files.setdefault(mapping.inode, mapping)
    return iter(
        sorted(
            files.values(),
            key=lambda file: not PurePath(file.path).name.startswith(LIKELY),
        )
    )
