"""Kernels that never return, crash or raise: told in a line, and the rest goes on."""

import re
import signal
from pathlib import Path

import pytest

from lab.commands import processes
from lab.commands.processes import Experiments, pytest_of
from lab.records.results import parse
from lab.renderers import wording

ROOT = Path(__file__).parents[2]
CONFTEST = """
from experiments.conftest import *
from experiments.conftest import pytest_configure
"""
SUITE = """
import ctypes
import itertools
import os
from collections import deque
from functools import partial

from experiments.conftest import races
from lab.calls.kernel import Bound, Kernel, bytecode, held


def endless():  # C that loops for ever and holds the GIL
    deque(itertools.repeat(0), maxlen=0)


def wrong():
    raise ValueError("no such number")


def some(n):
    for _ in range(n):
        pass


KERNELS = [
    Kernel(name, Bound.COMPUTE, (held(function, partial(tuple, arguments)),))
    for name, function, arguments in (
        ("endless", deque, (itertools.repeat(0), 0)),
        ("within", endless, ()),
        ("crashing", ctypes.string_at, (0,)),
        ("leaving", os._exit, (0,)),
        ("wrong", wrong, ()),
    )
]
GOOD = Kernel("good", Bound.COMPUTE, (bytecode(some, lambda n: (n,)),))


@races([*KERNELS, GOOD])
def test_race(race, kernel, twin, threads):
    race(kernel, twin, threads)
"""


def _suite(tmp_path: Path, source: str, limit_s: float) -> Experiments:
    folder = tmp_path / "a b é" / "suite"
    folder.mkdir(parents=True)
    (folder.parent / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_suite.py").write_text(source)
    environment = {"PYTHONPATH": str(ROOT), "THREADS": "2", "FULL": ""}
    root = folder.parent
    command, chosen = pytest_of(root), [str(folder)]
    return Experiments(command, root, chosen, environment, lambda _: {}, {}, limit_s)


@pytest.fixture(autouse=True)
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PROCESSES", 2)


@pytest.mark.slow
def test_what_ends_a_process_is_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    done = _suite(tmp_path, SUITE, 5.0)
    lines = list(done.lines())
    # Each is met once: in the second process they are left out.
    met = [re.search(r"\[(\w+)-", line) for line in lines]
    names = [found[1] for found in met if found]
    assert names == [
        *("endless", "within", "crashing", "leaving", "wrong", "good"),
        *("wrong", "good"),
    ]
    run = parse(done.content, "run")
    told = {one.subject: one for one in run.failures}
    assert [*told] == [
        f"{name} held" for name in ("endless", "within", "crashing", "leaving", "wrong")
    ]
    assert told["endless held"].reason == "no return within 5 s"
    assert told["endless held"].place == "in collections.deque"
    assert told["within held"].place == "at suite/test_suite.py:13 in endless"
    assert told["crashing held"].reason == "crashed (SIGSEGV)"
    assert "in string_at" in told["crashing held"].place
    assert told["leaving held"].reason == "ended the whole process, with status 0"
    assert told["wrong held"].reason == "ValueError: no such number"
    assert told["wrong held"].place == "at suite/test_suite.py:17"
    for failure in run.failures:
        assert "\n" not in wording.failure(failure)
    (good,) = run.races
    assert len({round_.process for round_ in good.rounds}) == 2
    assert done.code != 0


@pytest.mark.slow
def test_an_end_in_the_middle_of_a_line_and_one_outside_of_any_test(
    tmp_path: Path,
) -> None:
    """What was told before is kept; what was not is told."""
    source = """
import os
import signal

from lab.records.series import Series


def test_first(record):
    record(lambda: [Series("suite", "first", "", "x", (1.0,))])


def test_second(record, reporter):
    record(lambda: [Series("suite", "second", "", "x", (float("nan"),))])


def test_third(reporter):
    os.write(reporter._descriptor, b'{"event": "kept", "benchmark": {"na')
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = _suite(tmp_path, source, 30.0)
    list(done.lines())
    run = parse(done.content, "run")
    assert {(one.subject, len(one.values)) for one in run.series} == {("first", 2)}
    told = {one.subject: one.reason for one in run.failures}
    assert told["test_third"] == "crashed (SIGKILL)"
    assert told["test_second"].startswith("damaged: ")


@pytest.mark.slow
def test_a_process_that_cannot_begin(tmp_path: Path) -> None:
    source = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    done = _suite(tmp_path, source, 30.0)
    assert list(done.lines()) == []
    (failure,) = done.failures
    assert failure.reason == "crashed (SIGSEGV)"
    assert failure.place == "at suite/test_suite.py:2 in <module>"
    assert done.code == -signal.SIGSEGV


@pytest.mark.slow
def test_open_verdicts_get_more_processes_for_longer_than_wide_intervals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = """
import pytest

from lab.records.series import Series


@pytest.mark.parametrize("name", ["good", "wide", "open"])
def test_some(record, name):
    record(lambda: [Series("suite", name, "", "x", (1.0,))])
"""
    done = _suite(tmp_path, source, 30.0)
    test = "suite/test_suite.py::test_some"
    much = {f"{test}[good]": 0.0, f"{test}[wide]": 0.5, f"{test}[open]": 1.0}
    done.wanting = lambda _: much
    monkeypatch.setattr(processes, "NARROW_S", 0.0)
    list(done.lines())
    run = parse(done.content, "run")
    values = {one.subject: len(one.values) for one in run.series}
    assert values == {"good": 2, "wide": 2, "open": 2 + processes.MORE}
