"""The notice about a call that does not return."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab import kernels
from lab.instruments import watchdog

ROOT = Path(__file__).parents[2]


def test_who_is_patient_is_told_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """Nor is anything left: see tests/conftest.py."""
    with watchdog.watchdog() as progress:
        progress[0] = 1
        kernels.nanosleep_held(0.01)
        progress[0] = 2
    assert capfd.readouterr().err == ""


def test_it_is_told_once_that_patience_ends(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "PATIENCE_S", 0.05)
    with watchdog.watchdog() as progress:
        progress[0] = 1
        told = ""
        while told != watchdog.TEXT:
            told += capfd.readouterr().err
            kernels.nanosleep_released(0.01)
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_a_silent_socket() -> None:
    """The command says what it waits for and how to leave, and can be left."""
    setup = "import socket; s, t = socket.socketpair()"
    with subprocess.Popen(
        [sys.executable, "-m", "lab", "probe", "s.recv(10)", "--setup", setup],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stderr is not None
        told = child.stderr.readline() + child.stderr.readline()
        child.send_signal(signal.SIGINT)
        _, rest = child.communicate(timeout=60)
    assert told == watchdog.TEXT
    assert "Ctrl-C" in told
    assert max(map(len, told.splitlines())) <= 80
    assert rest == "gil-lab: interrupted\n"
    assert child.returncode == 130
