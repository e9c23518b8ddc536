"""Another process, as the system shows it: memory, mappings, threads, open files.

It is only read: nothing is stopped, nothing written.
"""

import os
import pwd
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from lab.errors import UsageError

YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
ROOT = 0
NOBODY = 3  # may read another process, whatever rights it has


class GoneError(UsageError):
    """The process has ended, or runs another program now."""


class Mapping(NamedTuple):
    """A part of a process's memory."""

    start: int
    end: int
    executable: bool
    shared: bool
    """Other processes may have it too."""
    offset: int
    """Of its beginning in the file it shows."""
    inode: int
    """Of that file; 0 if there is none."""
    path: str
    """Of that file as the process sees it; "" if there is none."""


class Process:
    """with Process(pid) as process: ...

    UsageError, in one line that says what to do, where there is no such process or it
    must not be read. GoneError from each method once it has ended or runs another
    program.
    """

    memory: int
    """Descriptor of its memory. Reads end once the program has, whatever has the same
    number later."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.folder = Path(f"/proc/{pid}")
        self._check()
        try:
            self.memory = os.open(self.folder / "mem", os.O_RDONLY | os.O_CLOEXEC)
        except PermissionError:
            raise UsageError(self._forbidden()) from None
        except OSError:
            raise self.gone() from None

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self.memory)

    def alive(self) -> bool:
        """Whether it still runs the program that it ran first."""
        try:
            # Nothing is ever at address 0: an error, but the end once memory is gone.
            return os.pread(self.memory, 1, 0) != b""
        except OSError:
            return True

    def stopped(self) -> str:
        """That it is stopped, so that nothing of it runs, and what lets it go on, in a
        line; empty where it is not."""
        state = ""
        with suppress(GoneError):
            state = self.status()["State"][:1]
        by = {
            "T": f"a signal: `kill -CONT {self.pid}` lets it go on",
            "t": "a debugger, which may let it go on",
        }.get(state)
        return f"process {self.pid} is stopped by {by}" if by else ""

    def gone(self) -> GoneError:
        """To be raised."""
        return GoneError(f"process {self.pid} has ended or runs another program now")

    def read(self, address: int, size: int) -> bytes:
        """What is at an address, less where the mapping ends. ValueError where there is
        nothing."""
        try:
            data = os.pread(self.memory, size, address)
        except (OSError, OverflowError) as error:
            raise ValueError(f"nothing at {address:#x}") from error
        if not data:
            raise self.gone()
        return data

    def text(self, name: str) -> str:
        """A file of its folder in /proc."""
        try:
            return (self.folder / name).read_bytes().decode("utf-8", "replace")
        except OSError:
            raise self.gone() from None

    def status(self, name: str = "status") -> dict[str, str]:
        """The lines "name: value" of a file of its folder in /proc."""
        lines = (line.partition(":") for line in self.text(name).splitlines())
        return {name.strip(): value.strip() for name, _, value in lines}

    def tasks(self) -> list[int]:
        """The numbers of its threads, its own first."""
        try:
            return sorted(map(int, os.listdir(self.folder / "task")))
        except OSError:
            raise self.gone() from None

    def children(self) -> list[int]:
        """The numbers of the processes that its first thread has started; empty where
        the system does not tell."""
        with suppress(GoneError):
            return [
                int(word) for word in self.text(f"task/{self.pid}/children").split()
            ]
        return []

    def mappings(self) -> list[Mapping]:
        """By address."""
        found = []
        for line in self.text("maps").splitlines():
            place, modes, offset, _, inode, *path = line.split(maxsplit=5)
            start, end = (int(word, 16) for word in place.split("-"))
            found.append(
                Mapping(
                    start,
                    end,
                    "x" in modes,
                    "s" in modes,
                    int(offset, 16),
                    int(inode),
                    path[0] if path else "",
                )
            )
        return found

    def is_private(self, address: int) -> bool:
        """Whether no other process has the memory there."""
        return any(
            one.start <= address < one.end and not one.shared for one in self.mappings()
        )

    def file_of(self, mapping: Mapping) -> Path:
        """Where the very file of a mapping can be opened: its path may be another's
        since an upgrade, or a container's. FileNotFoundError where it cannot."""
        parts = f"map_files/{mapping.start:x}-{mapping.end:x}"
        inside = self.folder / "root" / mapping.path.lstrip("/")
        for path in (inside, self.folder / "exe", self.folder / parts):
            # Only the inode: of some file systems the mappings tell another device.
            with suppress(OSError):
                if path.stat().st_ino == mapping.inode:
                    return path
        raise FileNotFoundError(mapping.path)

    def _check(self) -> None:
        """That it can be what is meant, before any right is needed."""
        if self.pid == os.getpid():
            raise UsageError(f"process {self.pid} is gil-lab itself: name another")
        try:
            status = self.status()
        except GoneError:
            raise UsageError(
                f"no process {self.pid}: does `ps {self.pid}` know it?"
            ) from None
        leader = int(status["Tgid"])
        if leader != self.pid:
            raise UsageError(
                f"{self.pid} is a thread of process {leader}: name that one"
            )
        if status["State"].startswith(("Z", "X")):
            raise UsageError(
                f"process {self.pid} has ended, and its parent, process "
                f"{status['PPid']}, has not asked yet: look at that one"
            )
        if "VmSize" not in status:
            raise UsageError(f"process {self.pid} is the kernel's: it runs no Python")

    def _forbidden(self) -> str:
        """Why it must not be read, and what helps."""
        owner = int(self.status()["Uid"].split()[1])
        if owner != os.geteuid():
            with suppress(KeyError):
                name = pwd.getpwuid(owner).pw_name
                able = " or ".join(dict.fromkeys((name, "root")))
                return f"process {self.pid} is {name}'s: run this as {able}"
            return f"process {self.pid} is of user {owner}: run this as root"
        subject, level = f"no right to read process {self.pid}", 0
        with suppress(OSError, ValueError):
            level = int(YAMA.read_text())
        if level >= NOBODY:
            return f"{subject}: until the next boot nobody has (ptrace_scope is 3)"
        if owner == ROOT:
            return (
                f"{subject}, though this is root: it lacks capabilities; run this "
                "outside of the container, or allow them (docker run --privileged)"
            )
        if level:
            return (
                f"{subject}: run this as root, or allow it until the next boot: "
                "sudo sysctl kernel.yama.ptrace_scope=0"
            )
        return (
            f"{subject}: run this as root, in a container with the capability "
            "SYS_PTRACE (docker run --cap-add SYS_PTRACE)"
        )
