"""What the threads of a process do at one moment, as seen from outside."""

from dataclasses import dataclass
from typing import NamedTuple


class Frame(NamedTuple):
    """A Python function that runs or waits."""

    file: str
    """In which it is, as its code says."""
    line: int
    """0 where it has none."""
    function: str
    """Its qualified name, or its name."""


class NativeFrame(NamedTuple):
    """A function of C on the stack of a thread."""

    function: str
    """Its name: the symbol's, of C++ without types; "" where it has none."""
    library: str
    """The file's name without its folder."""


@dataclass(frozen=True, slots=True)
class DumpedThread:
    """One of Python's threads."""

    name: str
    """As Python names it."""
    native_id: int
    """The system's number for it."""
    call: str = ""
    """The system call that it is in; "" where it runs, or could."""
    arguments: tuple[int, ...] = ()
    """Of the call."""
    wants: bool = False
    """It waits to get the GIL."""
    descriptor: str = ""
    """What the call waits for, where it takes a descriptor: 7 (pipe:[1234])."""
    owner: int = 0
    """The native_id of the thread that holds the lock for which it waits, or for whose
    end it waits; 0 where that is not told."""
    joins: bool = False
    """It waits for the owner's end."""
    private: bool = False
    """No other process can wake it; told of each call in a close dump alone."""
    timed: bool = False
    """It waits no longer than a limit that it has set."""
    switches: int = 0
    """How often it stopped running: unchanged, it has not run since."""
    asleep_s: float = 0.0
    """How long it has not run; 0 where the system does not tell."""
    frames: tuple[Frame, ...] = ()
    """Innermost first; empty where they could not be read."""
    native: tuple[NativeFrame, ...] = ()
    """Innermost first, as far as the way to the callers is known."""


@dataclass(frozen=True, slots=True)
class ThreadDump:
    """All of Python's threads. Not one moment exactly: they are read one by one."""

    at_s: float
    """By time.monotonic()."""
    holder: int
    """The native_id of the thread that holds the GIL; 0 if nobody does."""
    threads: tuple[DumpedThread, ...]
    """Each of them."""
    tasks: tuple[int, ...] = ()
    """The native_id of each thread of the process, Python's or not; those that there
    were before the first was read."""
    stopped: str = ""
    """That the process is stopped, in a line; else empty."""

    def thread(self, native_id: int) -> DumpedThread | None:
        """The thread of this number."""
        return next((it for it in self.threads if it.native_id == native_id), None)
