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
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from lab.records.merge import merge
from lab.records.results import KEY
from lab.records.statistics import ENOUGH
from lab.system.child import end

# As many values as an interval of 95 % wants, one from each process.
PROCESSES = ENOUGH
# The whole may take so long; then no more processes are started. A start takes about
# START_S; more than so many at the end are as busy as the ones before.
LONGEST_S, START_S, MORE = 60.0, 1.5, 3
# What an interrupted child gets to end by itself; an interrupt promises 2 s.
GRACE_S = 1.0
PROGRESS_FD = "GIL_LAB_PROGRESS_FD"
# pytest's exit codes (pytest.ExitCode), without importing it.
PASSED, TESTS_FAILED, USAGE_ERROR, NO_TESTS = 0, 1, 4, 5


def _alone(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what tells pytest that it is one of several of pytest-xdist's workers:
    pytest-benchmark would not measure then."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("PYTEST_XDIST")
    }


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

    environment: what the processes are given on top of this one's. wanting: given what
    there is so far, which experiments want more values, by pytest's names, the most
    urgent first: they get more processes while there is time. sizes_before: how much
    work calls did in the last run, by kernel and what makes the call.

    Iterate over `lines()`; then the rest is known. content: of all result files,
    merged; empty if there is none. code: pytest's, of the first process that did not
    pass. printed: what that one has printed. failed: the first experiment that did.
    skipped: names of experiments that were left out, by reason.
    """

    folder: Path
    arguments: Sequence[str]
    environment: dict[str, str]
    wanting: Callable[[dict[str, Any]], Sequence[str]]
    sizes_before: Mapping[str, int]
    content: dict[str, Any] = field(default_factory=dict)
    code: int = NO_TESTS
    printed: str = ""
    failed: str = ""
    skipped: dict[str, list[str]] = field(default_factory=dict)
    _contents: list[dict[str, Any]] = field(default_factory=list)
    _took_s: dict[str, float] = field(default_factory=dict)
    """How long each experiment took in the last process that made it."""

    def lines(self) -> Generator[str]:
        """Run all processes; what runs now, as "done<TAB>all<TAB>name" each time.

        Closing the iterator, or an interrupt, ends what runs.
        """
        begin_s = time.monotonic()
        with (
            tempfile.TemporaryDirectory(prefix="gil-lab-") as scratch,
            ExitStack() as stack,
        ):
            Path(scratch, "before").write_text(json.dumps(self.sizes_before))
            chosen = [str(self.folder), *self.arguments]
            beside = self._start(stack, scratch, "beside", "0/1", "only", chosen)
            for place in range(PROCESSES):
                with ExitStack() as own:
                    name = f"{place}/{PROCESSES}"
                    child = self._start(own, scratch, name, name, "without", chosen)
                    for done, total, what in self._follow(child):
                        yield f"{place * total + done}\t{PROCESSES * total}\t{what}\n"
                    self._end(child)
                if not self._contents:
                    if self.code != NO_TESTS:
                        return  # it cannot run, or was told to do something else
                    break  # nor have the others any, but perhaps the one beside
            for place in range(PROCESSES, PROCESSES + MORE):
                more = self._more(LONGEST_S - (time.monotonic() - begin_s))
                if not more:
                    break
                with ExitStack() as own:
                    name = f"{place}/{PROCESSES}"
                    child = self._start(own, scratch, name, name, "without", more)
                    for done, total, what in self._follow(child):
                        yield f"{done}\t{total}\t{what}\n"
                    self._end(child)
            for done, total, what in self._follow(beside):
                yield f"{done}\t{total}\t{what}\n"
            self._end(beside)
        if self._contents:
            self.content = merge(self._contents)
            self.content[KEY]["took_s"] = time.monotonic() - begin_s

    def _more(self, left_s: float) -> list[str]:
        """Which experiments get another process, in so many seconds."""
        if self.code != PASSED or not self._contents:
            return []
        left_s -= START_S
        chosen = []
        for name in self.wanting(merge(self._contents)):
            took_s = self._took_s.get(name, left_s)
            if took_s < left_s:
                chosen.append(name)
                left_s -= took_s
        return chosen

    def _start(
        self,
        stack: ExitStack,
        scratch: str,
        name: str,
        process: str,
        beside: str,
        chosen: Sequence[str],
    ) -> Child:
        result = Path(scratch, f"{name.replace('/', '-of-')}.json")
        reader, writer = os.pipe()
        events = stack.enter_context(os.fdopen(reader, encoding="utf-8"))
        output = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # it is
        command = [
            *(sys.executable, "-m", "pytest"),
            *(f"--rootdir={self.folder.parent}", "-q", "-s", "-rs", "--no-header"),
            *(f"-c{self.folder.parent}/pyproject.toml", "-p", "no:cacheprovider"),
            *("-p", "pytest_benchmark.plugin"),
            *("--color=no", f"--benchmark-json={result}", f"--process={process}"),
            *(f"--sizes={scratch}/sizes", f"--sizes-before={scratch}/before"),
            f"--beside={beside}",
            *chosen,
        ]
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={
                    **_alone(os.environ),
                    **self.environment,
                    # Whatever else is installed for pytest may change the order, or
                    # run threads of its own; and loading it takes time, six times.
                    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
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
        before, since_s = "", time.monotonic()
        for line in child.events:
            event = json.loads(line)
            if event["event"] == "start":
                now_s = time.monotonic()
                self._took_s[before] = now_s - since_s
                before, since_s = event["id"], now_s
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
