"""What the experiments share: the race fixture, and how a run is told and kept."""

import itertools
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from lab.calls.kernel import Kernel, Twin
from lab.commands.processes import PROGRESS_FD
from lab.instruments.pilot import Sizes, sized
from lab.instruments.race import Racer, measure, thread_counts
from lab.instruments.scope import unavailable
from lab.records import results
from lab.records.machine import Machine
from lab.records.race import Bound, Race, Recorder, Series, Share, Timeline
from lab.system.files import write_whole

MEASURED_WITH = ("gil-lab", "numpy", "pytest-benchmark")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gil-lab", "one process of several, as bench starts them")
    group.addoption(
        "--process", default="0/1", metavar="I/N", help="this one, from 0, of so many"
    )
    group.addoption(
        "--sizes", type=Path, metavar="FILE", help="the work of calls, kept for all"
    )
    group.addoption(
        "--sizes-before", type=Path, metavar="FILE", help="those of an earlier run"
    )
    group.addoption(
        "--beside", choices=["without", "only"], help="what can run beside the others"
    )


def races(kernels: Iterable[Kernel]) -> pytest.MarkDecorator:
    """A test for each twin and number of threads, marked by what bounds the kernel."""
    return pytest.mark.parametrize(
        ("kernel", "twin", "threads"),
        [
            pytest.param(
                kernel,
                twin,
                threads,
                id=f"{kernel.name}-{twin.name}-{threads}",
                marks=getattr(pytest.mark, kernel.bound),
            )
            for kernel in kernels
            for twin in kernel.twins
            for threads in thread_counts(kernel, os.environ)
        ],
    )


class Process(NamedTuple):
    """One process of a run: which, from 0 on, and of how many."""

    place: int
    all: int


@pytest.fixture(scope="session")
def process(pytestconfig: pytest.Config) -> Process:
    """This one."""
    place, _, everything = pytestconfig.getoption("process").partition("/")
    return Process(int(place), int(everything))


@pytest.fixture(scope="session")
def sizes(pytestconfig: pytest.Config) -> Iterator[Sizes]:
    """How much work a call of each kernel does, the same in all processes of a run."""
    path: Path | None = pytestconfig.getoption("sizes")
    known: Sizes = json.loads(path.read_text()) if path and path.exists() else {}
    before = len(known)
    yield known
    if path is not None and len(known) > before:
        write_whole(path, json.dumps(known))


@pytest.fixture(scope="session")
def sizes_before(pytestconfig: pytest.Config) -> dict[str, int]:
    """How much work a call of each kernel did in the last run."""
    path: Path | None = pytestconfig.getoption("sizes_before")
    known: dict[str, int] = json.loads(path.read_text()) if path else {}
    return known


@pytest.fixture(scope="session")
def shares() -> dict[tuple[str, str], tuple[Share, ...]]:
    """The GIL-free shares of twins probed in this process, by kernel and twin."""
    return {}


@pytest.fixture(autouse=True)
def switch_interval() -> Iterator[None]:
    """An experiment that leaves another one behind would change all that follow."""
    before_s = sys.getswitchinterval()
    yield
    assert sys.getswitchinterval() == before_s


@pytest.fixture
def race(
    benchmark: BenchmarkFixture,
    request: pytest.FixtureRequest,
    process: Process,
    sizes: Sizes,
    sizes_before: dict[str, int],
    shares: dict[tuple[str, str], tuple[Share, ...]],
) -> Racer:
    """Scale a twin's work, probe it, race it in so many threads; keep the record."""

    def run(kernel: Kernel, twin: Twin, threads: int) -> None:
        def repeat(
            target: Callable[[], None], setup: Callable[[], None], rounds: int
        ) -> None:
            benchmark.pedantic(  # type: ignore[no-untyped-call]  # it has no types
                target, setup=setup, rounds=rounds
            )

        benchmark.group = kernel.name
        scaled, size = sized(kernel, twin, sizes, sizes_before)
        # Once a process; a wait is a wait in every one, so that the first will do.
        name = kernel.name, twin.name
        probe = kernel.bound is not Bound.BLOCKING or process.place == 0
        found = measure(
            kernel,
            scaled,
            threads,
            repeat,
            processes=process.all,
            probe=probe and name not in shares,
            size=size,
        )
        known = shares.setdefault(name, found.shares)
        _keep(benchmark, replace(found, shares=known, experiment=_experiment(request)))

    return run


@pytest.fixture
def record(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> Recorder:
    """Measure with a function that returns records, timed as one; keep them."""

    def run(measure: Callable[[], Iterable[Series | Timeline]]) -> None:
        benchmark.group = _experiment(request)
        kept = benchmark.pedantic(measure)  # type: ignore[no-untyped-call]  # as above
        for one in kept:
            _keep(benchmark, one)

    return run


def _experiment(request: pytest.FixtureRequest) -> str:
    return str(request.node.path.stem.removeprefix("test_"))


def _keep(benchmark: BenchmarkFixture, record: Race | Series | Timeline) -> None:
    benchmark.extra_info.setdefault(results.KEY, []).append(record.to_json())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out of what is chosen (-k) what another process of the run does.

    What is marked `once` is done by one process, each by another in turn. What takes
    seconds and no processor (Kernel.beside) has a process of its own.
    """
    place, _, everything = config.getoption("process").partition("/")
    beside = config.getoption("beside")
    chosen: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    once = itertools.count()
    for item in items:
        if item.get_closest_marker("once"):
            mine = next(once) % int(everything) == int(place)
        else:
            mine = True
        if beside is not None:
            mine &= (_kernel_beside(item)) == (beside == "only")
        (chosen if mine else left_out).append(item)
    items[:] = chosen
    config.hook.pytest_deselected(items=left_out)


def _kernel_beside(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    kernel = call.params.get("kernel") if call is not None else None
    return isinstance(kernel, Kernel) and kernel.beside


class Progress:
    """Tells the process that watches what begins, what is left out and what failed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._total = self._done = 0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._total = len(session.items)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._tell("start", nodeid, done=self._done, total=self._total)
        self._done += 1

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            self._tell("skipped", report.nodeid, reason=reason)
        elif report.failed:
            self._tell("failed", report.nodeid)

    def _tell(self, event: str, nodeid: str, **more: Any) -> None:
        name = nodeid.rpartition("::")[2]
        told = {"event": event, "id": nodeid, "name": name, **more}
        os.write(self._descriptor, (json.dumps(told) + "\n").encode())

    def pytest_report_teststatus(self, report: pytest.TestReport) -> Any:
        if not report.passed:
            return None
        return ("passed" if report.when == "call" else "", "", "")  # and no dot


def pytest_configure(config: pytest.Config) -> None:
    descriptor = os.environ.get(PROGRESS_FD)
    if descriptor is not None:
        config.pluginmanager.register(Progress(int(descriptor)))


def _versions() -> Iterator[str]:
    for name in MEASURED_WITH:
        with suppress(PackageNotFoundError):  # a checkout that is not installed
            yield f"{name} {version(name)}"


def pytest_benchmark_update_json(output_json: dict[str, Any]) -> None:
    output_json[results.KEY] = {
        "format": results.FORMAT,
        "machine": asdict(Machine.here()),
        "versions": ", ".join(_versions()),
        "no_scope": unavailable() or "",
        "part": "",
        "took_s": 0.0,
    }
