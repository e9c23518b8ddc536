"""pytest, in a process of a run, tells the one that watches what it does."""

import os
from typing import Any

import pytest
from pytest_benchmark.utils import safe_dumps

from lab.calls.kernel import Kernel, Twin
from lab.instruments.race import full_run
from lab.system.reporting import ChildReporter

# What is no race tells of no call, and the long experiments make so many times as many.
LONG = 10


def subject(item: pytest.Item) -> dict[str, str]:
    """Whose test it is: the experiment, and kernel and twin, or else its own name.

    For a race also the kernel, and the function that the twin calls, if it is known.
    """
    experiment = item.path.stem.removeprefix("test_")
    call = getattr(item, "callspec", None)
    params = call.params if call is not None else {}
    kernel, twin = params.get("kernel"), params.get("twin")
    if not isinstance(kernel, Kernel) or not isinstance(twin, Twin):
        name = item.nodeid.rpartition("::")[2]
        return {"experiment": experiment, "subject": name}
    made = twin.function
    function = f"{made.__module__}.{made.__qualname__}" if made else ""
    return {
        "experiment": experiment,
        "subject": f"{kernel.name} {twin.name}",
        "kernel": kernel.name,
        "function": function,
    }


class Reporter(ChildReporter):
    """A plugin. descriptor, dump, limit_s: see ChildReporter."""

    def __init__(
        self, config: pytest.Config, descriptor: int, dump: int, limit_s: float
    ) -> None:
        super().__init__(descriptor, dump, limit_s)
        self._config = config
        self._subjects: dict[str, dict[str, str]] = {}
        self._total = self._done = self._kept = 0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._total = len(session.items)
        self._subjects = {item.nodeid: subject(item) for item in session.items}
        if self._total and not self._config.getoption("collectonly"):
            self.tell("begin", content=self._content())

    def _content(self) -> dict[str, Any]:
        """A result file of pytest-benchmark's without benchmarks."""
        hook = self._config.hook
        machine = self._benchmarks().get_machine_info()
        commit = hook.pytest_benchmark_generate_commit_info(config=self._config)
        content: dict[str, Any] = hook.pytest_benchmark_generate_json(
            config=self._config,
            benchmarks=[],
            include_data=True,
            machine_info=machine,
            commit_info=commit,
        )
        hook.pytest_benchmark_update_json(
            config=self._config, benchmarks=[], output_json=content
        )
        return content

    def _benchmarks(self) -> Any:
        return self._config._benchmarksession  # type: ignore[attr-defined]  # its own

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        whose = self._subjects.get(nodeid, {})
        self.tell("start", nodeid, done=self._done, total=self._total, **whose)
        self._done += 1
        long = full_run(os.environ) and not whose.get("kernel")
        self.expect((LONG - 1) * self._limit_s if long else 0.0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            self.tell("skipped", report.nodeid, reason=reason)
        elif report.failed:
            self._failed(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._failed(report)

    def _failed(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        crash = getattr(report.longrepr, "reprcrash", None)
        lines = str(crash.message if crash else report.longrepr).strip().splitlines()
        # What a file that cannot be collected raised stands last.
        reason = lines[0 if crash else -1] if lines else "failed"
        place = f"{crash.path}:{crash.lineno}" if crash else ""
        whose = self._subjects.get(report.nodeid, {})
        self.tell("failed", report.nodeid, reason=reason, place=place, **whose)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.nothing()
        benchmarks = self._benchmarks().benchmarks
        for one in benchmarks[self._kept :]:
            if not one.has_error:
                self.tell("kept", nodeid, benchmark=one.as_dict(include_data=True))
        self._kept = len(benchmarks)
        self.tell("done", nodeid)

    def pytest_unconfigure(self) -> None:
        self.nothing()

    def pytest_report_teststatus(self, report: pytest.TestReport) -> Any:
        if not report.passed:
            return None
        return ("passed" if report.when == "call" else "", "", "")  # and no dot

    def line(self, told: dict[str, Any]) -> str:
        """As pytest-benchmark writes what it measured."""
        return str(safe_dumps(told))  # type: ignore[no-untyped-call]  # it has no types
