"""What the experiments share: the race fixture, and how a run is told and kept."""

import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from experiments.reporting import Reporter, subject
from lab.calls.kernel import Kernel, Twin
from lab.instruments.pilot import Sizes, sized
from lab.instruments.race import Racer, measure, thread_counts
from lab.instruments.scope import unavailable
from lab.records import results
from lab.records.race import Bound, Race, Share
from lab.records.series import Recorder, Series
from lab.records.timeline import Timeline
from lab.system.reporting import TOLD

MEASURED_WITH = ("gil-lab", "numpy", "pytest-benchmark")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gil-lab", "one process of several, as bench starts them")
    group.addoption(
        "--process", default="0/1", metavar="I/N", help="this one, from 0, of so many"
    )
    group.addoption(
        "--sizes", type=json.loads, metavar="JSON", help="the work of calls so far"
    )
    group.addoption(
        "--sizes-before", type=json.loads, metavar="JSON", help="in an earlier run"
    )
    group.addoption(
        "--left-out", type=json.loads, metavar="JSON", help="tests or subjects"
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
def reporter(pytestconfig: pytest.Config) -> Reporter | None:
    """Who tells the process that watches this one, if there is one."""
    found: Reporter | None = pytestconfig.pluginmanager.get_plugin(TOLD)
    return found


@pytest.fixture(scope="session")
def known_sizes(pytestconfig: pytest.Config) -> Sizes:
    """How much work a call of each kernel does, the same in all processes of a run."""
    return dict(pytestconfig.getoption("sizes") or {})


@pytest.fixture
def sizes(known_sizes: Sizes, reporter: Reporter | None) -> Iterator[Sizes]:
    """The same; what a test adds is told when it is over."""
    before = len(known_sizes)
    yield known_sizes
    if reporter is not None and len(known_sizes) > before:
        reporter.sizes(dict(known_sizes))


@pytest.fixture(scope="session")
def sizes_before(pytestconfig: pytest.Config) -> dict[str, int]:
    """How much work a call of each kernel did in the last run."""
    return dict(pytestconfig.getoption("sizes_before") or {})


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
    reporter: Reporter | None,
) -> Racer:
    """Scale a twin's work, probe it, race it in so many threads; keep the record."""

    def run(kernel: Kernel, twin: Twin, threads: int) -> None:
        def repeat(
            target: Callable[[], None], setup: Callable[[], None], rounds: int
        ) -> None:
            def prepare() -> None:
                if reporter is not None:
                    reporter.expect()
                begin_s = time.monotonic()
                setup()  # a single call, or more
                if reporter is not None:
                    # Under one lock the calls of a race come one after the other.
                    reporter.expect(threads * (time.monotonic() - begin_s))

            benchmark.pedantic(  # type: ignore[no-untyped-call]  # it has no types
                target, setup=prepare, rounds=rounds
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
    without = set(config.getoption("left_out") or ())
    for item in items:
        if item.get_closest_marker("once"):
            mine = next(once) % int(everything) == int(place)
        else:
            mine = True
        if beside is not None:
            mine &= (_kernel_beside(item)) == (beside == "only")
        mine &= without.isdisjoint((item.nodeid, subject(item)["subject"]))
        (chosen if mine else left_out).append(item)
    items[:] = chosen
    config.hook.pytest_deselected(items=left_out)


def _kernel_beside(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    kernel = call.params.get("kernel") if call is not None else None
    return isinstance(kernel, Kernel) and kernel.beside


@pytest.hookimpl(trylast=True)  # pytest's own use of faulthandler comes first
def pytest_configure(config: pytest.Config) -> None:
    told = os.environ.get(TOLD)
    if told is not None:
        descriptor, dump, limit_s = told.split()
        reporter = Reporter(config, int(descriptor), int(dump), float(limit_s))
        config.pluginmanager.register(reporter, TOLD)


def _versions() -> Iterator[str]:
    for name in MEASURED_WITH:
        with suppress(PackageNotFoundError):  # a checkout that is not installed
            yield f"{name} {version(name)}"


def pytest_benchmark_update_json(output_json: dict[str, Any]) -> None:
    output_json[results.KEY] = results.heading(
        unavailable() or "", ", ".join(_versions())
    )
