"""What the experiments share: the race fixture, and how a run is told and kept."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from lab import results
from lab.bench import PROGRESS_FD
from lab.machine import Machine
from lab.race import Racer, measure, share
from lab.records import Race, Recorder, Series, Share, Timeline
from lab.scope import unavailable
from lab.twins import Kernel, Twin

MEASURED_WITH = ("gil-lab", "numpy", "pytest-benchmark")


@pytest.fixture(scope="session")
def shares() -> dict[tuple[str, str], Share | None]:
    """The GIL-free shares of twins probed in this run, by kernel and twin."""
    return {}


@pytest.fixture(autouse=True)
def switch_interval() -> Iterator[None]:
    """An experiment that leaves another one behind would change all that follow."""
    before_s = sys.getswitchinterval()
    yield
    assert sys.getswitchinterval() == before_s


@pytest.fixture
def race(
    benchmark: BenchmarkFixture, shares: dict[tuple[str, str], Share | None]
) -> Racer:
    """Probe a twin, once a run, then race it in so many threads; keep the record."""

    def run(kernel: Kernel, twin: Twin, threads: int) -> None:
        def repeat(
            target: Callable[[], None], setup: Callable[[], None], rounds: int
        ) -> None:
            benchmark.pedantic(  # type: ignore[no-untyped-call]  # it has no types
                target, setup=setup, rounds=rounds
            )

        benchmark.group = kernel.name
        name = kernel.name, twin.name
        if name not in shares:
            shares[name] = share(twin)
        _keep(benchmark, measure(kernel, twin, threads, repeat, shares[name]))

    return run


@pytest.fixture
def record(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> Recorder:
    """Measure with a function that returns records, timed as one; keep them."""

    def run(measure: Callable[[], Iterable[Series | Timeline]]) -> None:
        benchmark.group = request.node.path.stem.removeprefix("test_")
        kept = benchmark.pedantic(measure)  # type: ignore[no-untyped-call]  # as above
        for one in kept:
            _keep(benchmark, one)

    return run


def _keep(benchmark: BenchmarkFixture, record: Race | Series | Timeline) -> None:
    benchmark.extra_info.setdefault(results.KEY, []).append(record.to_json())


class Progress:
    """Tells the process that watches which experiment begins."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._total = self._done = 0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._total = len(session.items)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        name = nodeid.rpartition("::")[2]
        line = f"{self._done}\t{self._total}\t{name}\n"
        os.write(self._descriptor, line.encode())
        self._done += 1

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
    }
