"""What faulthandler wrote about a process: where each of its threads stood."""

import re
from dataclasses import dataclass
from pathlib import Path

FRAME = re.compile(
    r'  File "(?P<file>.+)", line (?P<line>\d+) in (?P<function>.+)', re.MULTILINE
)
CURRENT = "Current thread"
# What it begins with when a time is over, and not a fault.
TIMEOUT = "Timeout ("
# Who knocks on the lock beside a call.
BESIDE = "_knock"


@dataclass(frozen=True, slots=True)
class FaultFrame:
    """A place in Python: a file, a line in it from 1 on, and the function."""

    file: str
    line: int
    function: str

    def near(self, root: Path) -> str:
        """The place in words; a file below root as seen from there."""
        path = Path(self.file)
        if path.is_relative_to(root):
            path = path.relative_to(root)
        return f"{path}:{self.line} in {self.function}"


def threads(dump: str) -> list[list[FaultFrame]]:
    """The frames of each thread, the innermost first; the one at fault comes first."""
    parts = dump.split("\n\n")
    parts.sort(key=lambda part: CURRENT not in part)
    found = [list(map(_frame, FRAME.finditer(part))) for part in parts]
    return [frames for frames in found if frames]


def culprit(dump: str) -> FaultFrame | None:
    """Where the call stood that is at fault, or does not return; None if unknown.

    A time that is over does not tell whose it was: the newest thread that does not
    just wait for another.
    """
    found = threads(dump)
    if dump.startswith(TIMEOUT):
        busy = [
            frames
            for frames in found
            if not _waits(frames[0])
            and all(frame.function != BESIDE for frame in frames)
        ]
        found = busy or found
    return found[0][0] if found else None


def _waits(inner: FaultFrame) -> bool:
    """For another thread: run is where threading calls what it was given."""
    return inner.file.endswith("threading.py") and inner.function != "run"


def _frame(match: re.Match[str]) -> FaultFrame:
    # What is not ASCII is spelled as in a Python string.
    file = match["file"].encode("ascii", "backslashreplace").decode("unicode_escape")
    return FaultFrame(file, int(match["line"]), match["function"])
