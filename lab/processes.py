"""Experiments run in several fresh processes, one after the other, and put together.

Within one process some things never change: where code and data happen to lie in
memory, and how threads fall in step. Each process does everything once or twice, so
that what differs between processes is seen too, and spread over the whole run.

A child has a process group of its own, so that an interrupt ends it and all it
started even while one of its threads holds the GIL; and the process that draws the
progress disturbs no measurement with a thread of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from lab.child import end
from lab.intervals import ENOUGH
from lab.merge import merge
from lab.results import KEY

# As many values as an interval of 95 % wants, one from each process.
PROCESSES = ENOUGH
# What an interrupted child gets to end by itself; an interrupt promises 2 s.
GRACE_S = 1.0
PROGRESS_FD = "GIL_LAB_PROGRESS_FD"
# pytest's exit codes (pytest.ExitCode), without importing it.
PASSED, TESTS_FAILED, USAGE_ERROR, NO_TESTS = 0, 1, 4, 5


@dataclass
class Child:
    """A process under way: its output, its progress, its result."""

    process: subprocess.Popen[bytes]
    output: IO[bytes]
    events: IO[str]
    result: Path


@dataclass
class Experiments:
    """folder: of a suite of experiments. arguments: pytest's, that choose of them.

    environment: what the processes are given on top of this one's. Iterate over
    `lines()`; then the rest is known. content: of all result files, merged; empty if
    there is none. code: pytest's, of the first process that did not pass. printed: what
    that one has printed. failed: the first experiment that did. skipped: names of
    experiments that were left out, by reason.
    """

    folder: Path
    arguments: Sequence[str]
    environment: dict[str, str]
    content: dict[str, Any] = field(default_factory=dict)
    code: int = NO_TESTS
    printed: str = ""
    failed: str = ""
    skipped: dict[str, list[str]] = field(default_factory=dict)
    _contents: list[dict[str, Any]] = field(default_factory=list)

    def lines(self) -> Generator[str]:
        """Run all processes; what runs now, as "done<TAB>all<TAB>name" each time.

        Closing the iterator, or an interrupt, ends what runs.
        """
        begin_s = time.monotonic()
        with (
            tempfile.TemporaryDirectory(prefix="gil-lab-") as scratch,
            ExitStack() as stack,
        ):
            beside = self._start(stack, scratch, "beside", "0/1", "only")
            for place in range(PROCESSES):
                with ExitStack() as own:
                    name = f"{place}/{PROCESSES}"
                    child = self._start(own, scratch, str(place), name, "without")
                    for done, total, what in self._follow(child):
                        yield f"{place * total + done}\t{PROCESSES * total}\t{what}\n"
                    self._end(child)
                if not self._contents and self.code != NO_TESTS:
                    return  # it cannot run, or was told to do something else
            for done, total, what in self._follow(beside):
                yield f"{done}\t{total}\t{what}\n"
            self._end(beside)
        if self._contents:
            self.content = merge(self._contents)
            self.content[KEY]["took_s"] = time.monotonic() - begin_s

    def _start(
        self, stack: ExitStack, scratch: str, name: str, process: str, beside: str
    ) -> Child:
        result = Path(scratch, f"{name}.json")
        reader, writer = os.pipe()
        events = stack.enter_context(os.fdopen(reader, encoding="utf-8"))
        output = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # it is
        command = [
            *(sys.executable, "-m", "pytest", str(self.folder)),
            *(f"--rootdir={self.folder.parent}", "-q", "-s", "-rs", "--no-header"),
            *(f"-c{self.folder.parent}/pyproject.toml", "-p", "no:cacheprovider"),
            *("--color=no", f"--benchmark-json={result}", f"--process={process}"),
            *(f"--sizes={scratch}/sizes", f"--beside={beside}"),
            *self.arguments,
        ]
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    **self.environment,
                    PROGRESS_FD: str(writer),
                    "TMPDIR": scratch,  # what it leaves when killed goes with it
                },
                cwd=self.folder.parent,  # python -m pytest finds lab there
                pass_fds=[writer],
                process_group=0,
            )
        finally:
            os.close(writer)
        stack.callback(end, child, GRACE_S)
        return Child(child, output, events, result)

    def _follow(self, child: Child) -> Iterator[tuple[int, int, str]]:
        for line in child.events:
            event = json.loads(line)
            if event["event"] == "start":
                yield event["done"], event["total"], event["name"]
            elif event["event"] == "failed":
                self.failed = self.failed or event["name"]
            else:
                names = self.skipped.setdefault(event["reason"], [])
                if event["name"] not in names:
                    names.append(event["name"])

    def _end(self, child: Child) -> None:
        """Take what a process that has nothing more to tell has left."""
        code = child.process.wait()
        text = child.result.read_text(encoding="utf-8") if child.result.exists() else ""
        content = json.loads(text) if text else {}
        if content.get("benchmarks"):
            self._contents.append(content)
        if self.code in (PASSED, NO_TESTS) and code != NO_TESTS:
            self.code = code
        # What did not pass says why; and so does what was told to measure nothing.
        strange = code not in (PASSED, NO_TESTS) or (code == PASSED and not content)
        if strange and not self.printed:
            child.output.seek(0)
            self.printed = child.output.read().decode(errors="replace")
