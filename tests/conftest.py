"""After every test everything is as it was before."""

import gc
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from lab.records.trace import Trace
from tests.command_line import Told
from tests.traces import TRACE

ROOT = Path(__file__).parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: no worker has one left when the others are done."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def _descriptors() -> dict[int, str]:
    """What is open, by descriptor; pytest's own capture files change freely."""
    found = {}
    for name in os.listdir("/dev/fd"):
        try:
            found[int(name)] = os.readlink(f"/dev/fd/{name}")
        except OSError:  # the one that listed
            continue
    return found


def _children() -> set[psutil.Process]:
    """Ours, and theirs; listed only if there are any: that takes longer than a test."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return set()
    return set(psutil.Process().children(recursive=True))


def _settles(check: Callable[[], object], limit_s: float = 60) -> bool:
    """Whether check becomes false; ends are seen a moment after they happen."""
    end = time.monotonic() + limit_s
    while check():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Shells start background jobs with SIGINT ignored, and children inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """No thread, process, descriptor, handler or switch interval is left changed."""
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    interval_s = sys.getswitchinterval()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    threads, descriptors = set(threading.enumerate()), _descriptors()
    processes = _children()
    # Only what the test makes is looked through: all that is there would take longer
    # than most tests.
    gc.freeze()
    yield
    gc.collect()

    def new_threads() -> set[threading.Thread]:
        return set(threading.enumerate()) - threads

    def new_processes() -> set[psutil.Process]:
        return _children() - processes

    assert _settles(new_threads), f"threads left: {new_threads()}"
    assert _settles(new_processes), f"processes left: {new_processes()}"
    left = set(_descriptors()) - set(descriptors)
    assert not left, f"left open: { {fd: _descriptors()[fd] for fd in left} }"
    assert sys.getswitchinterval() == interval_s
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mask
    now = {number: signal.getsignal(number) for number in signal.valid_signals()}
    assert now == handlers


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project and what is compiled of it, without the user's results."""
    target = tmp_path / "gil-lab"
    patterns = shutil.ignore_patterns(
        ".venv*", "results", ".git", "__pycache__", ".*_cache", "asan"
    )
    shutil.copytree(ROOT, target, ignore=patterns)
    return target


@pytest.fixture(scope="session")
def drawing() -> None:
    """What draws pages opens descriptors and threads once, and keeps them: before any
    test looks. Skips where it is not installed."""
    pytest.importorskip("altair", reason="make .venv/.test installs what draws pages")
    pytest.importorskip("vl_convert", reason="as altair")
    from lab.records.results import load
    from lab.renderers import html
    from lab.verdicts.run import judged

    html.render([judged(load(ROOT / "tests/data/whole.json"), "whole")])


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Run a command within this process, where a fresh one would show nothing more."""
    from lab.cli import main

    def run(*arguments: object) -> Told:
        code = main([str(one) for one in arguments])
        return Told(code, *capsys.readouterr())

    return run


@pytest.fixture
def trace() -> Trace:
    """One of four seconds and two threads."""
    return TRACE
