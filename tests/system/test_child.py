"""The end of a child: asked first, then not, with all that it has started."""

import signal
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest

from lab.system.child import end
from tests.waiting import until

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
# An interrupt is seen between two instructions: one that came just before a long sleep
# would wait for its end.
WILLING = """
import time
print(0, flush=True)
while True:
    time.sleep(0.01)
"""


def until_ended(process: psutil.Process) -> None:
    """Its new parent may take a while to notice."""
    with suppress(psutil.NoSuchProcess):
        until(lambda: process.status() == psutil.STATUS_ZOMBIE, "its end")


@pytest.mark.parametrize(
    ("code", "grace_s", "status"),
    [(STUBBORN, 0.2, -signal.SIGKILL), (STUBBORN, 0, -signal.SIGKILL)],
)
def test_who_does_not_end_is_killed_with_its_children(
    code: str, grace_s: float, status: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, process_group=0
    ) as child:
        assert child.stdout is not None
        grandchild = psutil.Process(int(child.stdout.readline()))
        end(child, grace_s)
        assert child.returncode == status
        until_ended(grandchild)
        end(child, grace_s)  # over already


def test_who_is_asked_may_end_by_itself() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WILLING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"0\n"
        end(child, 60)
        assert child.stderr is not None
        assert child.returncode == -signal.SIGINT, child.stderr.read()
