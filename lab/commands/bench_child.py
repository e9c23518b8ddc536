"""One process of a run of experiments: a child, watched from outside.

It has a process group of its own, so that an interrupt ends it and all it started
even while one of its threads holds the GIL; and the process that draws the progress
disturbs no measurement with a thread of its own.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from lab.records.run import Failure
from lab.system.child import end
from lab.system.fault_dump import TIMEOUT, culprit
from lab.system.reporting import TOLD

# What an interrupted child gets to end by itself; an interrupt promises 2 s.
GRACE_S = 1.0

# How often it is looked whether it has ended, should it tell nothing.
LOOK_S = 1.0

# The package: whose frames are not the user's.
LAB = Path(__file__).resolve().parents[1]


def _alone(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what tells pytest that it is one of several of pytest-xdist's workers:
    pytest-benchmark would not measure then."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("PYTEST_XDIST")
    }


def _kept_open(stack: ExitStack, name: str) -> IO[bytes]:
    """An empty file: in memory where the system has that, so that no disk is full."""
    if hasattr(os, "memfd_create"):
        return stack.enter_context(os.fdopen(os.memfd_create(name), "w+b"))
    return stack.enter_context(tempfile.TemporaryFile())


@dataclass
class BenchChild:
    """A process that measures: `begin` it and iterate over `follow()` to its end."""

    command: Sequence[str]
    """What runs, without its arguments."""
    root: Path
    """The folder it runs in, from which places are seen."""
    limit_s: float
    """Of one call."""
    content: dict[str, Any] = field(default_factory=dict)
    """A result file's, with what was measured; empty where nothing was begun."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Of the work of calls, as far as they were told."""
    began: list[str] = field(default_factory=list)
    """Tests, by pytest's names."""
    failures: list[Failure] = field(default_factory=list)
    """What went wrong, with what is to be left out from now on."""
    skipped: dict[str, list[str]] = field(default_factory=dict)
    """Names of tests, by the reason."""
    notes: list[str] = field(default_factory=list)
    """What else is to be shown."""
    code: int = 0
    """pytest's, or what else ended it."""
    cut: bool = False
    """Whether it did not end by itself."""
    lost: str = ""
    """With which test it was cut: its kernel and twin, or its own name."""
    printed: str = ""
    """All that it has printed."""
    _under_way: dict[str, Any] | None = None

    def begin(
        self,
        stack: ExitStack,
        arguments: Sequence[str],
        environment: Mapping[str, str],
    ) -> None:
        """Start it; leaving the stack ends it and all it started. May raise OSError."""
        reader, writer = os.pipe()
        self._events = stack.enter_context(os.fdopen(reader, "rb"))
        try:
            self._output = _kept_open(stack, "gil-lab-output")
            self._dump = _kept_open(stack, "gil-lab-dump")
            told = f"{writer} {self._dump.fileno()} {self.limit_s}"
            self._process = subprocess.Popen(
                [sys.executable, *self.command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                env={
                    **_alone(os.environ),
                    **environment,
                    # Whatever else is installed for pytest may change the order, or
                    # run threads of its own; and loading it takes time, six times.
                    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                    TOLD: told,
                },
                cwd=self.root,  # python -m finds lab there
                pass_fds=[writer, self._dump.fileno()],
                process_group=0,
            )
        finally:
            os.close(writer)
        stack.callback(end, self._process, GRACE_S)

    def follow(self) -> Iterator[tuple[int, int, str]]:
        """As often as a test begins: how many are done, of how many, and its name."""
        for line in self._lines():
            event = json.loads(line)
            if event["event"] == "start":
                self._under_way = event
                self.began.append(event["id"])
                yield event["done"], event["total"], event["name"]
            else:
                self._hear(event)
        self._end()

    def _lines(self) -> Iterator[bytes]:
        """All lines that it has told to their end, until it has ended itself: what it
        has started may keep the pipe open."""
        pipe, pending, over = self._events.fileno(), b"", False
        while True:
            if hasattr(os, "waitid"):
                ended = os.WEXITED | os.WNOWAIT | os.WNOHANG
                over = os.waitid(os.P_PID, self._process.pid, ended) is not None
            if select.select([pipe], [], [], 0 if over else LOOK_S)[0]:
                data = os.read(pipe, 65536)
                *lines, pending = (pending + data).split(b"\n")
                yield from lines
                over = not data
            if over:
                return

    def _hear(self, event: dict[str, Any]) -> None:
        """Note an event that a child's reporter tells (lab/system/reporting.py)."""
        match event["event"]:
            case "begin":
                self.content = event["content"]
            case "kept":
                self.content["benchmarks"].append(event["benchmark"])
            case "sizes":
                self.sizes = event["sizes"]
            case "skipped":
                names = self.skipped.setdefault(event["reason"], [])
                if event["name"] not in names:
                    names.append(event["name"])
            case "note":
                self.notes.append(event["text"])
            case "call" if self._under_way is not None:
                self._under_way["function"] = event["function"]
            case "failed":
                place = event["place"].removeprefix(f"{self.root}{os.sep}")
                self._fail(event, event["reason"], f"at {place}" if place else "")
            case "done":
                self._under_way = None

    def _fail(self, event: dict[str, Any], reason: str, place: str) -> None:
        experiment = event.get("experiment", "")
        name = event.get("subject") or event["name"] or event["id"]
        self.failures.append(Failure(experiment, name, reason, place))

    def _end(self) -> None:
        """It has nothing more to tell: what became of it."""
        under_way = self._under_way
        if hasattr(os, "waitid"):
            # What it has started goes with it; not waited for yet, its number is still
            # its own.
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self.code = self._process.wait()
        self.printed = _text(self._output)
        dump = _text(self._dump)
        self.printed += dump
        self.cut = under_way is not None or self.code < 0 or bool(dump)
        if self.cut:
            whose = under_way or {"name": "the process, outside of any experiment"}
            self._fail(whose, self._reason(dump), self._place(dump, whose))
            self.lost = whose["subject"] if "kernel" in whose else whose.get("id", "")

    def _reason(self, dump: str) -> str:
        if dump.startswith(TIMEOUT):
            return f"no return within {self.limit_s:g} s"
        if self.code < 0:
            with suppress(ValueError):  # a real-time signal has no name
                return f"crashed ({signal.Signals(-self.code).name})"
            return f"crashed (signal {-self.code})"
        return f"ended the whole process, with status {self.code}"

    def _place(self, dump: str, whose: Mapping[str, Any]) -> str:
        """Where faulthandler saw the thread in Python; or in what function that the lab
        calls, where that is C and has no frame."""
        frame = culprit(dump)
        if frame is None:
            return ""
        function = whose.get("function")
        if function and Path(frame.file).is_relative_to(LAB):
            return f"in {function}"
        return f"at {frame.near(self.root)}"


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
