"""Experiments run in several fresh processes, one after the other, and put together.

Within one process some things never change: where code and data happen to lie in
memory, and how threads fall in step. Each process does everything once or twice, so
that what differs between processes is seen too, and spread over the whole run.

A process that crashes, or in which a call does not return, is followed by one that
goes on with the next experiment. The kernel and twin that did it are left out of all
that follow.
"""

import json
import math
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.commands.bench_child import BenchChild
from lab.errors import UsageError
from lab.records.merge import merge
from lab.records.results import KEY, ForeignFileError, parse
from lab.records.run import Failure
from lab.records.statistics import ENOUGH

# As many values as an interval of 95 % wants, one from each process.
PROCESSES = ENOUGH
# Fewer than this tell nothing of what differs between processes.
LEAST = 2
# Until then a wide interval gets more processes, and until later an open verdict. More
# than so many are as busy as the ones before.
NARROW_S, LONGEST_S, MORE = 45.0, 58.0, 3
# A call that takes longer never returns.
LIMIT_S = 60.0
# What a process does before its first experiment, among the times that those take.
BEFORE_ALL = ""
# A folder with less room than this has none.
ROOM = bytes(2**16)
# pytest's exit codes (pytest.ExitCode), without importing it.
PASSED, TESTS_FAILED, USAGE_ERROR, NO_TESTS = 0, 1, 4, 5


def pytest_of(root: Path) -> list[str]:
    """The command that runs suites of experiments of a project."""
    return [
        *("-m", "pytest", f"--rootdir={root}", "-q", "-s", "-rs"),
        *(f"-c{root}/pyproject.toml", "--no-header", "--color=no"),
        *("-p", "no:cacheprovider", "-p", "pytest_benchmark.plugin"),
    ]


@contextmanager
def _scratch() -> Iterator[str]:
    """A folder for what the processes need for a while: where there is room.

    In TMPDIR, at home or here. UsageError where none of them can be written.
    """
    for parent in (None, Path.home(), Path.cwd()):
        with ExitStack() as stack:
            try:
                folder = tempfile.TemporaryDirectory(prefix="gil-lab-", dir=parent)
                name = stack.enter_context(folder)
                Path(name, "room").write_bytes(ROOM)
                Path(name, "room").unlink()
            except OSError:
                continue
            yield name
            return
    raise UsageError("no room for temporary files: set TMPDIR to a folder with some")


@dataclass
class Experiments:
    """A run of experiments in several processes. Iterate over `lines()`: then the rest,
    from `content` on, is known.
    """

    command: Sequence[str]
    """What a process runs (see BenchChild)."""
    root: Path
    """The folder that it runs in."""
    arguments: Sequence[str]
    """Its own, after those that tell which of the processes it is."""
    environment: dict[str, str]
    """What the processes are given on top of this one's."""
    wanting: Callable[[dict[str, Any]], Mapping[str, float]]
    """How much experiments want more values, given what there is so far: by pytest's
    name, 1 or more where a verdict is open. They get more processes while there is
    time."""
    sizes_before: Mapping[str, int]
    """How much work calls did in the last run, by kernel and what makes the call."""
    limit_s: float = LIMIT_S
    """How long a call may take."""
    processes: int = field(default_factory=lambda: PROCESSES)
    """How many, as long as there is time."""
    enough_s: float = math.inf
    """From LEAST processes on, none is started that could only be over after it."""
    beside: bool = True
    """Whether one more runs beside them."""
    content: dict[str, Any] = field(default_factory=dict)
    """Of all processes, merged, and what failed; empty if nothing was begun."""
    code: int = NO_TESTS
    """pytest's, of the first process that did not pass."""
    printed: str = ""
    """What that process has printed."""
    notes: list[str] = field(default_factory=list)
    """What else the processes want shown."""
    failures: list[Failure] = field(default_factory=list)
    """What went wrong, each once."""
    skipped: dict[str, list[str]] = field(default_factory=dict)
    """Names of experiments that were left out, by the reason."""
    _contents: list[dict[str, Any]] = field(default_factory=list)
    _sizes: dict[str, int] = field(default_factory=dict)
    _took_s: dict[str, float] = field(default_factory=dict)
    """How long each experiment took in the last process that made it."""
    _without: list[str] = field(default_factory=list)
    """Whose process did not survive them: kernels and twins, or tests."""

    def lines(self) -> Generator[str]:
        """Run all processes; what runs now, as "done<TAB>all<TAB>name" each time.

        Closing the iterator, or an interrupt, ends what runs.
        """
        begin_s = time.monotonic()
        with _scratch() as scratch, ExitStack() as stack:
            chosen, beside = self.arguments, None
            if self.beside:
                beside = self._start(stack, scratch, "0/1", "only", chosen)
            for place in range(self.processes):
                so_far_s = time.monotonic() - begin_s
                if place >= LEAST and so_far_s * (1 + 1 / place) > self.enough_s:
                    break
                process = f"{place}/{self.processes}"
                told = self._through(scratch, process, "without", chosen)
                for done, total, what in told:
                    all_of_them = self.processes * total
                    yield f"{place * total + done}\t{all_of_them}\t{what}\n"
                if not self._contents:
                    if self.code != NO_TESTS:
                        return  # it cannot run, or was told to do something else
                    break  # nor have the others any, but perhaps the one beside
            for place in range(self.processes, self.processes + MORE):
                more = self._more(time.monotonic() - begin_s)
                if not more:
                    break
                process = f"{place}/{self.processes}"
                told = self._through(scratch, process, "without", more)
                for done, total, what in told:
                    yield f"{done}\t{total}\t{what}\n"
            if beside is not None:
                told = self._through(scratch, "0/1", "only", chosen, beside)
                for done, total, what in told:
                    yield f"{done}\t{total}\t{what}\n"
        if self._contents:
            self.content = merge(self._contents)
            self.content["datetime"] = datetime.now(UTC).isoformat()
            self.content[KEY]["took_s"] = time.monotonic() - begin_s
            self.content[KEY]["failures"] = list(map(asdict, self.failures))

    def _more(self, end_s: float) -> list[str]:
        """Which experiments get another process, that long after the beginning."""
        if not self._contents:
            return []
        wanting = self.wanting(merge(self._contents))
        end_s += self._took_s[BEFORE_ALL]
        chosen = []
        for name in sorted(filter(wanting.get, wanting), key=lambda one: -wanting[one]):
            took_s = self._took_s.get(name, math.inf)
            if end_s + took_s < (LONGEST_S if wanting[name] >= 1 else NARROW_S):
                chosen.append(name)
                end_s += took_s
        return chosen

    def _start(
        self,
        stack: ExitStack,
        scratch: str,
        process: str,
        beside: str,
        chosen: Sequence[str],
        done: Sequence[str] = (),
    ) -> BenchChild:
        """done: what another has done in its place, as far as it came."""
        child = BenchChild(self.command, self.root, self.limit_s)
        arguments = [
            *(f"--process={process}", f"--beside={beside}"),
            f"--sizes={json.dumps(self._sizes)}",
            f"--sizes-before={json.dumps(self.sizes_before)}",
            f"--left-out={json.dumps([*self._without, *done])}",
            *chosen,
        ]
        # What it leaves when killed goes with the folder.
        child.begin(stack, arguments, {**self.environment, "TMPDIR": scratch})
        return child

    def _through(
        self,
        scratch: str,
        process: str,
        beside: str,
        chosen: Sequence[str],
        begun: BenchChild | None = None,
    ) -> Iterator[tuple[int, int, str]]:
        """Follow a process to its end, and those that go on where it was cut short.

        begun: the first of them, if it runs already.
        """
        began: list[str] = []
        all_of_them = 0
        while True:
            with ExitStack() as own:
                child = begun or self._start(
                    own, scratch, process, beside, chosen, began
                )
                begun = None
                before, since_s = BEFORE_ALL, time.monotonic()
                for done, total, what in child.follow():
                    now_s = time.monotonic()
                    self._took_s[before] = now_s - since_s
                    before, since_s = child.began[-1], now_s
                    all_of_them = all_of_them or total
                    yield len(began) + done, max(all_of_them, len(began) + total), what
                # The end of the process as well: one more has it to do again.
                self._took_s[before] = time.monotonic() - since_s
            self._take(child)
            began += child.began
            if not child.lost:
                return
            self._without.append(child.lost)

    def _take(self, child: BenchChild) -> None:
        """Take what a process that has nothing more to tell has left."""
        if child.content:
            self._contents.append(self._sound(child.content))
        self._sizes |= child.sizes
        for failure in child.failures:
            self._fail(failure)
        self.notes += [note for note in child.notes if note not in self.notes]
        for reason, names in child.skipped.items():
            known = self.skipped.setdefault(reason, [])
            known += [name for name in names if name not in known]
        if self.code in (PASSED, NO_TESTS) and child.code != NO_TESTS:
            self.code = child.code
        # What did not pass says why; and so does what was told to measure nothing.
        nothing = child.code == PASSED and not child.content.get("benchmarks")
        strange = child.code not in (PASSED, NO_TESTS) or child.cut or nothing
        if strange and not self.printed:
            self.printed = child.printed

    def _fail(self, failure: Failure) -> None:
        known = [(one.experiment, one.subject) for one in self.failures]
        if (failure.experiment, failure.subject) not in known:
            self.failures.append(failure)

    def _sound(self, content: dict[str, Any]) -> dict[str, Any]:
        """Without what cannot be read again, our own mistake."""
        sound = []
        for benchmark in content["benchmarks"]:
            name = str(benchmark["name"])
            try:
                parse({**content, "benchmarks": [benchmark]}, name)
            except ForeignFileError as error:
                reason = str(error).removeprefix(f"{name}: ")
                self._fail(Failure("", name, reason))
            else:
                sound.append(benchmark)
        return {**content, "benchmarks": sound}
