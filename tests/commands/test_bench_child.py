"""One process that measures, watched: what it tells, and how it ends."""

import os
import signal
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from lab.commands import bench_child
from lab.commands.bench_child import BenchChild
from tests.waiting import until

# Such as a child's reporter tells (lab/system/reporting.py), without what it imports.
TELLS = """
import json, os, signal
told = os.environ["GIL_LAB_TOLD"].split()
def tell(event, id="", **more):
    more = {"event": event, "id": id, "name": id, "done": 0, "total": 2, **more}
    os.write(int(told[0]), json.dumps(more).encode() + b"\\n")
"""
BEGUN = """
tell("begin", content={"benchmarks": []})
tell("start", "a.py::one", experiment="e", subject="k held", kernel="k")
"""


def _followed(folder: Path, code: str, limit_s: float = 60.0) -> BenchChild:
    child = BenchChild(["-S", "-c", TELLS + code], folder, limit_s)
    with ExitStack() as stack:
        child.begin(stack, [], {"GIVEN": "yes"})
        shown = list(child.follow())
    assert [name for _, _, name in shown] == child.began
    return child


def test_what_it_tells_is_kept(tmp_path: Path) -> None:
    child = _followed(
        tmp_path,
        BEGUN
        + """
tell("sizes", sizes={"k Cython": 8})
tell("kept", benchmark={"name": "one"})
tell("note", text="a note")
tell("done", "a.py::one")
for _ in range(2):
    tell("skipped", "a.py::two", reason="why")
tell("failed", "a.py::three", experiment="e", reason="ValueError: x",
     place=os.getcwd() + "/a.py:3")
print("printed")
""",
    )
    assert child.content == {"benchmarks": [{"name": "one"}]}
    assert child.sizes == {"k Cython": 8}
    assert child.notes == ["a note"]
    assert child.skipped == {"why": ["a.py::two"]}
    (failure,) = child.failures
    assert (failure.subject, failure.reason) == ("a.py::three", "ValueError: x")
    assert failure.place == "at a.py:3"
    assert (child.code, child.cut, child.printed) == (0, False, "printed\n")


@pytest.mark.parametrize(
    ("end", "code", "reason"),
    [
        ("os._exit(3)", 3, "ended the whole process, with status 3"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", -11, "crashed (SIGSEGV)"),
        ("os.kill(os.getpid(), 40)", -40, "crashed (signal 40)"),
        ('os.write(int(told[0]), b\'{"event": "ke\'); os._exit(0)', 0, "ended the"),
    ],
)
def test_an_end_within_a_test_is_its_failure(
    tmp_path: Path, end: str, code: int, reason: str
) -> None:
    child = _followed(tmp_path, BEGUN + end)
    (failure,) = child.failures
    assert (failure.experiment, failure.subject) == ("e", "k held")
    assert failure.reason.startswith(reason)
    assert (child.code, child.cut, child.lost) == (code, True, "k held")


@pytest.mark.parametrize("done", ["", 'tell("done")\n'])
def test_what_it_has_started_goes_with_it(
    tmp_path: Path, done: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though that keeps the pipe open in which events are told."""
    monkeypatch.setattr(bench_child, "LOOK_S", 0.01)
    started = "child = os.fork()\nif not child:\n    signal.pause()\n"
    code = started + 'tell("note", text=str(child))\nos._exit(3)'
    child = _followed(tmp_path, BEGUN + done + code)
    (number,) = child.notes
    with suppress(psutil.NoSuchProcess):
        other = psutil.Process(int(number))
        until(lambda: other.status() == psutil.STATUS_ZOMBIE, "its end")


def test_a_call_that_does_not_return_is_told_by_its_place(tmp_path: Path) -> None:
    waits = """
import faulthandler
faulthandler.dump_traceback_later(0.05, file=int(told[1]), exit=True)
tell("call", function="pause")
signal.pause()
"""
    child = _followed(tmp_path, BEGUN + waits, limit_s=0.05)
    (failure,) = child.failures
    assert failure.reason == "no return within 0.05 s"
    assert failure.place.startswith("at <string>:")
    assert child.printed.startswith("Timeout")


def test_it_is_no_worker_of_a_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    names = 'tell("note", text=" ".join(sorted(os.environ)))'
    (told,) = _followed(tmp_path, names).notes
    assert "PYTEST_XDIST" not in told
    assert {"GIVEN", "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PATH"} <= set(told.split())


def test_leaving_ends_it(tmp_path: Path) -> None:
    child = BenchChild(["-S", "-c", TELLS + BEGUN + "signal.pause()"], tmp_path, 60.0)
    with ExitStack() as stack:
        child.begin(stack, [], {})
        next(child.follow())
        process = child._process
    assert process.poll() in (-signal.SIGINT, -signal.SIGKILL, 1)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
